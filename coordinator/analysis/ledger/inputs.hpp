// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <vector>

#include "base/status.hpp"
#include "coordinator/analysis/ledger/balance.hpp"

#include "quantfleet/v1/comparison.pb.h"

namespace quantfleet::analysis {

// The rows of one block of a comparison.
using BlockRows = std::vector<const v1::ComparisonRow*>;

// All that one ledger is computed from.
struct LedgerInputs {
  const v1::ComparisonRow* arm = nullptr;
  const v1::ComparisonRow* baseline = nullptr;
  PartTimes times{};
  // Row behind each of `times`; null for a part that neither side has (decode, when nobody goes
  // through memory). Two parts may share a row: unpack is read where nothing is packed.
  std::array<const v1::ComparisonRow*, kParts> rows{};
  SideFacts arm_side;
  SideFacts baseline_side;
  SharedFacts shared;
  bool clocks_known = false;
};

// Gathers what explains `arm`, a candidate of `block`. Fails, with one line for people, if a part
// has no measurement that may be used, if the arm has no ratio, or if its kernel is not made of
// these parts.
Result<LedgerInputs> GatherInputs(const BlockRows& block, const v1::ComparisonRow& arm,
                                  const v1::ComparisonSession& session);

// Name before the variant: "fused" of "fused/avx3_gemv".
std::string KernelName(const v1::Measurement& measurement);

}  // namespace quantfleet::analysis
