// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "coordinator/analysis/ledger/inputs.hpp"

#include "quantfleet/v1/comparison.pb.h"

namespace quantfleet::analysis {

// A part is a cause from this share of the arm's time on: with less, the arm without it would still
// take longer than half.
inline constexpr double kMostOfTheTime = 0.5;
// Smaller parts are named beside others from this share on, that of the largest residual.
inline constexpr double kNoticeableShare = 0.15;
// Rate of reading, over the baseline's, below which the packed layout is called a trap.
inline constexpr double kTrappedRate = 0.5;

// Adds the causes that the numbers of a ledger with terms select (see LedgerCauseKind). A cause
// names what the time goes into, and is added whether or not the ledger closes.
void AddCauses(const LedgerInputs& inputs, const v1::ComparisonSession& session,
               v1::Ledger* ledger);

// Of a ledger without terms: only what the arm's grade says.
void AddCausesOfIncomplete(const v1::ComparisonRow& arm, v1::Ledger* ledger);

// Adds path cliffs: the arm ran another kernel than at the next smaller batch, and its time over
// the baseline's is more than 1.25 times what it was there. Ledgers and rows as in BuildLedgers.
void AddPathCliffs(const std::vector<const v1::ComparisonRow*>& rows,
                   std::vector<v1::Ledger>* ledgers);

}  // namespace quantfleet::analysis
