// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
//
// How the vector code takes weights apart, compiled once for each instruction set: a file of
// Highway code includes this after hwy/foreach_target.h and hwy/highway.h.

// The guard that Highway's headers of this kind have: it opens again for each target.
#if defined(QUANTFLEET_KERNELS_OPS_LINEAR_CPU_READERS_INL_HPP_) == defined(HWY_TARGET_TOGGLE)
#ifdef QUANTFLEET_KERNELS_OPS_LINEAR_CPU_READERS_INL_HPP_
#undef QUANTFLEET_KERNELS_OPS_LINEAR_CPU_READERS_INL_HPP_
#else
#define QUANTFLEET_KERNELS_OPS_LINEAR_CPU_READERS_INL_HPP_
#endif

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include <hwy/cache_control.h>
#include <hwy/highway.h>

#include "kernels/formats/bitsandbytes/double_quant.hpp"
#include "kernels/formats/bitsandbytes/dynamic_map.hpp"
#include "kernels/formats/bitsandbytes/fp4.hpp"
#include "kernels/formats/bitsandbytes/fp4_double_quant.hpp"
#include "kernels/formats/bitsandbytes/nf4.hpp"
#include "kernels/formats/ieee/bf16.hpp"
#include "kernels/formats/ieee/fp16.hpp"
#include "kernels/formats/ieee/fp8_e4m3.hpp"
#include "kernels/formats/ieee/fp8_e5m2.hpp"
#include "kernels/ops/linear/cpu/simd.hpp"

