// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "quantfleet/v1/comparison.pb.h"

namespace quantfleet::analysis::synthetic {

// Rows of one block of a made-up 4096 x 4096 product at `batch`, with planted times. Seconds.
// Defaults: DRAM gives 20 GB/s, the multiply 100 GFLOP/s, a launch takes 5 us.
class LedgerBlock {
 public:
  explicit LedgerBlock(uint32_t batch, std::string id = "b");

  // Times of the ablation arms as the session's ceilings would have them.
  static constexpr double kLaunch = 5e-6;
  static constexpr double kBandwidth = 20e9;
  static constexpr double kPeak = 100e9;
  static double ReadSeconds(uint64_t bytes) {
    return kLaunch + static_cast<double>(bytes) / kBandwidth;
  }
  double MultiplySeconds() const;
  static constexpr uint64_t kDenseBytes = uint64_t{4096} * 4096 * 4;
  static constexpr uint64_t kPackedBytes = uint64_t{4096} * 4096 * 9 / 16;

  v1::ComparisonRow& Add(v1::ArmRole role, const std::string& format, const std::string& kernel,
                         double seconds, double half_width = 0);
  // The parts: launch, dense (`dense` seconds), read of both formats, unpack and decode of nf4.
  void AddParts(double dense, double unpack, double decode);
  // The row of one arm.
  v1::ComparisonRow& At(const std::string& format, const std::string& kernel);

  std::vector<v1::ComparisonRow> rows;
  v1::ComparisonSession session;

 private:
  uint32_t batch_;
  std::string id_;
};

// The ledgers of the blocks, which share the session of the first.
std::vector<v1::Ledger> LedgersOf(const std::vector<const LedgerBlock*>& blocks);
// The term of a kind; fails the test if there is none.
v1::LedgerTerm TermOf(const v1::Ledger& ledger, v1::LedgerTermKind kind);
// True if the numbers selected the cause.
bool HasCause(const v1::Ledger& ledger, v1::LedgerCauseKind kind);

}  // namespace quantfleet::analysis::synthetic
