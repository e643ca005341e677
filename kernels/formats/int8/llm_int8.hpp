// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "kernels/formats/format.hpp"
#include "kernels/formats/host_device.hpp"

namespace quantfleet::formats {

// Weights of LLM.int8(): the codes of int8, but absmax itself is stored for each row (output
// channel). Packed: rows * columns int8, then rows fp32 absmax. Encode refuses rows whose absmax
// times 127 is not finite, because decoding forms that product first. The activations' side,
// outliers included, is in activations.hpp.
// LLM.int8() (https://arxiv.org/abs/2208.07339); int8_vectorwise_quant and int8_vectorwise_dequant
// of bitsandbytes-foundation/bitsandbytes 95f9af30.
const Format& LlmInt8();

// 1 / 127 as bitsandbytes rounds it.
inline constexpr float kLlmInt8Step = 0.007874015718698502F;

// Value of a code, in the order that bitsandbytes multiplies. Two roundings.
QF_HOST_DEVICE inline float DecodeLlmInt8(int8_t code, float absmax) {
  return (static_cast<float>(code) * absmax) * kLlmInt8Step;
}

}  // namespace quantfleet::formats
