// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <optional>

namespace quantfleet::analysis {

// The times that a ledger is made from: medians of the arm, of its baseline and of ablation arms,
// named by what they run (see LedgerTermKind in comparison.proto). A side's own time is followed by
// its reading, unpacking and decoding, in this order.
enum class Part : size_t {
  kLaunch,
  kDense,
  kArm,
  kArmRead,
  kArmUnpack,
  kArmDecode,
  kBaseline,
  kBaselineRead,
  kBaselineUnpack,
  kBaselineDecode,
};
inline constexpr size_t kParts = 10;
// By Part. Seconds.
using PartTimes = std::array<double, kParts>;

// How one side of the ledger, the arm or the baseline, comes to its product.
struct SideFacts {
  // Decodes the whole matrix to memory and multiplies from there; else decodes in registers.
  bool through_memory = false;
  // Its clock over that of the ablation arms; 1 if not known.
  double clock = 1;
};

// What both sides share.
struct SharedFacts {
  // Operations of the dense multiply at the session's peak for its type. Seconds; 0 if unknown.
  double dense_multiply = 0;
  // Bytes of the decoded weights that ablation_dense reads, over the baseline's packed bytes.
  double decoded_over_baseline = 1;
  // Time to read the decoded weights from the last-level cache, if they fit in it. Seconds.
  std::optional<double> cached_reread;
};

// Where the time of one side goes; the sum is its time. Seconds.
struct SideBalance {
  double read = 0;
  double unpack = 0;
  double materialize = 0;
  double matrix = 0;
  double launch = 0;
  double clock = 0;
  double residual = 0;
};

// Splits the time of a side into its parts.
//
// Launch, read, unpack and the writing of decoded weights are differences of ablation arms and do
// not look at the side's own time. The multiply cannot be measured so: it overlaps with reading and
// unpacking as far as the kernel and the device allow. What it adds over the other parts must lie
// between complete overlap, where it adds nothing, and none, where it adds what the dense multiply
// takes by itself. Of the time that is left over, `matrix` gets what lies within these bounds; all
// beyond is residual. A kernel that is slower than its parts one after the other, or faster than
// unpacking alone, is thereby not explained, whatever the reason. The session's matrix peak is no
// lower bound: a multiply that beats it says that the ceiling was measured low.
//
// The dense multiply by itself is what ablation_dense adds over reading its weights, or all of it
// where the ceilings say that the multiply is what binds it. Decoded weights that fit in the
// last-level cache are read back at something between the cache's rate and memory's: the time of
// reading and multiplying together may lie anywhere between, and `materialize` gets what `matrix`
// leaves.
SideBalance BalanceArm(const PartTimes& times, const SideFacts& side, const SharedFacts& shared);
SideBalance BalanceBaseline(const PartTimes& times, const SideFacts& side,
                            const SharedFacts& shared);

}  // namespace quantfleet::analysis
