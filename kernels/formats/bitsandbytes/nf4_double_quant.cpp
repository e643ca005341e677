// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/formats/bitsandbytes/nf4_double_quant.hpp"

#include "kernels/formats/bitsandbytes/double_quant.hpp"
#include "kernels/formats/bitsandbytes/nf4.hpp"

namespace quantfleet::formats {
namespace {

struct Nf4DoubleQuantCode : Nf4Rule {
  static constexpr FormatInfo kInfo = {.name = "nf4_double_quant",
                                       .title = "4-bit NormalFloat, double quantized",
                                       .block = kNf4Block,
                                       .scales = "8-bit absmax, fp32 absmax2 per 256, fp32 offset",
                                       .source = "QLoRA (arXiv 2305.14314); bitsandbytes 95f9af30",
                                       .relative_error = 9.1e-2};
};

}  // namespace

const Format& Nf4DoubleQuant() {
  static const DoubleQuantFormat<Nf4DoubleQuantCode> format;
  return format;
}

}  // namespace quantfleet::formats
