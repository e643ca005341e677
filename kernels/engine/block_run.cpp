// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/engine/block_run.hpp"

#include <algorithm>
#include <cmath>
#include <new>
#include <numeric>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>

#include "kernels/engine/fault.hpp"
#include "kernels/engine/random.hpp"
#include "kernels/engine/statistics.hpp"

namespace quantfleet::engine {
namespace {

// Shares of the progress bar.
constexpr double kSetupShare = 0.3;
constexpr auto kReportEvery = std::chrono::milliseconds(200);
// Warm-up: windows of calls until two in a row agree, with a cap. A GPU's clock needs longer to
// rise than a CPU's caches and branch predictors to fill.
constexpr double kSettled = 0.05;
constexpr double kWindowSeconds = 0.002;
constexpr double kCpuWarmUpCap = 0.03;
constexpr double kGpuWarmUpCap = 0.25;
constexpr uint32_t kMostWindowCalls = 256;
// A clock below this part of its reference sets a visit aside (nvbench's throttle rule).
constexpr double kThrottled = 0.75;
// Visits set aside one after the other before samples are taken as they come, graded down.
constexpr uint32_t kMostSetAside = 10;
// NVML's counter advances in steps of 20 to 100 ms; this window holds several.
constexpr double kEnergySeconds = 0.5;
constexpr auto kRecovery = std::chrono::milliseconds(20);
// Longer calls make no warm call of their own at the start of a visit.
constexpr double kShortCall = 0.005;

Outcome OutcomeOf(const Status& status) {
  switch (status.code()) {
    case StatusCode::kUnimplemented:
      return Outcome::kUnsupported;
    case StatusCode::kResourceExhausted:
      return Outcome::kOutOfMemory;
    default:
      return Outcome::kFailed;
  }
}

bool WithinTolerance(const OutputError& error) {
  // Written so that NaN fails.
  return error.kernel_relative <= error.kernel_tolerance &&
         error.output_relative <= error.output_tolerance;
}

std::string WhyInvalid(const OutputError& error) {
  std::ostringstream text;
  text << "output error: kernel " << error.kernel_relative << " (at most " << error.kernel_tolerance
       << "), output " << error.output_relative << " (at most " << error.output_tolerance << ")";
  return text.str();
}

}  // namespace

BlockRun::BlockRun(Device& device, std::span<const std::unique_ptr<Operation>> operations,
                   Host host, const Block& block, std::stop_token stop,
                   const std::function<void(const Progress&)>& on_progress)
    : device_(device),
      operations_(operations),
      host_(std::move(host)),
      block_(block),
      stop_(std::move(stop)),
      on_progress_(on_progress) {
  for (const BlockArm& spec : block.arms) {
    Arm arm{&spec, nullptr, {}, StopRule(block.policy), {}, {}, {}, {}};
    arm.measurement.arm_index = spec.index;
    arm.measurement.arm_id = spec.arm_id;
    arms_.push_back(std::move(arm));
  }
}

void BlockRun::Report(const Arm* arm, const char* phase, double fraction) {
  fraction_ = std::clamp(fraction, fraction_, 1.0);
  const Duration now = host_.clock->Now();
  const uint32_t index = arm != nullptr ? arm->spec->index : 0;
  // A crash is blamed on the arm named last, and what crashes does so at its first call: before
  // measuring every change is told. While measuring, lines would disturb what is measured.
  const bool changed = index != reported_arm_ || phase != reported_phase_;
  const bool must = changed && std::string_view(phase) != "measure";
  if (!must && last_report_ != Duration{} && now - last_report_ < kReportEvery) return;
  last_report_ = now;
  reported_arm_ = index;
  reported_phase_ = phase;
  on_progress_({index, phase, fraction_});
}

void BlockRun::Fail(Arm& arm, const Status& status) {
  arm.active = false;
  arm.prepared.reset();
  arm.measurement.outcome = OutcomeOf(status);
  arm.measurement.reason = status.message();
  arm.measurement.rounds.clear();
}

Status BlockRun::Prepare(Arm& arm) {
  const ArmSpec& spec = arm.spec->spec;
  if (FaultAtArm(arm.spec->index)) return ResourceExhausted("no memory: a fault was asked for");
  const auto found =
      std::find_if(operations_.begin(), operations_.end(),
                   [&](const auto& operation) { return operation->workload() == spec.workload; });
  if (found == operations_.end()) {
    return Unimplemented("this engine has no workload \"" + spec.workload + "\"");
  }
  try {
    QF_ASSIGN_OR_RETURN(arm.prepared, (*found)->Prepare(spec));
  } catch (const std::bad_alloc&) {
    return ResourceExhausted("the host has no memory for this arm");
  }
  // Only what can be checked may be compared.
  if (!arm.prepared->has_output() && arm.spec->role != ArmRole::kAblation) {
    return InvalidArgument("kernel \"" + spec.kernel +
                           "\" is a part of a product without an output: only an arm of role "
                           "ARM_ROLE_ABLATION may run it");
  }
  Measurement& m = arm.measurement;
  const ArmCost& cost = arm.prepared->cost();
  m.kernel_used = arm.prepared->kernel_used();
  m.weight_bytes = cost.weight_bytes;
  m.bits_per_weight = cost.bits_per_weight;
  m.moved_bytes = cost.moved_bytes;
  m.operations = cost.operations;
  m.rotation_copies = cost.rotation_copies;
  m.working_set_bytes = cost.working_set_bytes;
  m.weight_distribution = arm.prepared->weight_distribution();
  m.activation_distribution = arm.prepared->activation_distribution();
  arm.active = true;
  return OkStatus();
}

Status BlockRun::Check(Arm& arm) {
  // The last copy too: the copies may differ, and a kernel may only work on the first.
  const uint32_t last = arm.prepared->cost().rotation_copies - 1;
  for (const uint32_t copy : {last, 0U}) {
    QF_RETURN_IF_ERROR(CheckCopy(arm, copy));
    if (!arm.active || last == 0) break;
  }
  return OkStatus();
}

Status BlockRun::CheckCopy(Arm& arm, uint32_t copy) {
  const bool has_output = arm.prepared->has_output();
  if (has_output) QF_RETURN_IF_ERROR(arm.prepared->PoisonOutput());
  QF_RETURN_IF_ERROR(arm.prepared->Run(copy));
  QF_RETURN_IF_ERROR(device_.Synchronize());
  if (!has_output) return OkStatus();
  QF_ASSIGN_OR_RETURN(const std::vector<float> output, arm.prepared->ReadOutput());
  QF_ASSIGN_OR_RETURN(arm.measurement.error, arm.prepared->Compare(output));
  if (WithinTolerance(*arm.measurement.error)) return OkStatus();
  arm.active = false;
  arm.prepared.reset();
  arm.measurement.outcome = Outcome::kInvalid;
  arm.measurement.reason = WhyInvalid(*arm.measurement.error);
  arm.measurement.grade = Grade::kF;
  arm.measurement.grade_reasons = {"output_wrong"};
  return OkStatus();
}

Status BlockRun::WarmUp(Arm& arm) {
  const Duration begin = host_.clock->Now();
  const bool gpu = device_.info().kind == DeviceKind::kCuda;
  const Duration cap = FromSeconds(gpu ? kGpuWarmUpCap : kCpuWarmUpCap);
  double former = 0;
  uint32_t calls = 1;
  while (true) {
    std::vector<CallTime> times(calls);
    QF_RETURN_IF_ERROR(device_.Sample(*arm.prepared, arm.prepared->TakeCopies(calls), times));
    std::vector<double> seconds;
    for (const CallTime& time : times) seconds.push_back(time.device_seconds);
    arm.call_seconds = Median(std::move(seconds));
    const bool settled = former > 0 && std::abs(arm.call_seconds - former) <= kSettled * former;
    if (settled || host_.clock->Now() - begin >= cap || stop_.stop_requested()) break;
    former = arm.call_seconds;
    const double fitting = arm.call_seconds > 0 ? kWindowSeconds / arm.call_seconds : 1;
    calls = static_cast<uint32_t>(std::clamp<double>(fitting, 1, kMostWindowCalls));
  }
  arm.visit_samples = SamplesPerVisit(block_.policy, arm.call_seconds);
  arm.measurement.warmup_seconds = ToSeconds(host_.clock->Now() - begin);
  return OkStatus();
}

bool BlockRun::SetAside(Arm& arm, const ClockReading& before, const ClockReading& after,
                        size_t samples) {
  bool slow = before.throttled || after.throttled;
  for (const ClockReading& reading : {before, after}) {
    if (reading.current <= 0 || reading.reference <= 0) continue;
    const double part = reading.current / reading.reference;
    arm.evidence.slowest_clock =
        arm.evidence.slowest_clock == 0 ? part : std::min(arm.evidence.slowest_clock, part);
    arm.evidence.fastest_clock = std::max(arm.evidence.fastest_clock, part);
    slow |= part < kThrottled;
  }
  arm.evidence.foreign_process |= before.foreign_process || after.foreign_process;
  if (!slow) return false;
  if (arm.set_aside >= kMostSetAside * arm.visit_samples) {
    arm.evidence.throttled = true;
    return false;
  }
  arm.set_aside += static_cast<uint32_t>(samples);
  return true;
}

Status BlockRun::Visit(Arm& arm, uint32_t round, uint32_t position) {
  if (arm.call_seconds < kShortCall) {
    CallTime unused;
    QF_RETURN_IF_ERROR(
        device_.Sample(*arm.prepared, arm.prepared->TakeCopies(1), std::span(&unused, 1)));
  }
  const ClockReading before = device_.ReadClock();
  std::vector<CallTime> times(arm.visit_samples);
  QF_RETURN_IF_ERROR(
      device_.Sample(*arm.prepared, arm.prepared->TakeCopies(arm.visit_samples), times));
  const ClockReading after = device_.ReadClock();
  if (SetAside(arm, before, after, times.size())) {
    host_.clock->SleepFor(kRecovery);
    return OkStatus();
  }
  for (const ClockReading& reading : {before, after}) {
    if (reading.current <= 0 || reading.reference <= 0) continue;
    arm.clock_fractions.push_back(reading.current / reading.reference);
  }
  Round taken{round, position, {}};
  for (const CallTime& time : times) {
    taken.seconds.push_back(time.device_seconds);
    arm.samples.push_back(time.device_seconds);
    arm.host_seconds.push_back(time.host_seconds);
    arm.sampled_seconds += time.device_seconds;
  }
  arm.measurement.rounds.push_back(std::move(taken));
  const StopReason reason = arm.stop_rule.Judge(arm.samples, arm.sampled_seconds);
  // The first reason stands: baseline and null go on for the others' sake.
  if (arm.measurement.stop_reason == StopReason::kUnspecified) arm.measurement.stop_reason = reason;
  return OkStatus();
}

bool BlockRun::AnyCandidateActive() const {
  return std::any_of(arms_.begin(), arms_.end(), [](const Arm& arm) {
    return arm.active && arm.measurement.stop_reason == StopReason::kUnspecified;
  });
}

std::vector<BlockRun::Arm*> BlockRun::OrderOf(uint32_t round) {
  std::vector<Arm*> order;
  for (Arm& arm : arms_) {
    const bool paired = arm.spec->role == ArmRole::kBaseline || arm.spec->role == ArmRole::kNull;
    const bool wanted = paired || arm.measurement.stop_reason == StopReason::kUnspecified;
    if (arm.active && wanted) order.push_back(&arm);
  }
  // Fisher and Yates, from the block's seed: the order can be made again from the record.
  for (size_t i = order.size(); i > 1; --i) {
    const uint32_t j = RandomBelow(block_.order_seed, round, i, static_cast<uint32_t>(i));
    std::swap(order[i - 1], order[j]);
  }
  return order;
}

void BlockRun::SampleRounds() {
  const auto expected =
      static_cast<double>(arms_.size()) * std::max(block_.policy.max_seconds, 1e-3);
  for (uint32_t round = 0; AnyCandidateActive() && !stop_.stop_requested(); ++round) {
    uint32_t position = 0;
    for (Arm* arm : OrderOf(round)) {
      if (stop_.stop_requested()) return;
      if (const Status status = Visit(*arm, round, position++); !status.ok()) Fail(*arm, status);
      double done = 0;
      for (const Arm& any : arms_) {
        const bool over = !any.active || any.measurement.stop_reason != StopReason::kUnspecified;
        done += over ? block_.policy.max_seconds
                     : std::min(any.sampled_seconds, block_.policy.max_seconds);
      }
      Report(arm, "measure", kSetupShare + (1 - kSetupShare) * done / expected);
    }
  }
}

Status BlockRun::MeasureEnergy(Arm& arm) {
  const EnergyReading before = device_.ReadEnergy();
  if (!before.joules) return OkStatus();
  Energy energy;
  const Duration begin = host_.clock->Now();
  do {
    std::vector<CallTime> times(arm.visit_samples);
    QF_RETURN_IF_ERROR(
        device_.Sample(*arm.prepared, arm.prepared->TakeCopies(arm.visit_samples), times));
    energy.calls += times.size();
    energy.seconds = ToSeconds(host_.clock->Now() - begin);
  } while (energy.seconds < kEnergySeconds && !stop_.stop_requested());
  const EnergyReading after = device_.ReadEnergy();
  if (!after.joules || !(*after.joules > *before.joules)) return OkStatus();
  const double joules = *after.joules - *before.joules;
  energy.joules_per_call = joules / static_cast<double>(energy.calls);
  energy.mean_watts = joules / energy.seconds;
  energy.compute_utilization = after.compute_utilization;
  energy.memory_utilization = after.memory_utilization;
  energy.source = after.source;
  arm.measurement.energy = energy;
  return OkStatus();
}

void BlockRun::Finish(Arm& arm, double host_busy) {
  if (!arm.active) return;
  Measurement& m = arm.measurement;
  m.outcome = Outcome::kMeasured;
  m.summary = Summarize(arm.samples, block_.policy.confidence);
  m.summary->set_aside = arm.set_aside;
  if (!arm.clock_fractions.empty()) {
    m.clock_fraction =
        std::accumulate(arm.clock_fractions.begin(), arm.clock_fractions.end(), 0.0) /
        static_cast<double>(arm.clock_fractions.size());
  }
  if (!arm.host_seconds.empty()) m.host_median_seconds = Median(std::move(arm.host_seconds));
  arm.evidence.host_busy = host_busy;
  GradeMeasurement(arm.spec->spec, arm.evidence, &m);
}

Result<std::vector<Measurement>> BlockRun::Run() {
  using Step = Status (BlockRun::*)(Arm&);
  struct Phase {
    const char* name;
    Step step;
  };
  const double steps = 3 * static_cast<double>(arms_.size());
  double done = 0;
  // Phase by phase: all outputs are known to be right before anything is timed.
  for (const Phase& phase : {Phase{"prepare", &BlockRun::Prepare}, Phase{"check", &BlockRun::Check},
                             Phase{"warm_up", &BlockRun::WarmUp}}) {
    for (Arm& arm : arms_) {
      if (stop_.stop_requested()) return Status(StatusCode::kCancelled, "the block was cancelled");
      Report(&arm, phase.name, kSetupShare * done++ / steps);
      if (!arm.active && phase.step != &BlockRun::Prepare) continue;
      if (const Status status = (this->*phase.step)(arm); !status.ok()) Fail(arm, status);
    }
  }
  const HostLoad load(host_.processors);
  SampleRounds();
  if (stop_.stop_requested()) return Status(StatusCode::kCancelled, "the block was cancelled");
  const double host_busy = load.ForeignShare();
  for (Arm& arm : arms_) {
    if (!arm.active || stop_.stop_requested()) continue;
    if (const Status status = MeasureEnergy(arm); !status.ok()) Fail(arm, status);
  }
  std::vector<Measurement> measurements;
  for (Arm& arm : arms_) {
    Finish(arm, host_busy);
    measurements.push_back(std::move(arm.measurement));
  }
  return measurements;
}

}  // namespace quantfleet::engine
