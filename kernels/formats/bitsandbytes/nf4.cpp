// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/formats/bitsandbytes/nf4.hpp"

#include "kernels/formats/bitsandbytes/four_bit.hpp"

namespace quantfleet::formats {
namespace {

struct Nf4Code : Nf4Rule {
  static constexpr FormatInfo kInfo = {
      .name = "nf4",
      .title = "4-bit NormalFloat",
      .block = kNf4Block,
      .scales = "fp32 absmax",
      .source = "QLoRA (arXiv 2305.14314); bitsandbytes 95f9af30, csrc/cpu_ops.cpp",
      .relative_error = 9.1e-2};
};

}  // namespace

const Format& Nf4() {
  static const FourBitFormat<Nf4Code> format;
  return format;
}

}  // namespace quantfleet::formats
