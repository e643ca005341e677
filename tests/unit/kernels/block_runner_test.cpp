// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/engine/block_runner.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernels/engine/random.hpp"

namespace quantfleet::engine {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

// Time that passes only when a call is sampled.
class FakeClock final : public Clock {
 public:
  Duration Now() const override { return now; }
  void SleepFor(Duration duration) override { now += duration; }
  Duration now = std::chrono::seconds(1);
};

// What an arm of the fake workload does, by its format.
struct Behaviour {
  double seconds = 1e-3;
  double noise = 0.001;
  double kernel_error = 0;
  Status prepare = OkStatus();
  Status run = OkStatus();
  bool has_output = true;
};

class FakeArm final : public PreparedArm {
 public:
  explicit FakeArm(const Behaviour& behaviour) : behaviour_(behaviour) {
    cost_.rotation_copies = 4;
  }
  std::string_view kernel_used() const override { return "fake"; }
  const ArmCost& cost() const override { return cost_; }
  std::string_view weight_distribution() const override { return "none"; }
  Status Run(uint32_t) override { return behaviour_.run; }
  bool has_output() const override { return behaviour_.has_output; }
  Status PoisonOutput() override { return OkStatus(); }
  Result<std::vector<float>> ReadOutput() override { return std::vector<float>{1}; }
  Result<OutputError> Compare(const std::vector<float>&) override {
    OutputError error;
    error.kernel_relative = behaviour_.kernel_error;
    error.kernel_tolerance = 1e-3;
    error.output_tolerance = 1;
    return error;
  }
  double NextSeconds() {
    return behaviour_.seconds * (1 + behaviour_.noise * RandomNormal(1, 1, calls_++));
  }

 private:
  Behaviour behaviour_;
  ArmCost cost_;
  uint64_t calls_ = 0;
};

class FakeDevice final : public Device {
 public:
  explicit FakeDevice(FakeClock& clock) : clock_(clock) {}
  const DeviceInfo& info() const override { return info_; }
  Fingerprint TakeFingerprint() const override { return {}; }
  Result<std::unique_ptr<DeviceBuffer>> Allocate(uint64_t) override { return Internal("none"); }
  Status Upload(DeviceBuffer&, uint64_t, std::span<const std::byte>) override { return OkStatus(); }
  Status Download(DeviceBuffer&, uint64_t, std::span<std::byte>) override { return OkStatus(); }
  Status Copy(DeviceBuffer&, uint64_t, uint64_t, uint64_t) override { return OkStatus(); }
  uint64_t cold_span_bytes() const override { return 0; }
  uint64_t weight_cache_bytes() const override { return 0; }
  Status Sample(PreparedArm& arm, uint32_t, std::span<CallTime> times) override {
    for (CallTime& time : times) {
      QF_RETURN_IF_ERROR(arm.Run(0));
      time.device_seconds = static_cast<FakeArm&>(arm).NextSeconds();
      time.host_seconds = time.device_seconds + 1e-5;
      clock_.now += FromSeconds(time.host_seconds);
      if (++samples == cancel_after) stop.request_stop();
    }
    return OkStatus();
  }
  Status Synchronize() override { return OkStatus(); }
  ClockReading ReadClock() override { return {next_clock(), 1e9, false, false}; }
  EnergyReading ReadEnergy() override {
    if (watts <= 0) return {};
    return {watts * ToSeconds(clock_.Now()), 0.9, std::nullopt, "fake"};
  }
  Result<Ceilings> Calibrate(Duration, std::stop_token) override { return Ceilings{}; }

  std::function<double()> next_clock = [] { return 1e9; };
  double watts = 0;
  std::stop_source stop;
  uint64_t samples = 0;
  uint64_t cancel_after = UINT64_MAX;

 private:
  FakeClock& clock_;
  DeviceInfo info_;
};

class FakeOperation final : public Operation {
 public:
  std::string_view workload() const override { return "linear"; }
  std::vector<KernelSupport> Support() const override { return {}; }
  Result<std::unique_ptr<PreparedArm>> Prepare(const ArmSpec& spec) override {
    const Behaviour& behaviour = behaviours.at(spec.format);
    if (!behaviour.prepare.ok()) return behaviour.prepare;
    return std::unique_ptr<PreparedArm>(std::make_unique<FakeArm>(behaviour));
  }
  void DropCaches() override {}
  std::map<std::string, Behaviour> behaviours;
};

class BlockRunnerTest : public ::testing::Test {
 protected:
  BlockRunnerTest() : device_(clock_) {
    auto operation = std::make_unique<FakeOperation>();
    operation_ = operation.get();
    operations_.push_back(std::move(operation));
    block_.policy = {.relative_interval = 0.02,
                     .confidence = 0.95,
                     .max_seconds = 0.5,
                     .min_seconds = 0.05,
                     .min_samples = 10,
                     .min_rounds = 5,
                     .max_rounds = 1000};
    block_.order_seed = 11;
  }

