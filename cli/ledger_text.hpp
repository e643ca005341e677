// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "quantfleet/v1/comparison.pb.h"

namespace quantfleet::cli {

// Ledgers as text. Times are differences from the baseline: positive where the arm spends more.

// One line a ledger, by device class: difference, terms, residual, causes. Empty without ledgers.
std::string LedgerTable(const v1::Comparison& comparison);
// The sentences of each ledger.
std::string LedgerSentences(const v1::Comparison& comparison);
// All numbers of each ledger, term by term, with intervals and the ablation arms they come from.
// Reads the names of those from the comparison's rows.
std::string LedgerDetail(const v1::Comparison& comparison);
// One line a ledger and term, residual and difference included; seconds.
std::string LedgerCsv(const v1::Comparison& comparison);

// Keeps the ledgers of the arms that `arm` names: the start of an arm id, or a format and kernel as
// tables print them ("nf4 fused"), or a format alone ("nf4").
void KeepLedgersOf(const std::string& arm, v1::Comparison* comparison);

}  // namespace quantfleet::cli
