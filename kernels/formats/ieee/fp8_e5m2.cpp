// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/formats/ieee/fp8_e5m2.hpp"

#include "kernels/formats/ieee/fp8_rows.hpp"

namespace quantfleet::formats {
namespace {

struct Fp8E5m2Codec {
  static constexpr FormatInfo kInfo = {.name = "fp8_e5m2",
                                       .title = "FP8 E5M2 per output channel",
                                       .block = 0,
                                       .scales = "fp32 scale",
                                       .source = "OCP 8-bit Floating Point Specification 1.0",
                                       .relative_error = 5.2e-2};
  static constexpr float kLargest = kFp8E5m2Largest;
  static uint8_t Encode(float value) { return EncodeFp8E5m2(value); }
  static float Decode(uint8_t code) { return DecodeFp8E5m2(code); }
};

}  // namespace

const Format& Fp8E5m2() {
  static const Fp8Rows<Fp8E5m2Codec> format;
  return format;
}

}  // namespace quantfleet::formats
