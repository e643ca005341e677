// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "quantfleet/v1/comparison.pb.h"

namespace quantfleet::analysis {

// Largest |residual| of a closed ledger, as part of max(|difference|, floor).
inline constexpr double kLargestResidualShare = 0.15;

// One ledger for each candidate of a block that has ablation arms, in the order of the rows; none
// for other blocks. `rows` are those of a comparison: neighbours with one block_id are a block,
// with ratios; `sessions` are looked up by session_id. Reads medians and their intervals, no raw
// rounds: the arms of a block ran in the same rounds, so that drift moves all of them alike. Equal
// input gives equal output.
//
// The residual is held against the difference that the ledger is to explain, not against the sum of
// the terms' sizes: large terms of opposite sign would hide a residual as large as the difference,
// and with it the answer to which arm is faster. Near a crossover the difference goes to zero, and
// what the block cannot see needs no explanation: the floor is the difference of which 15 % are the
// block's minimum detectable effect. See docs/decisions/0007-ledger-residual.md.
std::vector<v1::Ledger> BuildLedgers(const std::vector<const v1::ComparisonRow*>& rows,
                                     const std::vector<const v1::ComparisonSession*>& sessions);

}  // namespace quantfleet::analysis
