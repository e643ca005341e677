// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "agent/executor/block_runner.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/ids.hpp"

namespace quantfleet::agent {
namespace {

constexpr int kMostFailures = 2;
// Preparation and checks take a while beside sampling; only an endless run is to meet this.
constexpr double kSamplingShare = 3;
// Whatever a policy says, a hang is noticed some day. Seconds.
constexpr double kMostSampling = 3600;

v1::Outcome OutcomeOf(EngineRun::End end) {
  switch (end) {
    case EngineRun::End::kCrashed:
      return v1::OUTCOME_CRASHED;
    case EngineRun::End::kTimedOut:
      return v1::OUTCOME_TIMED_OUT;
    case EngineRun::End::kOutOfMemory:
      return v1::OUTCOME_OUT_OF_MEMORY;
    default:
      return v1::OUTCOME_FAILED;
  }
}

EngineLimits LimitsOf(const v1::Block& block, double silence_seconds) {
  // Also 0 for what is no number.
  const double asked = block.policy().max_seconds();
  const double sampling = asked > 0 ? std::min(asked, kMostSampling) : 0;
  EngineLimits limits;
  // Between two events lies at most one visit of one arm.
  limits.silence_seconds = silence_seconds + sampling;
  limits.run_seconds = block.arms_size() * (silence_seconds + kSamplingShare * sampling);
  return limits;
}

Status Stopped() {
  return Status(StatusCode::kCancelled, "the block was stopped");
}

// The state of one Run.
class Attempts {
 public:
  Attempts(const EngineOptions& options, std::unique_ptr<EngineProcess>& engine,
           double silence_seconds, const v1::Block& block, const OnProgress& on_progress,
           const std::stop_token& stop)
      : options_(options),
        engine_(engine),
        silence_seconds_(silence_seconds),
        block_(block),
        on_progress_(on_progress),
        stop_(stop),
        failures_(static_cast<size_t>(block.arms_size())) {}

  Result<v1::BlockResult> Run() {
    const Duration begin = Clock::Steady()->Now();
    while (parked_.size() < failures_.size() && measured_.empty()) {
      if (stop_.stop_requested()) return Stopped();
      run_id_ = RandomId("run_");
      QF_RETURN_IF_ERROR(Attempt());
    }
    v1::BlockResult result;
    result.set_block_id(block_.block_id());
    result.set_run_id(run_id_);
    *result.mutable_fingerprint() = fingerprint_;
    result.set_run_seconds(ToSeconds(Clock::Steady()->Now() - begin));
    measured_.merge(parked_);
    for (auto& [index, measurement] : measured_) {
      *result.add_measurements() = std::move(measurement);
    }
    return result;
  }

  // When the first engine had the block, and when the last one answered.
  const std::optional<Duration>& begin() const { return begin_; }
  const std::optional<Duration>& answered() const { return answered_; }

 private:
  // Runs the arms that are not parked once. An error ends the whole run.
  Status Attempt() {
    const v1::Block part = UnparkedArms();
    if (!engine_) {
      QF_ASSIGN_OR_RETURN(engine_, EngineProcess::Start(options_));
    }
    Result<v1::Description> description = Unavailable("not asked");
    EngineRun run = engine_->RunBlock(
        part, [&](const v1::Progress& progress) { ForwardProgress(progress); }, stop_,
        LimitsOf(part, silence_seconds_), &description);
    if (!description.ok()) {
      engine_.reset();
      return FailedOutsideArms(Unavailable(description.status().message()));
    }
    fingerprint_ = description->devices(0).fingerprint();
    if (!begin_) begin_ = run.begin;
    answered_ = run.answered;
    // Only a run that went well leaves the engine fit for the next block.
    if (run.end != EngineRun::End::kDone) engine_.reset();
    if (run.end == EngineRun::End::kDone && !TakeMeasurements(&run)) {
      run.end = EngineRun::End::kFailed;
      run.reason = "the engine's measurements do not fit the block's arms";
    }
    switch (run.end) {
      case EngineRun::End::kDone:
        return OkStatus();
      case EngineRun::End::kCancelled:
        return Stopped();
      case EngineRun::End::kInvalidRequest:
        return InvalidArgument("the engine refuses the block: " + run.reason);
      default:
        return TakeFailure(run);
    }
  }

