// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/formats/bitsandbytes/fp4.hpp"

#include "kernels/formats/bitsandbytes/four_bit.hpp"

namespace quantfleet::formats {
namespace {

struct Fp4Code : Fp4Rule {
  static constexpr FormatInfo kInfo = {
      .name = "fp4",
      .title = "4-bit floating point of bitsandbytes",
      .block = kFp4Block,
      .scales = "fp32 absmax",
      .source = "bitsandbytes 95f9af30, functional.py (get_4bit_type)",
      .relative_error = 1.19e-1};
};

}  // namespace

const Format& Fp4() {
  static const FourBitFormat<Fp4Code> format;
  return format;
}

}  // namespace quantfleet::formats
