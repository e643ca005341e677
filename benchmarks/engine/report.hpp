// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "benchmarks/engine/paired_ratio.hpp"
#include "kernels/engine/messages.hpp"

namespace quantfleet::bench {

// Largest squared error relative to the norm that an output may have: what ggml's own test of its
// product allows (tests/test-backend-ops.cpp, max_nmse_err). Quantizing the activations to 8 bits
// gives about 1e-5.
inline constexpr double kMostNormalizedError = 5e-4;

// What one arm gave.
struct ArmFigures {
  std::string kernel;
  std::string layout;
  double median_seconds = 0;
  double best_seconds = 0;
  // See Reference::NormalizedError.
  double normalized_error = 0;
  // Median call of each round, seconds; the arms of a row share their rounds.
  std::vector<double> rounds;
};

// One product in one format with one thread count.
struct Row {
  std::string format;
  engine::LinearShape shape;
  uint32_t threads = 1;
  uint64_t weight_bytes = 0;
  std::optional<ArmFigures> ours;
  // The peer's layouts, fastest first.
  std::vector<ArmFigures> peers;
  // Ours against the peer's fastest layout; absent without both, or if one is wrong.
  std::optional<PairedRatio> ratio;
  std::optional<bool> same_encoding;
  // See engine::HostLoad; while this row was measured.
  double foreign_share = 0;
  // See RoundTimes.
  uint32_t rounds = 0;
  uint32_t disturbed_rounds = 0;
  bool quiet = true;
  // What is missing and why; empty if nothing is.
  std::string note;

  // An output lies too far from the reference.
  bool wrong() const;
};

// All that was measured with one thread count.
struct Section {
  uint32_t threads = 1;
  engine::Ceilings ceilings;
  // Measured at least once without others on the processors; if not they are too low.
  bool ceilings_quiet = false;
  std::vector<Row> rows;
};

struct Report {
  std::string device;
  // Empty without one.
  std::string peer;
  std::string peer_build;
  double foreign_share = 0;
  std::vector<Section> sections;
};

// A table for people, in text. Speed-up is the inverse of the ratio: above 1 ours is faster; "?"
// stands behind one from rounds that others disturbed.
std::string FormatTable(const Report& report, const Section& section);
// One line of JSON, without the end of line. Ratios are times of ours over the peer's.
std::string FormatJson(const Report& report);

}  // namespace quantfleet::bench
