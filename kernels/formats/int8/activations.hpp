// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

// How activations become int8 at run time: the reference for kernels of w8a8 and llm_int8. A row is
// a token; all values are finite.
namespace quantfleet::formats {

// Threshold of bitsandbytes' LLM.int8() configuration.
inline constexpr float kLlmInt8Threshold = 6.0F;

// Columns in which some row's magnitude is at least `threshold`, ascending. `values` is [rows,
// columns], row-major.
std::vector<uint32_t> OutlierColumns(std::span<const float> values, uint64_t columns,
                                     float threshold);

// One row of LLM.int8(): absmax over the elements below `threshold`; codes round x * (127 / absmax)
// to nearest even, and are 0 in `outlier_columns` (of the whole batch; they are multiplied in
// 16 bits instead). Writes row.size() codes, returns absmax.
// Source: int8_vectorwise_quant of bitsandbytes-foundation/bitsandbytes 95f9af30.
float QuantizeLlmInt8Row(std::span<const float> row, float threshold,
                         std::span<const uint32_t> outlier_columns, std::byte* codes);

// One token of dynamic W8A8: codes round x * (127 / absmax) to nearest even. Writes row.size()
// codes, returns the scale absmax / 127.
float QuantizeToken(std::span<const float> row, std::byte* codes);

}  // namespace quantfleet::formats
