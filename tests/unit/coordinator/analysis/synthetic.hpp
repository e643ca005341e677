// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "coordinator/analysis/comparison.hpp"

namespace quantfleet::analysis::synthetic {

// How the arms of a made-up block behave: lognormal noise about a true time.
struct Noise {
  double between_rounds = 0.02;  // of an arm's round, standard deviation of the logarithm
  double common = 0.05;          // shared by all arms of a round (drift): pairing cancels it
  double within_round = 0.01;    // of a sample
  double sticking = 0;           // of an arm, for the whole run
};

struct ArmPlan {
  std::string format = "nf4";
  std::string kernel = "fused";
  double seconds = 1e-3;
};

// A block of baseline fp32, its null and `candidates`, with a result of `rounds` rounds of 5
// samples.
MeasuredBlock MakeBlock(double baseline_seconds, const std::vector<ArmPlan>& candidates,
                        uint32_t rounds, const Noise& noise, std::mt19937_64* random);

// Samples of one arm by round: rounds[i] are the seconds of round i.
v1::Measurement MakeMeasurement(uint32_t index, const std::vector<std::vector<double>>& rounds);

}  // namespace quantfleet::analysis::synthetic
