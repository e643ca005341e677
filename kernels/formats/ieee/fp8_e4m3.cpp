// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/formats/ieee/fp8_e4m3.hpp"

#include "kernels/formats/ieee/fp8_rows.hpp"

namespace quantfleet::formats {
namespace {

struct Fp8E4m3Codec {
  static constexpr FormatInfo kInfo = {.name = "fp8_e4m3",
                                       .title = "FP8 E4M3 per output channel",
                                       .block = 0,
                                       .scales = "fp32 scale",
                                       .source = "OCP 8-bit Floating Point Specification 1.0",
                                       .relative_error = 2.6e-2};
  static constexpr float kLargest = kFp8E4m3Largest;
  static uint8_t Encode(float value) { return EncodeFp8E4m3(value); }
  static float Decode(uint8_t code) { return DecodeFp8E4m3(code); }
};

}  // namespace

const Format& Fp8E4m3() {
  static const Fp8Rows<Fp8E4m3Codec> format;
  return format;
}

}  // namespace quantfleet::formats
