// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/engine/messages.hpp"

namespace quantfleet::engine {

// Decides after each round whether an arm has enough samples. The rules, in order:
//   nothing before min_rounds, min_samples and min_seconds are there (max_rounds and, once rounds
//   and samples are there, max_seconds still end it);
//   the relative interval of the median is reached;
//   the noise (MAD over median) has stayed within 10 % of itself for 8 rounds and, at the rate of
//   1 / sqrt(samples), the interval would not be reached before max_seconds;
//   max_seconds; max_rounds (0: none).
// After nvbench's "stdrel" criterion (NVIDIA/nvbench, docs/cli_help.md), on the median.
class StopRule {
 public:
  explicit StopRule(const MeasurePolicy& policy) : policy_(policy) {}

  // After each round that the arm took part in: all its samples so far, their summed time in
  // seconds. kUnspecified: go on.
  StopReason Judge(const std::vector<double>& samples, double seconds);

 private:
  bool NoiseIsStable() const;

  MeasurePolicy policy_;
  uint32_t rounds_ = 0;
  // MAD over median after each round.
  std::vector<double> noise_;
};

// Samples to take in one visit: as many as fit into an equal share of min_seconds over min_rounds,
// at least an equal share of min_samples. `call_seconds` is one call's time.
uint32_t SamplesPerVisit(const MeasurePolicy& policy, double call_seconds);

}  // namespace quantfleet::engine
