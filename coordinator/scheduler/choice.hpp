// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "coordinator/scheduler/cost_model.hpp"
#include "coordinator/scheduler/shares.hpp"

namespace quantfleet::scheduler {

// A block that may be given out.
struct Candidate {
  int64_t block_id = 0;
  int64_t class_id = 0;  // what it needs of a device
  std::string principal;
  std::string matrix_id;
  int32_t band = 0;      // of priority, 0 first; in [0, kBands)
  int64_t sort_key = 0;  // within the band and principal, least first; then block_id
  std::string cost_key;
  std::string weights_key;
  bool tail = false;          // all that its class, band and principal have to give now is here
  std::string avoid_session;  // not to this one; empty: to anyone
};

// A session that wants blocks.
struct Seeker {
  std::string session_id;
  std::vector<int64_t> classes;  // that its device meets, ascending
  std::string device_class;
  std::string last_weights_key;  // of the block that it was given last
  double sticky_seconds = 0;     // in a row on last_weights_key so far
  double life_left_seconds = 0;  // until its host is expected to go; not positive: it stays
  int holds = 0;                 // blocks it runs or has waiting
  int wants = 1;
};

struct ChoicePolicy {
  // A device stays with its weights for so long at most while other work of the principal waits.
  double sticky_seconds = 120;
  // Of the device time that a band takes while lower ones wait, this share more goes to those.
  double low_band_share = 0.05;
  // Blocks of one call that a seeker gets beyond its first may take so long together.
  double queue_seconds = 120;
  // Off: for simulations that ask what each is good for.
  bool affinity = true;
  bool longest_first = true;
};

// seekers[seeker] gets candidates[candidate].
struct Assignment {
  int seeker = 0;
  int candidate = 0;
  double estimate_seconds = 0;
};

// Gives candidates to seekers; each candidate at most once, and only to who has its class. Seekers
// that hold least are served first, each once, in the order given, then again: so nobody waits
// behind another's queue. What a seeker gets is of
//   1. the first band with a block for it; but for every 20 s of device time that a class of
//      devices spends so, 1 s is owed to the lower bands that wait (to all of them alike), and a
//      block of theirs goes first once it is paid for: nothing starves;
//   2. of this band the principal that stands first in `shares` for the device's class, which is
//      charged with the estimate at once;
//   3. of this principal, if the seeker's life is bounded, the shortest block, or one with its last
//      weights that is hardly longer, if it fits in the life left (any, where nothing ever ran on
//      such devices); otherwise a block with the seeker's last weights until it had sticky_seconds
//      of them; otherwise the next by sort_key and block_id; but where that is a tail the longest
//      of its matrix (LPT: Graham 1969), with the last weights unless another takes twice as long.
// Assignments are in the order made. Same input, same output; the order of candidates does not
// matter. About n log n; a microsecond or so a seeker and candidate.
std::vector<Assignment> Choose(const std::vector<Seeker>& seekers,
                               const std::vector<Candidate>& candidates, Shares* shares,
                               const CostModel& costs, const ChoicePolicy& policy = {});

}  // namespace quantfleet::scheduler