HWY_BEFORE_NAMESPACE();
namespace quantfleet::linear::cpu {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using D = hn::ScalableTag<float>;
using V = hn::Vec<D>;
constexpr size_t kLanes = hn::MaxLanes(D());
// Weights decoded at once: one block of nf4, so that its scale is applied once.
constexpr size_t kUnit = 64;
constexpr size_t kVectors = kUnit / kLanes;
constexpr bool kManyRegisters = kLanes >= 16;

HWY_INLINE float LoadFloat(const std::byte* from) {
  float value = 0;
  std::memcpy(&value, from, sizeof(value));
  return value;
}

// Readers: At() is a cursor on the 64 weights from column i of a row, whose Pair(j) decodes the
// j-th pair of vectors; One() decodes a single weight of the tail; Scale() is what the row's sum is
// multiplied with.
struct Fp32Reader {
  struct Unit {
    const float* from;
    HWY_INLINE void Pair(size_t j, V& first, V& second) const {
      first = hn::LoadU(D(), from + 2 * j * kLanes);
      second = hn::LoadU(D(), from + (2 * j + 1) * kLanes);
    }
  };
  static constexpr size_t kBits = 32;
  const float* base;
  uint64_t k;
  HWY_INLINE Unit At(uint64_t row, uint64_t i) const { return {base + row * k + i}; }
  float One(uint64_t row, uint64_t i) const { return base[row * k + i]; }
  float Scale(uint64_t) const { return 1.0F; }
};

// What 16 bits stand for.
struct Bf16Codec {
  static HWY_INLINE V Vector(const uint16_t* from) {
    const hn::Rebind<uint16_t, D> half;
    const hn::RebindToUnsigned<D> words;
    return hn::BitCast(D(), hn::ShiftLeft<16>(hn::PromoteTo(words, hn::LoadU(half, from))));
  }
  static float One(uint16_t bits) { return formats::DecodeBf16(bits); }
};

struct Fp16Codec {
  static HWY_INLINE V Vector(const uint16_t* from) {
    const hn::Rebind<uint16_t, D> half;
    const hn::Rebind<hwy::float16_t, D> half_floats;
    return hn::PromoteTo(D(), hn::BitCast(half_floats, hn::LoadU(half, from)));
  }
  static float One(uint16_t bits) { return formats::DecodeFp16(bits); }
};

template <class Codec>
struct HalfReader {
  struct Unit {
    const uint16_t* from;
    HWY_INLINE void Pair(size_t j, V& first, V& second) const {
      first = Codec::Vector(from + 2 * j * kLanes);
      second = Codec::Vector(from + (2 * j + 1) * kLanes);
    }
  };
  static constexpr size_t kBits = 16;
  const std::byte* base;
  uint64_t k;
  HWY_INLINE Unit At(uint64_t row, uint64_t i) const {
    return {reinterpret_cast<const uint16_t*>(base) + row * k + i};
  }
  float One(uint64_t row, uint64_t i) const {
    uint16_t bits = 0;
    std::memcpy(&bits, base + (row * k + i) * sizeof(bits), sizeof(bits));
    return Codec::One(bits);
  }
  float Scale(uint64_t) const { return 1.0F; }
};

// What a byte stands for, before its row's scale.
struct Int8Codec {
  static HWY_INLINE V Vector(const uint8_t* from) {
    const hn::Rebind<int8_t, D> bytes;
    const hn::RebindToSigned<D> words;
    return hn::ConvertTo(
        D(), hn::PromoteTo(words, hn::LoadU(bytes, reinterpret_cast<const int8_t*>(from))));
  }
  static float One(uint8_t code) { return static_cast<float>(static_cast<int8_t>(code)); }
};

struct Fp8E4m3Codec {
  static HWY_INLINE V Vector(const uint8_t* from) {
    const hn::Rebind<uint8_t, D> bytes;
    const hn::RebindToUnsigned<D> words;
    const auto code = hn::PromoteTo(words, hn::LoadU(bytes, from));
    const auto magnitude = hn::And(code, hn::Set(words, 0x7F));
    // The fields fall into place but for the bias; subnormals become subnormals, and exact.
    const V value = hn::Mul(hn::BitCast(D(), hn::ShiftLeft<20>(magnitude)), hn::Set(D(), 0x1p120F));
    const auto is_nan = hn::Eq(magnitude, hn::Set(words, 0x7F));
    const V finite = hn::IfThenElse(hn::RebindMask(D(), is_nan), hn::NaN(D()), value);
    const auto sign = hn::ShiftLeft<24>(hn::And(code, hn::Set(words, 0x80)));
    return hn::Or(finite, hn::BitCast(D(), sign));
  }
  static float One(uint8_t code) { return formats::DecodeFp8E4m3(code); }
};

struct Fp8E5m2Codec {
  static HWY_INLINE V Vector(const uint8_t* from) {
    const hn::Rebind<uint8_t, D> bytes;
    const hn::Rebind<uint16_t, D> halves;
    const hn::Rebind<hwy::float16_t, D> half_floats;
    // The upper byte of binary16.
    const auto wide = hn::ShiftLeft<8>(hn::PromoteTo(halves, hn::LoadU(bytes, from)));
    return hn::PromoteTo(D(), hn::BitCast(half_floats, wide));
  }
  static float One(uint8_t code) { return formats::DecodeFp8E5m2(code); }
};

// Bytes, then an fp32 scale for each row.
template <class Codec>
struct ByteReader {
  struct Unit {
    const uint8_t* from;
    HWY_INLINE void Pair(size_t j, V& first, V& second) const {
      first = Codec::Vector(from + 2 * j * kLanes);
      second = Codec::Vector(from + (2 * j + 1) * kLanes);
    }
  };
  static constexpr size_t kBits = 8;
  const std::byte* base;
  uint64_t n;
  uint64_t k;
  HWY_INLINE Unit At(uint64_t row, uint64_t i) const {
    return {reinterpret_cast<const uint8_t*>(base) + row * k + i};
  }
  float One(uint64_t row, uint64_t i) const {
    return Codec::One(static_cast<uint8_t>(base[row * k + i]));
  }
  // Once for the row's sum instead of once a weight.
  float Scale(uint64_t row) const { return LoadFloat(base + n * k + row * sizeof(float)); }
};

// The 16 values times a block's absmax, and their look-up by the low 4 bits of each lane.
template <const float (&kValues)[16]>
class FourBitTable {
 public:
  HWY_INLINE explicit FourBitTable(float absmax) {
    const V scale = hn::Set(D(), absmax);
    for (size_t j = 0; j < kParts; ++j) {
      parts_[j] = hn::Mul(scale, hn::LoadU(D(), kValues + j * kLanes));
    }
  }
  template <class Codes>
  HWY_INLINE V Lookup(Codes codes) const {
    const hn::RebindToSigned<D> words;
    const auto index = hn::BitCast(words, codes);
    const auto low = hn::Set(words, static_cast<int32_t>(std::min<size_t>(kLanes, 16) - 1));
    if constexpr (kLanes == 16) {
      // The permutation looks at no other bits; only Highway's debug check minds them.
      const auto checked = HWY_IS_DEBUG_BUILD ? hn::And(index, low) : index;
      return hn::TableLookupLanes(parts_[0], hn::IndicesFromVec(D(), checked));
    } else {
      const auto lane = hn::IndicesFromVec(D(), hn::And(index, low));
      const auto part = hn::And(index, hn::Set(words, static_cast<int32_t>(16 - kLanes)));
      V found = hn::TableLookupLanes(parts_[0], lane);
      for (size_t j = 1; j < kParts; ++j) {
        const auto wanted = hn::Set(words, static_cast<int32_t>(j * kLanes));
        found = hn::IfThenElse(hn::RebindMask(D(), hn::Eq(part, wanted)),
                               hn::TableLookupLanes(parts_[j], lane), found);
      }
      return found;
    }
  }

