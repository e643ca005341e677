// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/ops/attention/kv_cache.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <string>

#include "kernels/formats/ieee/fp16.hpp"
#include "kernels/formats/ieee/fp8_e4m3.hpp"
#include "kernels/ops/attention/shape.hpp"

namespace quantfleet::attention {
namespace {

constexpr float kLargestFp16 = 65504.0F;

float LevelsOf(KvCode code) {
  return code == KvCode::kInt8 ? 127.0F : 7.0F;
}

uint16_t LoadWord(const std::byte* from) {
  uint16_t word = 0;
  std::memcpy(&word, from, sizeof(word));
  return word;
}

// Codes of a scaled format; returns the bits of the scale.
uint16_t EncodeScaled(KvCode code, std::span<const float> from, std::byte* to) {
  const float levels = LevelsOf(code);
  float absmax = 0;
  for (const float value : from) absmax = std::max(absmax, std::abs(value));
  const uint16_t bits = formats::EncodeFp16(absmax / levels);
  const float scale = formats::DecodeFp16(bits);
  const auto code_of = [&](float value) {
    // A scale that fp16 rounds to 0 keeps nothing.
    return scale > 0 ? std::clamp(std::nearbyint(value / scale), -levels, levels) : 0.0F;
  };
  if (code == KvCode::kInt8) {
    for (size_t i = 0; i < from.size(); ++i) {
      to[i] = static_cast<std::byte>(static_cast<int8_t>(code_of(from[i])));
    }
    return bits;
  }
  for (size_t i = 0; i < from.size(); i += 2) {
    const auto low = static_cast<uint32_t>(static_cast<int32_t>(code_of(from[i])) + 8);
    const auto high = static_cast<uint32_t>(static_cast<int32_t>(code_of(from[i + 1])) + 8);
    to[i / 2] = static_cast<std::byte>(low | high << 4);
  }
  return bits;
}

void EncodeUnscaled(KvCode code, std::span<const float> from, std::byte* to) {
  for (size_t i = 0; i < from.size(); ++i) {
    if (code == KvCode::kFp32) {
      std::memcpy(to + i * sizeof(float), &from[i], sizeof(float));
    } else if (code == KvCode::kFp16) {
      const uint16_t bits = formats::EncodeFp16(from[i]);
      std::memcpy(to + i * sizeof(bits), &bits, sizeof(bits));
    } else {
      to[i] = static_cast<std::byte>(formats::EncodeFp8E4m3(from[i]));
    }
  }
}

void DecodeVector(KvCode code, const std::byte* from, float scale, std::span<float> to) {
  for (size_t i = 0; i < to.size(); ++i) {
    switch (code) {
      case KvCode::kFp32:
        std::memcpy(&to[i], from + i * sizeof(float), sizeof(float));
        break;
      case KvCode::kFp16:
        to[i] = formats::DecodeFp16(LoadWord(from + i * sizeof(uint16_t)));
        break;
      case KvCode::kFp8E4m3:
        to[i] = formats::DecodeFp8E4m3(static_cast<uint8_t>(from[i]));
        break;
      case KvCode::kInt8:
        to[i] = static_cast<float>(static_cast<int8_t>(from[i])) * scale;
        break;
      case KvCode::kInt4:
        to[i] = static_cast<float>(DecodeInt4(static_cast<uint32_t>(from[i / 2]), i % 2)) * scale;
        break;
    }
  }
}

// One half of the cache, K or V.
Status EncodeHalf(const KvFormat& format, const engine::AttentionShape& shape,
                  std::span<const float> from, std::byte* codes, std::byte* scales) {
  const KvLayout layout = LayoutOf(format, shape);
  const size_t dimension = shape.head_dimension;
  for (size_t i = 0; i < from.size(); ++i) {
    // Written so that NaN is refused.
    if (std::abs(from[i]) <= format.largest) continue;
    return InvalidArgument(std::string(format.name) + " cannot keep value " + std::to_string(i) +
                           " of the cache: it is not finite or too large");
  }
  for (size_t vector = 0; vector * dimension < from.size(); ++vector) {
    const std::span<const float> values = from.subspan(vector * dimension, dimension);
    std::byte* const to = codes + vector * layout.vector_bytes;
    if (!format.scaled) {
      EncodeUnscaled(format.code, values, to);
      continue;
    }
    const uint16_t scale = EncodeScaled(format.code, values, to);
    std::memcpy(scales + vector * sizeof(scale), &scale, sizeof(scale));
  }
  return OkStatus();
}

}  // namespace

std::span<const KvFormat> AllKvFormats() {
  static constexpr std::array kFormats = {
      KvFormat{"fp16", KvCode::kFp16, 16, false, kLargestFp16},
      KvFormat{"fp32", KvCode::kFp32, 32, false, 3.4028235e38F},
      KvFormat{"fp8_e4m3", KvCode::kFp8E4m3, 8, false, 448.0F},
      KvFormat{"int4", KvCode::kInt4, 4, true, 7.0F * kLargestFp16},
      KvFormat{"int8", KvCode::kInt8, 8, true, 127.0F * kLargestFp16},
  };
  return kFormats;
}

const KvFormat* FindKvFormat(std::string_view name) {
  for (const KvFormat& format : AllKvFormats()) {
    if (format.name == name) return &format;
  }
  return nullptr;
}

uint64_t VectorBytes(const KvFormat& format, uint32_t head_dimension) {
  return uint64_t{head_dimension} * format.bits / 8;
}

KvLayout LayoutOf(const KvFormat& format, const engine::AttentionShape& shape) {
  const uint64_t vectors = CacheVectors(shape);
  const uint64_t scale_bytes = format.scaled ? vectors * sizeof(uint16_t) : 0;
  KvLayout layout;
  layout.vector_bytes = VectorBytes(format, shape.head_dimension);
  layout.values = vectors * layout.vector_bytes;
  layout.key_scales = 2 * layout.values;
  layout.value_scales = layout.key_scales + scale_bytes;
  layout.bytes = layout.value_scales + scale_bytes;
  return layout;
}

Status CheckKvShape(const KvFormat& format, const engine::AttentionShape& shape) {
  if (format.bits >= 8 || shape.head_dimension % 2 == 0) return OkStatus();
  return Unimplemented("int4 keeps pairs of values: head_dimension " +
                       std::to_string(shape.head_dimension) + " is odd");
}

Result<std::vector<std::byte>> EncodeKvCache(const KvFormat& format,
                                             const engine::AttentionShape& shape,
                                             std::span<const float> keys,
                                             std::span<const float> values) {
  QF_RETURN_IF_ERROR(CheckKvShape(format, shape));
  QF_CHECK(keys.size() == CacheVectors(shape) * shape.head_dimension);
  QF_CHECK(values.size() == keys.size());
  const KvLayout layout = LayoutOf(format, shape);
  std::vector<std::byte> packed(layout.bytes);
  std::byte* const at = packed.data();
  QF_RETURN_IF_ERROR(EncodeHalf(format, shape, keys, at, at + layout.key_scales));
  QF_RETURN_IF_ERROR(
      EncodeHalf(format, shape, values, at + layout.values, at + layout.value_scales));
  return packed;
}

void DecodeKvVectors(const KvFormat& format, const std::byte* codes, const std::byte* scales,
                     uint64_t vectors, uint32_t head_dimension, float* to) {
  const uint64_t bytes = VectorBytes(format, head_dimension);
  for (uint64_t vector = 0; vector < vectors; ++vector) {
    const float scale =
        format.scaled ? formats::DecodeFp16(LoadWord(scales + vector * sizeof(uint16_t))) : 1.0F;
    DecodeVector(format.code, codes + vector * bytes, scale,
                 {to + vector * head_dimension, head_dimension});
  }
}

}  // namespace quantfleet::attention
