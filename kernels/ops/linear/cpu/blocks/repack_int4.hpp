// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "kernels/ops/linear/cpu/blocks/repack.hpp"

namespace quantfleet::linear::cpu::blocks {

// As Repack, from the words of AWQ and GPTQ checkpoints (kernels/formats/int4).
std::vector<std::byte> RepackInt4(const BlockFormatInfo& format, uint32_t rows,
                                  const std::byte* packed, uint64_t n, uint64_t k);

}  // namespace quantfleet::linear::cpu::blocks
