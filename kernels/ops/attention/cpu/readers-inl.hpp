// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
//
// How the vector code takes the codes of a cache apart, compiled once for each instruction set: a
// file of Highway code includes this after hwy/foreach_target.h and hwy/highway.h.

// The guard that Highway's headers of this kind have: it opens again for each target.
#if defined(QUANTFLEET_KERNELS_OPS_ATTENTION_CPU_READERS_INL_HPP_) == defined(HWY_TARGET_TOGGLE)
#ifdef QUANTFLEET_KERNELS_OPS_ATTENTION_CPU_READERS_INL_HPP_
#undef QUANTFLEET_KERNELS_OPS_ATTENTION_CPU_READERS_INL_HPP_
#else
#define QUANTFLEET_KERNELS_OPS_ATTENTION_CPU_READERS_INL_HPP_
#endif

#include <cstddef>
#include <cstdint>

#include <hwy/contrib/math/math-inl.h>
#include <hwy/highway.h>

#include "kernels/ops/attention/cpu/simd.hpp"

HWY_BEFORE_NAMESPACE();
namespace quantfleet::attention::cpu {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;
constexpr size_t kLanes = hn::MaxLanes(D());
// Values decoded at once, and the vectors they fill.
constexpr size_t kUnit = kDimensionUnit;
constexpr size_t kParts = kUnit / kLanes;
constexpr bool kManyRegisters = kLanes >= 16;

// Readers decode the unit at `from`, kUnit values without the scale. Factor() is what every value
// is to be multiplied with besides, kBits the bits of a value.
struct Fp32Reader {
  static constexpr size_t kBits = 32;
  static constexpr float kFactor = 1.0F;
  static HWY_INLINE void Unit(const std::byte* from, V (&to)[kParts]) {
    const auto* floats = reinterpret_cast<const float*>(from);
    for (size_t p = 0; p < kParts; ++p) to[p] = hn::LoadU(D(), floats + p * kLanes);
  }
};

struct Fp16Reader {
  static constexpr size_t kBits = 16;
  static constexpr float kFactor = 1.0F;
  static HWY_INLINE void Unit(const std::byte* from, V (&to)[kParts]) {
    const hn::Rebind<uint16_t, D> words;
    const hn::Rebind<hwy::float16_t, D> halves;
    const auto* bits = reinterpret_cast<const uint16_t*>(from);
    for (size_t p = 0; p < kParts; ++p) {
      to[p] = hn::PromoteTo(D(), hn::BitCast(halves, hn::LoadU(words, bits + p * kLanes)));
    }
  }
};

// Its 4 exponent and 3 mantissa bits, put where fp16 has its lower 4 and upper 3, are the same
// value divided by 2^8, subnormals included: the biases are 7 and 15.
struct Fp8Reader {
  static constexpr size_t kBits = 8;
  static constexpr float kFactor = 256.0F;
  static HWY_INLINE void Unit(const std::byte* from, V (&to)[kParts]) {
    const hn::Rebind<int8_t, D> bytes;
    const hn::Rebind<int16_t, D> words;
    const hn::Rebind<hwy::float16_t, D> halves;
    const auto* codes = reinterpret_cast<const int8_t*>(from);
    // The sign, extended into both upper bits, stays in the highest only.
    const auto without_copy = hn::Set(words, static_cast<int16_t>(0xBFFF));
    for (size_t p = 0; p < kParts; ++p) {
      const auto wide = hn::PromoteTo(words, hn::LoadU(bytes, codes + p * kLanes));
      const auto placed = hn::And(hn::ShiftLeft<7>(wide), without_copy);
      to[p] = hn::PromoteTo(D(), hn::BitCast(halves, placed));
    }
  }
};

struct Int8Reader {
  static constexpr size_t kBits = 8;
  static constexpr float kFactor = 1.0F;
  static HWY_INLINE void Unit(const std::byte* from, V (&to)[kParts]) {
    const hn::Rebind<int8_t, D> bytes;
    const hn::RebindToSigned<D> words;
    const auto* codes = reinterpret_cast<const int8_t*>(from);
    for (size_t p = 0; p < kParts; ++p) {
      to[p] = hn::ConvertTo(D(), hn::PromoteTo(words, hn::LoadU(bytes, codes + p * kLanes)));
    }
  }
};

struct Int4Reader {
  static constexpr size_t kBits = 4;
  static constexpr float kFactor = 1.0F;
#if HWY_TARGET == HWY_SCALAR
  static HWY_INLINE void Unit(const std::byte* from, V (&to)[kParts]) {
    for (uint32_t i = 0; i < kUnit; ++i) {
      to[i] =
          hn::Set(D(), static_cast<float>(DecodeInt4(static_cast<uint32_t>(from[i / 2]), i % 2)));
    }
  }
#else
  static HWY_INLINE void Unit(const std::byte* from, V (&to)[kParts]) {
    const hn::Simd<uint8_t, kUnit, 0> bytes;
    const hn::Simd<uint8_t, kUnit / 2, 0> half;
    const hn::Simd<int8_t, kUnit, 0> codes;
    const auto pairs =
        hn::ZeroExtendVector(bytes, hn::LoadU(half, reinterpret_cast<const uint8_t*>(from)));
    const auto low = hn::And(pairs, hn::Set(bytes, uint8_t{15}));
    const auto high = hn::ShiftRight<4>(pairs);
    Widen(D(),
          hn::Sub(hn::BitCast(codes, hn::InterleaveLower(bytes, low, high)),
                  hn::Set(codes, int8_t{8})),
          to);
  }

 private:
  // A template, so that only the branch of the vectors' length is compiled.
  template <class Tag, class Codes>
  static HWY_INLINE void Widen(Tag tag, Codes all, hn::Vec<Tag> (&to)[kParts]) {
    const hn::RebindToSigned<Tag> words;
    if constexpr (hn::MaxLanes(Tag()) == kUnit) {
      to[0] = hn::ConvertTo(tag, hn::PromoteTo(words, all));
    } else {
      HWY_ALIGN int8_t stored[kUnit];
      hn::Store(all, hn::Simd<int8_t, kUnit, 0>(), stored);
      const hn::Rebind<int8_t, Tag> part;
      for (size_t p = 0; p < kParts; ++p) {
        to[p] = hn::ConvertTo(tag, hn::PromoteTo(words, hn::LoadU(part, stored + p * kLanes)));
      }
    }
  }
#endif
};

template <class Use>
HWY_INLINE void WithReader(KvCode code, const Use& use) {
  switch (code) {
    case KvCode::kFp32:
      return use(Fp32Reader());
    case KvCode::kFp16:
      return use(Fp16Reader());
    case KvCode::kFp8E4m3:
      return use(Fp8Reader());
    case KvCode::kInt8:
      return use(Int8Reader());
    case KvCode::kInt4:
      return use(Int4Reader());
  }
}

template <class Reader>
HWY_INLINE constexpr size_t BytesOf(size_t values) {
  return values * Reader::kBits / 8;
}

}  // namespace HWY_NAMESPACE
}  // namespace quantfleet::attention::cpu
HWY_AFTER_NAMESPACE();

#endif
