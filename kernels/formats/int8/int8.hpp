// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/formats/format.hpp"
#include "kernels/formats/host_device.hpp"

namespace quantfleet::formats {

// int8 with one scale a row (output channel): q = round to nearest even of x * (127 / absmax),
// scale = absmax / 127, both in fp32. Packed: rows * columns int8, then rows fp32 scales, which
// are not aligned when rows * columns is no multiple of 4. A row of zeros has scale 0.
// Encode refuses the few largest floats, which would be decoded to infinity.
// Codes as in bitsandbytes' row-wise int8 (int8_vectorwise_quant in backends/default/ops.py of
// bitsandbytes-foundation/bitsandbytes 95f9af30).
const Format& Int8();

// Quantizes one row of finite values into as many codes. Returns its absmax.
float EncodeInt8Row(std::span<const float> row, std::byte* codes);

// Value of a code. One rounding.
QF_HOST_DEVICE inline float DecodeInt8(int8_t code, float scale) {
  return static_cast<float>(code) * scale;
}

}  // namespace quantfleet::formats
