// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/formats/bitsandbytes/fp4_double_quant.hpp"

#include "kernels/formats/bitsandbytes/double_quant.hpp"

namespace quantfleet::formats {
namespace {

struct Fp4DoubleQuantCode : Fp4Rule {
  static constexpr FormatInfo kInfo = {
      .name = "fp4_double_quant",
      .title = "4-bit floating point of bitsandbytes, double quantized",
      .block = kFp4Block,
      .scales = "8-bit absmax, fp32 absmax2 per 256, fp32 offset",
      .source = "bitsandbytes 95f9af30, functional.py",
      .relative_error = 1.19e-1};
  static float Decode(uint32_t code, float absmax) { return DecodeFp4Signed(code, absmax); }
};

}  // namespace

const Format& Fp4DoubleQuant() {
  static const DoubleQuantFormat<Fp4DoubleQuantCode> format;
  return format;
}

}  // namespace quantfleet::formats
