// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

namespace quantfleet::scheduler {

// How much an agent's device (or session: whatever the caller counts by) is trusted with. All times
// are seconds of one clock, the database's. After a block that went well it is as new: Conduct{}.
struct Conduct {
  int strikes = 0;                // quarantines since the last block that went well
  std::vector<int64_t> suspects;  // different blocks lost or failed in a row, since the last strike
  double free_time = 0;           // nothing is given before
};

struct QuarantinePolicy {
  // So many different blocks in a row are no chance: the same block with different agents would be
  // the block's fault, different blocks with one agent are the agent's.
  int blocks_in_a_row = 3;
  // The first quarantine; each that follows without a success between is twice as long. Seconds.
  double first_seconds = 10;
  double most_seconds = 3600;
};

enum class Mishap {
  kBlockFailed,  // it crashed, hung or ran out of memory there
  kBlockLost,    // the agent went away with it
  kAgentFailed,  // the agent says that it cannot run any block: no engine, no device
};

// What is known of it after a mishap with a block. An agent's own failure is a strike at once,
// others are when they make blocks_in_a_row.
Conduct AfterMishap(Conduct conduct, const QuarantinePolicy& policy, Mishap mishap,
                    int64_t block_id, double now);

// How many of the `wants` blocks it may be given while it holds `holds`, once it is past free_time:
// after a quarantine, until a block goes well, one at a time (the canary).
int MostBlocks(const Conduct& conduct, int holds, int wants);

}  // namespace quantfleet::scheduler
