// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "kernels/engine/messages.hpp"

namespace quantfleet::engine {

// Ranks (from 0) of the ordered sample between which the median lies with at least `confidence`,
// whatever the distribution: the sign test's interval, exact up to 500 samples, then by the normal
// limit (David and Nagaraja, Order Statistics, 7.1). {0, count - 1} if too few samples are there to
// reach the confidence. count >= 1.
std::pair<uint32_t, uint32_t> MedianRanks(uint32_t count, double confidence);

// Order statistics of `samples`; all zero if there are none. set_aside is left 0.
Summary Summarize(std::vector<double> samples, double confidence);

// Median; the mean of the two in the middle for an even count. Samples are not empty.
double Median(std::vector<double> samples);

// Half-width of the interval of the median over the median; infinity without samples.
double RelativeInterval(const Summary& summary);

// True if the samples fall into two separate heaps: a histogram over their middle 96 % has two
// peaks of at least 15 % of the samples with a valley below half of the lower one, at least 5 % of
// the median apart. Needs 60 samples; false below.
bool LooksMultimodal(std::vector<double> samples);

}  // namespace quantfleet::engine
