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

#include "agent/executor/engine_json.hpp"
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

Status NotOfTheBlock() {
  return Internal("the engine's measurements do not fit the block's arms");
}

// What the engine answered, with what it takes to read that.
struct Answer {
  v1::BlockResult result;  // without measurements
  std::vector<std::string> arm_ids;
  std::map<uint32_t, v1::Measurement> measurements;  // of arms that were given up
  std::vector<std::string> lines;                    // of the other arms
  std::vector<uint32_t> origin;                      // their indices in the block
};

Result<v1::BlockResult> Read(Answer answer) {
  auto& taken = answer.measurements;
  for (const std::string& line : answer.lines) {
    QF_ASSIGN_OR_RETURN(v1::EngineEvent event, DecodeEvent(line));
    v1::Measurement& measurement = *event.mutable_measurement();
    if (measurement.arm_index() >= answer.origin.size()) return NotOfTheBlock();
    const uint32_t index = answer.origin[measurement.arm_index()];
    if (measurement.arm_id() != answer.arm_ids[index]) return NotOfTheBlock();
    measurement.set_arm_index(index);
    if (!taken.emplace(index, std::move(measurement)).second) return NotOfTheBlock();
  }
  if (taken.size() != answer.arm_ids.size()) return NotOfTheBlock();
  for (auto& [index, measurement] : taken) {
    *answer.result.add_measurements() = std::move(measurement);
  }
  return std::move(answer.result);
}

// The state of one run.
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

  Result<UnreadResult> Run() {
    const Duration begin = Clock::Steady()->Now();
    while (parked_.size() < failures_.size() && lines_.empty()) {
      if (stop_.stop_requested()) return Stopped();
      run_id_ = RandomId("run_");
      QF_RETURN_IF_ERROR(Attempt());
    }
    const auto answer = std::make_shared<Answer>();
    answer->result.set_block_id(block_.block_id());
    answer->result.set_run_id(run_id_);
    *answer->result.mutable_fingerprint() = std::move(fingerprint_);
    answer->result.set_run_seconds(ToSeconds(Clock::Steady()->Now() - begin));
    for (const v1::BlockArm& arm : block_.arms()) answer->arm_ids.push_back(arm.arm_id());
    answer->measurements = std::move(parked_);
    answer->lines = std::move(lines_);
    answer->origin = std::move(origin_);
    return UnreadResult([answer] { return Read(std::move(*answer)); });
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
    if (run.end == EngineRun::End::kDone && run.lines.size() != origin_.size()) {
      run.end = EngineRun::End::kFailed;
      run.reason = NotOfTheBlock().message();
    }
    switch (run.end) {
      case EngineRun::End::kDone:
        lines_ = std::move(run.lines);
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
  std::vector<std::string> lines_;  // of the run that went well
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

Result<UnreadResult> BlockRunner::Measure(const v1::Block& block, const OnProgress& on_progress,
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

Result<v1::BlockResult> BlockRunner::Run(const v1::Block& block, const OnProgress& on_progress,
                                         const std::stop_token& stop) {
  QF_ASSIGN_OR_RETURN(const UnreadResult unread, Measure(block, on_progress, stop));
  return unread();
}

}  // namespace quantfleet::agent