  void AddArm(const std::string& format, ArmRole role, Behaviour behaviour) {
    operation_->behaviours[format] = std::move(behaviour);
    BlockArm arm;
    arm.index = static_cast<uint32_t>(block_.arms.size());
    arm.arm_id = "arm-" + format;
    arm.spec = {"linear", format, "fused", "cold", 1, LinearShape{1, 1, 1}};
    arm.role = role;
    block_.arms.push_back(arm);
  }

  Result<std::vector<Measurement>> Run() {
    BlockRunner runner(device_, operations_, &clock_, [this] {
      const double now = ToSeconds(clock_.Now());
      return ProcessorTimes{now * (others_ + 0.25), now, now * 0.25};
    });
    return runner.Run(block_, device_.stop.get_token(),
                      [this](const Progress& progress) { progress_.push_back(progress); });
  }

  FakeClock clock_;
  // Share of the host's processors that other processes take.
  double others_ = 0;
  FakeDevice device_;
  FakeOperation* operation_ = nullptr;
  std::vector<std::unique_ptr<Operation>> operations_;
  Block block_;
  std::vector<Progress> progress_;
};

TEST_F(BlockRunnerTest, TakesPartsWithoutAnOutputIntoTheRoundsUnchecked) {
  AddArm("a", ArmRole::kBaseline, {});
  // Its error is beyond every tolerance: nobody may look.
  AddArm("part", ArmRole::kAblation, {.kernel_error = 9, .has_output = false});
  AddArm("wrong", ArmRole::kAblation, {.kernel_error = 9});
  device_.next_clock = [this] { return device_.samples % 2 == 0 ? 1e9 : 0.9e9; };
  const auto result = Run();
  ASSERT_TRUE(result.ok()) << result.status().ToString();
  const Measurement& part = result->at(1);
  EXPECT_EQ(part.outcome, Outcome::kMeasured) << part.reason;
  EXPECT_FALSE(part.error.has_value());
  EXPECT_GE(part.rounds.size(), 5U);
  EXPECT_EQ(part.rounds.front().number, 0U);
  ASSERT_TRUE(part.clock_fraction.has_value());
  EXPECT_GE(*part.clock_fraction, 0.9);
  EXPECT_LE(*part.clock_fraction, 1.0);
  // A part that has an output is held to it.
  EXPECT_EQ(result->at(2).outcome, Outcome::kInvalid);
}

TEST_F(BlockRunnerTest, RefusesToCompareWhatHasNoOutput) {
  AddArm("a", ArmRole::kBaseline, {});
  AddArm("part", ArmRole::kCandidate, {.has_output = false});
  const auto result = Run();
  ASSERT_TRUE(result.ok()) << result.status().ToString();
  EXPECT_EQ(result->at(1).outcome, Outcome::kFailed);
  EXPECT_THAT(result->at(1).reason, HasSubstr("ARM_ROLE_ABLATION"));
}

TEST_F(BlockRunnerTest, MeasuresEveryArmInPairedRoundsOfRandomOrder) {
  AddArm("a", ArmRole::kBaseline, {});
  AddArm("b", ArmRole::kCandidate, {.seconds = 5e-4});
  AddArm("c", ArmRole::kCandidate, {.seconds = 2e-3});
  const auto result = Run();
  ASSERT_TRUE(result.ok()) << result.status().ToString();
  ASSERT_EQ(result->size(), 3U);
  std::set<std::vector<uint32_t>> orders;
  for (const Measurement& m : *result) {
    EXPECT_EQ(m.outcome, Outcome::kMeasured);
    EXPECT_EQ(m.stop_reason, StopReason::kIntervalReached);
    EXPECT_EQ(m.grade, Grade::kA) << ::testing::PrintToString(m.grade_reasons);
    EXPECT_GE(m.summary->samples, 10U);
    EXPECT_GT(m.warmup_seconds, 0);
    EXPECT_GT(m.host_median_seconds, m.summary->median_seconds);
    ASSERT_GE(m.rounds.size(), 5U);
  }
  EXPECT_NEAR((*result)[1].summary->median_seconds, 5e-4, 1e-6);
  for (size_t round = 0; round < 5; ++round) {
    std::vector<uint32_t> order;
    for (const Measurement& m : *result) {
      EXPECT_EQ(m.rounds[round].number, round);
      order.push_back(m.rounds[round].position);
    }
    orders.insert(order);
    std::sort(order.begin(), order.end());
    EXPECT_EQ(order, (std::vector<uint32_t>{0, 1, 2}));
  }
  EXPECT_GT(orders.size(), 1U);
}

TEST_F(BlockRunnerTest, TakesTheEnergyOfCallsWhereTheDeviceCountsIt) {
  AddArm("a", ArmRole::kBaseline, {});
  AddArm("b", ArmRole::kCandidate, {.seconds = 5e-4});
  device_.watts = 100;
  const auto result = Run();
  ASSERT_TRUE(result.ok()) << result.status().ToString();
  ASSERT_TRUE((*result)[1].energy.has_value());
  const Energy& energy = *(*result)[1].energy;
  // A call takes its device's time and 10 us of the host's.
  EXPECT_NEAR(energy.joules_per_call, 100 * 5.1e-4, 1e-3);
  EXPECT_NEAR(energy.mean_watts, 100, 1e-6);
  EXPECT_GE(energy.seconds, 0.5);
  EXPECT_GT(energy.calls, 900U);
  EXPECT_EQ(energy.compute_utilization, 0.9);
  EXPECT_FALSE(energy.memory_utilization.has_value());
  EXPECT_EQ(energy.source, "fake");
}

TEST_F(BlockRunnerTest, NeedsNoEnergyCounter) {
  AddArm("a", ArmRole::kBaseline, {});
  const auto result = Run();
  ASSERT_TRUE(result.ok()) << result.status().ToString();
  EXPECT_FALSE((*result)[0].energy.has_value());
}

TEST_F(BlockRunnerTest, GradesDownWhatWasMeasuredOnABusyHost) {
  AddArm("a", ArmRole::kBaseline, {});
  others_ = 0.6;
  const auto result = Run();
  ASSERT_TRUE(result.ok()) << result.status().ToString();
  EXPECT_EQ((*result)[0].grade, Grade::kD);
  EXPECT_THAT((*result)[0].grade_reasons, testing::ElementsAre("host_overloaded"));
}

TEST_F(BlockRunnerTest, TheBaselineGoesOnAsLongAsAnyCandidate) {
  AddArm("quiet", ArmRole::kBaseline, {});
  AddArm("loud", ArmRole::kCandidate, {.noise = 0.2});
  block_.policy.relative_interval = 0.01;
  const auto result = Run();
  ASSERT_TRUE(result.ok());
  const Measurement& baseline = (*result)[0];
  const Measurement& candidate = (*result)[1];
  EXPECT_EQ(baseline.stop_reason, StopReason::kIntervalReached);
  EXPECT_GT(candidate.rounds.size(), 5U);
  EXPECT_EQ(baseline.rounds.size(), candidate.rounds.size());
}

TEST_F(BlockRunnerTest, WrongOutputIsInvalidAndNeverTimed) {
  AddArm("right", ArmRole::kBaseline, {});
  AddArm("wrong", ArmRole::kCandidate, {.kernel_error = 0.5});
  AddArm("nan", ArmRole::kCandidate, {.kernel_error = std::nan("")});
  const auto result = Run();
  ASSERT_TRUE(result.ok());
  EXPECT_EQ((*result)[0].outcome, Outcome::kMeasured);
  for (const size_t i : {1U, 2U}) {
    EXPECT_EQ((*result)[i].outcome, Outcome::kInvalid);
    EXPECT_EQ((*result)[i].grade, Grade::kF);
    EXPECT_TRUE((*result)[i].rounds.empty());
    EXPECT_FALSE((*result)[i].summary.has_value());
    EXPECT_TRUE((*result)[i].error.has_value());
    EXPECT_THAT((*result)[i].reason, HasSubstr("output error"));
  }
}

TEST_F(BlockRunnerTest, EachFailureIsItsOwnOutcome) {
  AddArm("good", ArmRole::kBaseline, {});
  AddArm("unsupported", ArmRole::kCandidate, {.prepare = Unimplemented("needs sm_89")});
  AddArm("memory", ArmRole::kCandidate, {.prepare = ResourceExhausted("10 GiB")});
  AddArm("broken", ArmRole::kCandidate, {.run = Internal("launch failed")});
  const auto result = Run();
  ASSERT_TRUE(result.ok());
  EXPECT_EQ((*result)[0].outcome, Outcome::kMeasured);
  EXPECT_EQ((*result)[1].outcome, Outcome::kUnsupported);
  EXPECT_EQ((*result)[1].reason, "needs sm_89");
  EXPECT_EQ((*result)[2].outcome, Outcome::kOutOfMemory);
  EXPECT_EQ((*result)[3].outcome, Outcome::kFailed);
  EXPECT_EQ((*result)[3].reason, "launch failed");
}

TEST_F(BlockRunnerTest, SetsAsideWhatASlowClockMeasured) {
  AddArm("a", ArmRole::kBaseline, {});
  int reading = 0;
  device_.next_clock = [&] { return ++reading <= 4 ? 0.5e9 : 1e9; };
  const auto result = Run();
  ASSERT_TRUE(result.ok());
  const Measurement& m = (*result)[0];
  EXPECT_GT(m.summary->set_aside, 0U);
  EXPECT_GT(m.rounds.front().number, 0U);
  EXPECT_THAT(m.grade_reasons, Contains("set_aside"));
  EXPECT_GE(m.summary->samples, 10U);
}

TEST_F(BlockRunnerTest, AClockThatNeverRecoversGivesSamplesGradedD) {
  AddArm("a", ArmRole::kBaseline, {});
  device_.next_clock = [] { return 0.5e9; };
  const auto result = Run();
  ASSERT_TRUE(result.ok());
  EXPECT_GE((*result)[0].summary->samples, 10U);
  EXPECT_EQ((*result)[0].grade, Grade::kD);
  EXPECT_THAT((*result)[0].grade_reasons, Contains("throttled"));
}

TEST_F(BlockRunnerTest, CancelEndsTheBlockWithinAVisit) {
  AddArm("a", ArmRole::kBaseline, {});
  device_.cancel_after = 50;
  const auto result = Run();
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.status().code(), StatusCode::kCancelled);
  EXPECT_LT(device_.samples, 100U);
}

