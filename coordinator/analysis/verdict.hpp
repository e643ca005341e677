// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "coordinator/analysis/interval.hpp"

#include "quantfleet/v1/comparison.pb.h"

namespace quantfleet::analysis {

// Paired rounds below which nothing is compared.
inline constexpr size_t kMinimumRounds = 3;

// Least effect that is ever claimed, as logarithm of a ratio: 1 %.
//
// The null sees noise between rounds, and one draw of what sticks to an arm for a whole run (where
// its buffers landed, what shares a cache set or DRAM bank with it). One draw bounds nothing: with
// such a bias of equal size on every arm, another arm is further off than the null in half of all
// blocks. The floor is what covers it: it holds for a bias of up to 0.36 % (one standard deviation)
// an arm, 1.96 * sqrt(2) * 0.36 % = 1 %. That placement alone moves results is shown by Mytkowicz
// et al., Producing Wrong Data Without Doing Anything Obviously Wrong!, 2009.
inline constexpr double kLeastLogEffect = 0.00995033;

// Largest minimum detectable effect within which anything is called the same, as logarithm: 10 %.
// Beyond it, "no difference was shown" is not "there is none".
inline constexpr double kLargestSameLogEffect = 0.0953102;

// Minimum detectable effect of a block as logarithm of a ratio (0.0953 is 10 % up or 1/1.1 down):
// the end of the null's log-ratio interval that is further from zero, at least kLeastLogEffect.
//
// An arm that does the same work as the baseline is called faster or slower only if its whole
// interval lies beyond: its mean must be off by its own half-width and the null's together, twice
// what 95 % asks for. verdict_test.cpp bounds false verdicts on simulated A/A blocks: below 1 %
// with noise between rounds, below 5 % with a bias of 0.36 % an arm that sticks.
//
// A block without a measured null takes the arm's own half-width, which leaves faster and slower at
// twice their usual distance and `same` only within the floor.
double MinimumDetectableLogEffect(const std::optional<Interval>& null_log_ratio,
                                  const Interval& arm_log_ratio);

// Faster, slower, same or ambiguous, as Verdict in comparison.proto says, on logarithms: twice and
// half the time are the same distance from 1.
v1::Verdict Decide(const Interval& log_ratio, double least_log_effect);

// Why Decide said ambiguous, and about how many more rounds would settle it if noise falls with
// the square root of the rounds and the estimates stay where they are.
std::string NextStep(const Interval& log_ratio, const std::optional<Interval>& null_log_ratio,
                     size_t rounds);

}  // namespace quantfleet::analysis