  // The block with dense indices, as the engine wants them; `origin_` leads back.
  v1::Block UnparkedArms() {
    v1::Block part = block_;
    part.clear_arms();
    origin_.clear();
    for (int i = 0; i < block_.arms_size(); ++i) {
      if (parked_.contains(static_cast<uint32_t>(i))) continue;
      v1::BlockArm* const arm = part.add_arms();
      *arm = block_.arms(i);
      arm->set_index(static_cast<uint32_t>(origin_.size()));
      origin_.push_back(static_cast<uint32_t>(i));
    }
    return part;
  }

  void ForwardProgress(const v1::Progress& progress) {
    if (!on_progress_ || progress.arm_index() >= origin_.size()) return;
    v1::Progress forwarded = progress;
    forwarded.set_arm_index(origin_[progress.arm_index()]);
    on_progress_(forwarded);
  }

  bool TakeMeasurements(EngineRun* run) {
    std::map<uint32_t, v1::Measurement> taken;
    for (v1::Measurement& measurement : run->measurements) {
      if (measurement.arm_index() >= origin_.size()) return false;
      const uint32_t index = origin_[measurement.arm_index()];
      if (measurement.arm_id() != block_.arms(static_cast<int>(index)).arm_id()) return false;
      measurement.set_arm_index(index);
      if (!taken.emplace(index, std::move(measurement)).second) return false;
    }
    if (taken.size() != origin_.size()) return false;
    measured_ = std::move(taken);
    return true;
  }

  Status FailedOutsideArms(const Status& failure) {
    return ++other_failures_ < kMostFailures ? OkStatus() : failure;
  }

  Status TakeFailure(const EngineRun& run) {
    if (!run.last_arm || *run.last_arm >= origin_.size()) {
      return FailedOutsideArms(Internal(run.reason));
    }
    const uint32_t index = origin_[*run.last_arm];
    if (++failures_[index] < kMostFailures) return OkStatus();
    Park(index, OutcomeOf(run.end), run.reason);
    if (block_.arms(static_cast<int>(index)).role() != v1::ARM_ROLE_BASELINE) return OkStatus();
    // Nothing is left to compare with.
    for (const uint32_t other : origin_) {
      if (other == index) continue;
      Park(other, v1::OUTCOME_FAILED, "not run, since the baseline failed: " + run.reason);
    }
    return OkStatus();
  }

  void Park(uint32_t index, v1::Outcome outcome, const std::string& reason) {
    v1::Measurement& measurement = parked_[index];
    measurement.set_arm_index(index);
    measurement.set_arm_id(block_.arms(static_cast<int>(index)).arm_id());
    measurement.set_outcome(outcome);
    measurement.set_reason(reason);
  }

  const EngineOptions& options_;
  std::unique_ptr<EngineProcess>& engine_;
  const double silence_seconds_;
  const v1::Block& block_;
  const OnProgress& on_progress_;
  const std::stop_token& stop_;
  std::vector<int> failures_;
  int other_failures_ = 0;
  std::vector<uint32_t> origin_;
  std::map<uint32_t, v1::Measurement> measured_;
  std::map<uint32_t, v1::Measurement> parked_;
  v1::Fingerprint fingerprint_;
  std::string run_id_;
  std::optional<Duration> begin_;
  std::optional<Duration> answered_;
};

}  // namespace

BlockRunner::BlockRunner(EngineOptions options, double silence_seconds)
    : options_(std::move(options)), silence_seconds_(silence_seconds) {}

void BlockRunner::Rest() {
  engine_.reset();
  answered_.reset();
}

Result<v1::BlockResult> BlockRunner::Run(const v1::Block& block, const OnProgress& on_progress,
                                         const std::stop_token& stop) {
  if (block.arms_size() == 0) return InvalidArgument("the block has no arms");
  Attempts attempts(options_, engine_, silence_seconds_, block, on_progress, stop);
  auto result = attempts.Run();
  gap_.reset();
  if (answered_ && attempts.begin()) gap_ = *attempts.begin() - *answered_;
  answered_.reset();
  if (engine_) answered_ = attempts.answered();
  return result;
}

}  // namespace quantfleet::agent
