// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "base/status.hpp"

#include "quantfleet/v1/measurement.pb.h"

namespace quantfleet::analysis {

// Natural logarithm of (median of the arm's round / median of the baseline's round) for every round
// number that has samples in both, by number. kInvalidArgument, with arm and round, if a sample is
// not a positive finite number of seconds or a round number comes twice.
//
// The round's median and not its mean: one interrupt moves a mean of few samples, never the median
// (Kalibera and Jones, Rigorous Benchmarking in Reasonable Time, 2013: the level that varies most
// is what is repeated; here that is the round).
Result<std::vector<double>> PairedLogRatios(const v1::Measurement& baseline,
                                            const v1::Measurement& arm);

}  // namespace quantfleet::analysis