TEST_F(BlockRunnerTest, ProgressNamesEveryArmBeforeMeasuringAndThenKeepsQuiet) {
  AddArm("a", ArmRole::kBaseline, {.noise = 0.3});
  AddArm("b", ArmRole::kCandidate, {.noise = 0.3});
  const Duration begin = clock_.now;
  ASSERT_TRUE(Run().ok());
  ASSERT_GE(progress_.size(), 2U);
  // A crash is blamed on the arm named last: each is named before its first call.
  for (const char* phase : {"prepare", "check"}) {
    for (uint32_t arm = 0; arm < 2; ++arm) {
      EXPECT_TRUE(
          std::any_of(progress_.begin(), progress_.end(),
                      [&](const Progress& p) { return p.phase == phase && p.arm_index == arm; }))
          << phase << " " << arm;
    }
  }
  const auto measuring = std::count_if(progress_.begin(), progress_.end(),
                                       [](const Progress& p) { return p.phase == "measure"; });
  EXPECT_LE(static_cast<double>(measuring), 2 + 5 * ToSeconds(clock_.now - begin));
  for (size_t i = 1; i < progress_.size(); ++i) {
    EXPECT_GE(progress_[i].fraction, progress_[i - 1].fraction);
    EXPECT_LE(progress_[i].fraction, 1);
  }
}

