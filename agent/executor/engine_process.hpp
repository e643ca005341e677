// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "agent/executor/child_process.hpp"
#include "base/clock.hpp"
#include "base/status.hpp"

#include "quantfleet/v1/arm.pb.h"
#include "quantfleet/v1/device.pb.h"
#include "quantfleet/v1/engine.pb.h"
#include "quantfleet/v1/measurement.pb.h"

namespace quantfleet::agent {

// Which engine to start on which device.
struct EngineOptions {
  // Path of quantfleet-engine.
  std::string program;
  // "cpu" or "cuda:N"; empty: describe lists every device.
  std::string device;
  // Threads of a CPU device; 0 leaves it to the engine.
  uint32_t threads = 0;
};

// quantfleet-engine beside the running program.
std::string DefaultEngineProgram();

// Longest times to wait for an engine. Seconds.
struct EngineLimits {
  // Between two events of a run; a run that is silent for longer hangs.
  double silence_seconds = 180;
  // For a whole run.
  double run_seconds = 3600;
  // From a cancel to the end of the run.
  double cancel_seconds = 5;
};

using OnProgress = std::function<void(const v1::Progress&)>;

// How a run of a block in one engine ended.
struct EngineRun {
  enum class End { kDone, kCancelled, kCrashed, kTimedOut, kOutOfMemory, kFailed, kInvalidRequest };

  End end = End::kCrashed;
  // Why; with the engine's last stderr if the process failed. Empty for kDone and kCancelled.
  std::string reason;
  // Arm of the last progress event.
  std::optional<uint32_t> last_arm;
  // Lines of measurements as they came, not parsed: that takes milliseconds, and the engine may
  // have something to do meanwhile. Complete only with kDone.
  std::vector<std::string> lines;
  // When the engine had described its device and so began with the block, and when the first line
  // came that ends the work on the device (a measurement, or whatever ended the run). Steady clock.
  Duration begin{};
  Duration answered{};
};

// One engine process and its protocol (proto/quantfleet/v1/engine.proto): one JSON line each way,
// unknown fields refused. Calls other than Start leave the engine ready for the next one only if
// they succeed. Belongs to the thread that started it; see ChildProcess.
class EngineProcess {
 public:
  // kNotFound if the program cannot be run.
  static Result<std::unique_ptr<EngineProcess>> Start(const EngineOptions& options);

  // The devices. Errors: kUnavailable (it died; with its last words), kDeadlineExceeded, kInternal
  // (its own error, or a line that is not of the protocol), kInvalidArgument.
  Result<v1::Description> Describe();
  // Ceilings, within about `seconds`. Errors as above; kCancelled when `stop` is requested.
  Result<v1::Ceilings> Calibrate(double seconds, const std::stop_token& stop);
  // Describes the device (not what it supports) and, without a pause between the two, runs `block`;
  // `on_progress` is called on this thread. A stop is answered within `limits.cancel_seconds`, if
  // need be by killing the process. If the description fails (as with Describe; kCancelled when
  // stopped before it is here) or is not one of one device, the run is none, and the process is
  // killed.
  EngineRun RunBlock(const v1::Block& block, const OnProgress& on_progress,
                     const std::stop_token& stop, const EngineLimits& limits,
                     Result<v1::Description>* description);
  // Ends the process at once.
  void Kill();
  pid_t pid() const { return child_->pid(); }

 private:
  using Time = ChildProcess::Time;
  // An eventfd that a stop makes readable.
  class Wake;

  explicit EngineProcess(std::unique_ptr<ChildProcess> child);
  Status Send(const v1::EngineRequest& request);
  // `*received`, if it is not null, is when the line was here, not yet parsed.
  Result<v1::EngineEvent> Receive(Time deadline, int wake, Duration* received = nullptr);
  // The one answer to a request that is not a run, up to its done.
  Result<v1::EngineEvent> Ask(const v1::EngineRequest& request, Time deadline,
                              const std::stop_token& stop);
  // The same for a request that was sent. `*received` as in Receive, of the last line.
  Result<v1::EngineEvent> AwaitAnswer(Time deadline, int wake, Duration* received);
  Result<v1::Description> TakeDescription(const Result<v1::EngineEvent>& answer);
  // The events of a run that was sent.
  void FollowRun(const OnProgress& on_progress, int wake, const EngineLimits& limits,
                 EngineRun* run);
  Status FailureOf(const Status& status);
  // Kills the process and says how it failed, from `status` of the last call.
  void EndFailed(const Status& status, EngineRun* run);

  std::unique_ptr<ChildProcess> child_;
  // The kernel's count of processes killed for memory when the engine started.
  uint64_t kills_before_ = 0;
};

}  // namespace quantfleet::agent
