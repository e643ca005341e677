// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/formats/format.hpp"

// The body of both GPTQ formats; the bytes are described in gptq_int4.hpp.
namespace quantfleet::formats {

// Where the parts begin. Bytes.
struct GptqLayout {
  GptqLayout(uint64_t rows, uint64_t columns);
  uint64_t zeros;
  uint64_t scales;
  uint64_t groups;  // end of the scales; g_idx with act-order
};

// `groups` is the group of each column.
void DecodeGptqRow(const std::byte* packed, uint64_t rows, uint64_t columns,
                   std::span<const uint32_t> groups, uint64_t row, float* weights);
// Writes qweight, qzeros and scales.
Status EncodeGptq(std::span<const float> weights, uint64_t rows, uint64_t columns,
                  std::span<const uint32_t> groups, std::byte* packed);

}  // namespace quantfleet::formats