TEST_F(BlockRunnerTest, TheSameSeedGivesTheSameOrder) {
  AddArm("a", ArmRole::kBaseline, {});
  AddArm("b", ArmRole::kCandidate, {});
  AddArm("c", ArmRole::kCandidate, {});
  const auto positions = [](const std::vector<Measurement>& measurements) {
    std::vector<uint32_t> all;
    for (const Measurement& m : measurements) {
      for (size_t i = 0; i < 5; ++i) all.push_back(m.rounds[i].position);
    }
    return all;
  };
  const auto first = positions(*Run());
  EXPECT_EQ(positions(*Run()), first);
  block_.order_seed = 12;
  EXPECT_NE(positions(*Run()), first);
}

TEST_F(BlockRunnerTest, RefusesBlocksThatMakeNoSense) {
  EXPECT_EQ(Run().status().code(), StatusCode::kInvalidArgument);  // No arms.
  AddArm("a", ArmRole::kBaseline, {});
  const Block good = block_;
  block_.arms[0].index = 3;
  EXPECT_THAT(Run().status().message(), HasSubstr("arms[0].index"));
  block_ = good;
  block_.policy.confidence = 1;
  EXPECT_THAT(Run().status().message(), HasSubstr("confidence"));
  block_ = good;
  block_.policy.relative_interval = std::nan("");
  EXPECT_THAT(Run().status().message(), HasSubstr("relativeInterval"));
  block_ = good;
  block_.policy.max_seconds = 0.01;
  EXPECT_THAT(Run().status().message(), HasSubstr("minSeconds"));
}

}  // namespace
}  // namespace quantfleet::engine
