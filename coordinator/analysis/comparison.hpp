// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "quantfleet/v1/comparison.pb.h"

namespace quantfleet::analysis {

// A block with its accepted result and the session that ran it.
struct MeasuredBlock {
  v1::Block block;
  v1::BlockResult result;
  std::string session_id;
};

// Ratio of every arm of a run against its baseline, by arm index; the baseline and ablation arms
// have none. Rounds are
// paired by number; the bootstrap is seeded from the block's order_seed, so equal input gives equal
// output.
std::map<uint32_t, v1::Ratio> ComputeRatios(const v1::Block& block, const v1::BlockResult& result);

// Rows, ratios, crossovers and ledgers of a matrix. `ratios`, when it has a block's id, saves
// computing them again. Measurements come back without raw rounds.
v1::Comparison BuildComparison(
    const std::string& matrix_id, const std::string& matrix_name,
    const std::vector<MeasuredBlock>& blocks, const std::vector<v1::ComparisonSession>& sessions,
    const std::map<std::string, std::map<uint32_t, v1::Ratio>>& ratios = {});

}  // namespace quantfleet::analysis
