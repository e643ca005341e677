// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>

#include "agent/executor/engine_process.hpp"
#include "base/clock.hpp"
#include "base/status.hpp"

#include "quantfleet/v1/arm.pb.h"
#include "quantfleet/v1/measurement.pb.h"

namespace quantfleet::agent {

// A result as the engine wrote it. Reading it, once and on any thread, takes milliseconds, for
// which the device need not wait. kInternal: what the engine measured does not fit the block.
using UnreadResult = std::function<Result<v1::BlockResult>()>;

// Runs blocks one after the other in one engine, whose cached weights the next block may use, and
// turns whatever becomes of the engine into exactly one measurement an arm:
//   - The engine fails (crash, silence, no memory, an error of its own) for the first time while
//     it works on an arm: all arms run again in a fresh engine, the baseline with them, since
//     rounds are paired only within one run.
//   - It fails a second time on that arm: the arm gets the outcome with the engine's last words
//     and is parked; the others run again without it. If it is the baseline, they are not run.
// The arm is the one that the engine's last progress event names. All samples of a result are of
// one run. Used by one thread, which outlives the call.
class BlockRunner {
 public:
  // `silence_seconds`: a run without an event for this long, beside the sampling time that the
  // block's policy grants an arm, hangs.
  explicit BlockRunner(EngineOptions options, double silence_seconds = 180);

  // Epoch is left unset. `on_progress` is called on this thread with the block's own arm indices.
  // Errors: kCancelled (stopped); the block's fault: kInvalidArgument (the engine refuses it),
  // kInternal (the engine failed with it twice outside any arm); not the block's: kNotFound (no
  // engine), kUnavailable (the engine cannot say what its device is).
  Result<UnreadResult> Measure(const v1::Block& block, const OnProgress& on_progress,
                               const std::stop_token& stop);
  // The same, and reads it.
  Result<v1::BlockResult> Run(const v1::Block& block, const OnProgress& on_progress,
                              const std::stop_token& stop);

  // No block follows soon: lets go of the engine and the memory it holds.
  void Rest();

  // How long the device had nothing to do before the last block: from the engine's answer to the
  // block before until it had described its device and began. Nothing if another engine ran that.
  std::optional<Duration> LastGap() const { return gap_; }

 private:
  const EngineOptions options_;
  const double silence_seconds_;
  std::unique_ptr<EngineProcess> engine_;
  std::optional<Duration> answered_;  // by the engine that is kept, to the last block
  std::optional<Duration> gap_;
};

}  // namespace quantfleet::agent
