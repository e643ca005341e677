// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "kernels/formats/format.hpp"

namespace quantfleet::formats {

// gptq_int4 with act-order (desc_act): g_idx, int32 [K], follows the scales and names each column's
// group, so that the columns of a group lie scattered. GPTQ orders columns by the second moment of
// their activations; without calibration data we order them by their own norm (OrderedGroups),
// which scatters them as well and is the same on every machine. A stored index outside the groups
// counts as the last group.
// Source: as gptq_int4; g_idx is pack's argument in qlinear_cuda_old.py.
const Format& GptqInt4ActOrder();

// The group of each of `columns` columns from the stored g_idx.
std::vector<uint32_t> GptqColumnGroups(const std::byte* stored, uint64_t columns);

// The group of each column of weights [weights.size() / columns, columns]: the 128 columns of
// largest norm are group 0, and so on; the left one first where norms are equal.
std::vector<uint32_t> OrderedGroups(std::span<const float> weights, uint64_t columns);

}  // namespace quantfleet::formats
