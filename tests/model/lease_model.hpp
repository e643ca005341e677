// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

namespace quantfleet::model {

// The life of a matrix's blocks as plain states, for an exhaustive search. Each rule of
// lease_model.cpp mirrors one statement of coordinator/postgres and names it; one step is one
// transaction (what crosses inside of one is left to tests/integration/contention_test.cpp).
//
// Agents and the network are taken for worse than they are: an answer may be lost at any step, and
// a report of any epoch that was ever granted, of either of two contents, may arrive at any time,
// any number of times and in any order, whatever became of the session.

constexpr int kBlocks = 2;
constexpr int kSessions = 2;    // open at once; an agent opens any number in turn
constexpr uint8_t kEpochs = 3;  // grants of a block; a cancel or a retry may add one more
constexpr uint8_t kNone = 0xff;
constexpr uint8_t kMaxFailures = 2;
constexpr uint8_t kMaxLosingSessions = 2;

enum BlockState : uint8_t { kReady, kLeased, kDone, kFailed, kCancelled };
enum MatrixState : uint8_t { kRunning, kMatrixCompleted, kMatrixFailed, kMatrixCancelled };
enum SessionState : uint8_t { kAbsent, kOpen, kOver };

// Bytes only, so that equal states have equal memory.
struct Block {
  uint8_t state = kReady;
  uint8_t epoch = 0;
  uint8_t failures = 0;
  uint8_t losing_sessions = 0;
  uint8_t queued = 1;             // has a row in `ready`
  uint8_t lease_session = kNone;  // kNone: no row in `lease`
  uint8_t lease_epoch = kNone;
  uint8_t lease_late = 0;        // expire_time has passed
  uint8_t result_epoch = kNone;  // kNone: no row in `block_result`
  uint8_t result_content = kNone;
  // What only the checks look at. Epochs ever granted, a bit each.
  uint8_t granted = 0;
  // The epoch of the last grant; kNone before the first and after a cancel or a retry.
  uint8_t rightful = kNone;
  // The result that an agent was told is accepted, since the last retry.
  uint8_t told_epoch = kNone;
  uint8_t told_content = kNone;
};

struct Session {
  uint8_t state = kAbsent;
  // What its agent believes it runs.
  uint8_t block = kNone;
  uint8_t epoch = kNone;
};

struct State {
  std::array<Block, kBlocks> blocks;
  std::array<Session, kSessions> sessions;
  uint8_t matrix = kRunning;
};

inline bool operator==(const State& a, const State& b) {
  return std::memcmp(&a, &b, sizeof(State)) == 0;
}

// A rule left out on purpose, to show that the checks notice.
enum class Broken {
  kNothing,
  kReportIgnoresTheEpoch,
  kReportIgnoresTheStoredResult,
  kFailureIgnoresTheEpoch,
  kClaimKeepsTheEpoch,
  kRetryKeepsTheEpoch,
  kLossForgetsTheQueue,
  kNothingExpires,
  kPoisonForgetsTheMatrix,
};

struct Step {
  State to;
  std::string name;  // "claim(s0, b1), answer lost"
  // Part of the way to the end that must stay open: no person's help, no failing block, no late
  // copy.
  bool helpful = false;
  // The session whose agent must live for it; kNone: the coordinator alone.
  uint8_t actor = kNone;
  // What the step itself did wrong; empty: nothing.
  std::string violation;
};

// Everything that can happen next.
std::vector<Step> StepsFrom(const State& state, Broken broken);
// Which invariant of docs/architecture.md `state` breaks, empty if none.
std::string Violation(const State& state);
// True if nothing of the matrix is left to do, or only what the bound on epochs forbids.
bool IsOver(const State& state);

}  // namespace quantfleet::model
