// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "quantfleet/v1/arm.pb.h"

namespace quantfleet::scheduler {

// Blocks with equal keys take about equally long on equal devices:
// "ARMSxSECONDS/workload/shape/formats/MAXs", where SECONDS is what the measure policy lets an arm
// expect, sizes of the shape are floors of binary logarithms, and formats are sorted; formats that
// run the slow reference kernel are marked. "3x1.41/linear/n12k12b3/bf16+nf4/20s". At most 96
// bytes: what does not fit is hashed, but for the first part.
std::string CostKeyOf(const v1::Block& block);

// Blocks with equal keys need the same packed weights (or caches of keys and values):
// "linear/4096x4096/0/bf16+nf4": workload, shape without the batch, seed, formats. At most 96
// bytes; longer ones are hashed.
std::string WeightsKeyOf(const v1::Block& block);

// What a block may take by its measure policy alone.
struct Prior {
  double arms = 1;
  double arm_seconds = 1;
};
// The first part of a cost key. One arm and one second where it has none.
Prior PriorOf(std::string_view cost_key);

}  // namespace quantfleet::scheduler