 private:
  static constexpr size_t kParts = kLanes >= 16 ? 1 : 16 / kLanes;
  V parts_[kParts];
};

// The absmax of blocks of 64 that follow the nibbles as fp32.
struct PlainAbsmax {
  PlainAbsmax(const std::byte* base, uint64_t weights) : from(base + weights / 2) {}
  HWY_INLINE float Of(uint64_t block) const { return LoadFloat(from + block * sizeof(float)); }
  const std::byte* from;
};

// Those that are quantized themselves: double_quant.hpp.
struct QuantizedAbsmax {
  QuantizedAbsmax(const std::byte* base, uint64_t weights)
      : QuantizedAbsmax(base, formats::DoubleQuantLayout(weights)) {}
  QuantizedAbsmax(const std::byte* base, const formats::DoubleQuantLayout& layout)
      : map(formats::DynamicMap().data()),
        codes(reinterpret_cast<const uint8_t*>(base) + layout.absmax8),
        scales(base + layout.absmax2),
        offset(LoadFloat(base + layout.offset)) {}
  HWY_INLINE float Of(uint64_t block) const {
    const float scale = LoadFloat(scales + block / formats::kAbsmaxBlock * sizeof(float));
    // Two roundings, as the format says.
    const float product = map[codes[block]] * scale;
    return product + offset;
  }
  const float* map;
  const uint8_t* codes;
  const std::byte* scales;
  float offset;
};

// nf4 and fp4: nibbles, then the absmax of each block of 64.
template <const float (&kValues)[16], class Absmax>
struct FourBitReader {
  struct Unit {
    const uint8_t* from;
    FourBitTable<kValues> table;
    // Even elements of 2 * kLanes, then the odd ones: the order of ArrangeActivations.
    HWY_INLINE void Pair(size_t j, V& first, V& second) const {
      const hn::Rebind<uint8_t, D> bytes;
      const hn::RebindToUnsigned<D> words;
      const auto pairs = hn::PromoteTo(words, hn::LoadU(bytes, from + j * kLanes));
      first = table.Lookup(hn::ShiftRight<4>(pairs));
      second = table.Lookup(pairs);
    }
  };
  static constexpr size_t kBits = 4;
  FourBitReader(const std::byte* packed, uint64_t n, uint64_t columns)
      : base(packed), k(columns), absmax(packed, n * columns) {}
  const std::byte* base;
  uint64_t k;
  Absmax absmax;
  HWY_INLINE Unit At(uint64_t row, uint64_t i) const {
    const uint64_t at = row * k + i;
    return {reinterpret_cast<const uint8_t*>(base) + at / 2,
            FourBitTable<kValues>(absmax.Of(at / kUnit))};
  }
  float One(uint64_t, uint64_t) const { return 0.0F; }  // Rows are whole blocks.
  float Scale(uint64_t) const { return 1.0F; }
};

template <class Absmax>
using Nf4Reader = FourBitReader<formats::kNf4Values, Absmax>;
using Fp4Reader = FourBitReader<formats::kFp4Values, PlainAbsmax>;
using Fp4SignedReader = FourBitReader<formats::kFp4SignedValues, QuantizedAbsmax>;

// Calls `use` with the reader of the matrix.
template <class Use>
HWY_INLINE void WithReader(const PackedMatrix& m, const Use& use) {
  switch (m.code) {
    case WeightCode::kFp32:
      return use(Fp32Reader{reinterpret_cast<const float*>(m.packed), m.k});
    case WeightCode::kFp16:
      return use(HalfReader<Fp16Codec>{m.packed, m.k});
    case WeightCode::kBf16:
      return use(HalfReader<Bf16Codec>{m.packed, m.k});
    case WeightCode::kInt8:
      return use(ByteReader<Int8Codec>{m.packed, m.n, m.k});
    case WeightCode::kFp8E4m3:
      return use(ByteReader<Fp8E4m3Codec>{m.packed, m.n, m.k});
    case WeightCode::kFp8E5m2:
      return use(ByteReader<Fp8E5m2Codec>{m.packed, m.n, m.k});
    case WeightCode::kNf4:
      return use(Nf4Reader<PlainAbsmax>(m.packed, m.n, m.k));
    case WeightCode::kNf4DoubleQuant:
      return use(Nf4Reader<QuantizedAbsmax>(m.packed, m.n, m.k));
    case WeightCode::kFp4:
      return use(Fp4Reader(m.packed, m.n, m.k));
    case WeightCode::kFp4DoubleQuant:
      return use(Fp4SignedReader(m.packed, m.n, m.k));
  }
}

// Asks for R units of weights from flat position `at`, in memory order.
template <size_t R, class Reader>
HWY_INLINE void PrefetchUnits(const Reader& reader, uint64_t at) {
  const auto* from = reinterpret_cast<const std::byte*>(reader.base) + at * Reader::kBits / 8;
  for (size_t line = 0; line < R * kUnit * Reader::kBits / 8; line += 64) {
    hwy::Prefetch(from + line);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace quantfleet::linear::cpu
HWY_AFTER_NAMESPACE();

#endif
