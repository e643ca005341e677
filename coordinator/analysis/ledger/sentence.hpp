// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "quantfleet/v1/comparison.pb.h"

namespace quantfleet::analysis {

// Adds the sentences of a ledger that has all else set: what was measured, what it is made of, and
// whether that accounts for it.
void AddSentences(v1::Ledger* ledger);

// Ledger.reason of a ledger that does not close: on which side the residual is, and which way.
std::string WhyNotExplained(const v1::Ledger& ledger);

// "nf4 fused on gpt2/mlp.c_fc at batch 16".
std::string LedgerTitle(const v1::Ledger& ledger);

// For people: "unpack and scale", "compute bound".
std::string TermWord(v1::LedgerTermKind kind);
std::string CauseWord(v1::LedgerCauseKind kind);

}  // namespace quantfleet::analysis
