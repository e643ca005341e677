// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/status.hpp"
#include "kernels/engine/messages.hpp"
#include "kernels/formats/host_device.hpp"

namespace quantfleet::attention {

// How the values of a cache are kept. A vector is the head_dimension values of one head of one
// token, of K or of V.
//   fp32, fp16  IEEE binary32 and binary16 (nearest, ties to even), little-endian.
//   fp8_e4m3    OCP 8-bit floating point E4M3, no scale (vLLM's default of 1.0), nearest, ties to
//               even; largest 448.
//   int8        scale = fp16(absmax / 127) of each vector, code = round(x / scale), nearest, ties
//   to
//               even, in [-127, 127]; one byte a code.
//   int4        scale = fp16(absmax / 7), code = round(x / scale) in [-7, 7]; stored as code + 8 in
//   4
//               bits, value 2i in the low and 2i + 1 in the high half of byte i.
// A decoded value is code * scale, exact in fp32: at most 7 + 11 bits. A vector of zeros has scale
// 0 and codes 0.
enum class KvCode { kFp32, kFp16, kFp8E4m3, kInt8, kInt4 };

struct KvFormat {
  // As ArmSpec.format names it.
  std::string_view name;
  KvCode code = KvCode::kFp32;
  // Bits of a value, without the scale.
  uint32_t bits = 32;
  // True if each vector has an fp16 scale.
  bool scaled = false;
  // Largest magnitude that can be kept.
  float largest = 0;
};

// Sorted by name.
std::span<const KvFormat> AllKvFormats();
// nullptr if there is none of that name.
const KvFormat* FindKvFormat(std::string_view name);

// Bytes of the codes of one vector.
uint64_t VectorBytes(const KvFormat& format, uint32_t head_dimension);

// Where things lie in a packed cache: the codes of K [batch, key_value_heads, context], those of V,
// the scales of K and those of V in the same order, 2 bytes each, none for unscaled formats.
struct KvLayout {
  uint64_t vector_bytes = 0;
  uint64_t values = 0;        // offset of V's codes
  uint64_t key_scales = 0;    // offset of K's scales
  uint64_t value_scales = 0;  // offset of V's scales
  uint64_t bytes = 0;         // of the whole cache
};
KvLayout LayoutOf(const KvFormat& format, const engine::AttentionShape& shape);

// kUnimplemented if the format cannot hold vectors of that length (int4: odd ones).
Status CheckKvShape(const KvFormat& format, const engine::AttentionShape& shape);

// Packs K and V, each [batch, key_value_heads, context, head_dimension]. kInvalidArgument for a
// value that is not finite or larger than the format's largest (for a scaled format: than its
// largest code times the largest fp16).
Result<std::vector<std::byte>> EncodeKvCache(const KvFormat& format,
                                             const engine::AttentionShape& shape,
                                             std::span<const float> keys,
                                             std::span<const float> values);
// The reverse of one half: codes at `codes`, scales at `scales` (ignored if unscaled), `vectors`
// vectors into `to`.
void DecodeKvVectors(const KvFormat& format, const std::byte* codes, const std::byte* scales,
                     uint64_t vectors, uint32_t head_dimension, float* to);

// Code of value `index` (0 or 1) in a byte of int4.
QF_HOST_DEVICE inline int32_t DecodeInt4(uint32_t byte, uint32_t index) {
  return static_cast<int32_t>(byte >> (4 * index) & 15U) - 8;
}

}  // namespace quantfleet::attention
