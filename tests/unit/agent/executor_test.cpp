// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <memory>
#include <set>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/executor/block_runner.hpp"
#include "agent/executor/device_executor.hpp"
#include "agent/executor/engine_json.hpp"
#include "agent/executor/host_lock.hpp"
#include "agent/probe/probe.hpp"
#include "base/ids.hpp"

namespace quantfleet::agent {
namespace {

using ::testing::HasSubstr;

EngineOptions FakeEngine() {
  return {QUANTFLEET_FAKE_ENGINE, "cpu", 1};
}

// A path below the system's temporary folder that is not there.
std::string FreshPath() {
  return std::filesystem::temp_directory_path() / RandomId("quantfleet-test-");
}

class ExecutorTest : public ::testing::Test {
 protected:
  ExecutorTest() {
    block_.set_block_id("block");
    for (const char* id : {"baseline", "first", "second"}) AddArm(id);
  }
  ~ExecutorTest() override { std::filesystem::remove(once_); }

  void AddArm(const std::string& id) {
    v1::BlockArm& arm = *block_.add_arms();
    arm.set_index(static_cast<uint32_t>(block_.arms_size() - 1));
    arm.set_arm_id(id);
  }
  void SetFault(int arm, const std::string& fault) {
    (*block_.mutable_arms(arm)->mutable_labels())["fault"] = fault;
  }
  void SetFaultOnce(int arm, const std::string& fault) {
    SetFault(arm, fault);
    (*block_.mutable_arms(arm)->mutable_labels())["once"] = once_;
  }
  Result<v1::BlockResult> Run(double silence_seconds = 60) {
    return BlockRunner(FakeEngine(), silence_seconds).Run(block_, nullptr, stop_.get_token());
  }
  // The result has one measurement an arm, in order, those measured from one process.
  void CheckShape(const Result<v1::BlockResult>& result) {
    ASSERT_TRUE(result.ok()) << result.status().ToString();
    ASSERT_EQ(result->measurements_size(), block_.arms_size());
    std::set<std::string> processes;
    for (int i = 0; i < block_.arms_size(); ++i) {
      const v1::Measurement& measurement = result->measurements(i);
      EXPECT_EQ(measurement.arm_index(), static_cast<uint32_t>(i));
      EXPECT_EQ(measurement.arm_id(), block_.arms(i).arm_id());
      if (measurement.outcome() == v1::OUTCOME_MEASURED)
        processes.insert(measurement.kernel_used());
    }
    EXPECT_LE(processes.size(), 1U);
    EXPECT_THAT(result->run_id(), ::testing::StartsWith("run_"));
  }

  v1::Block block_;
  std::stop_source stop_;
  const std::string once_ = FreshPath();
};

TEST_F(ExecutorTest, MeasuresEveryArmOnce) {
  const auto result = Run();
  CheckShape(result);
  for (const auto& measurement : result->measurements()) {
    EXPECT_EQ(measurement.outcome(), v1::OUTCOME_MEASURED);
  }
  const std::string pid = result->fingerprint().values().at("engine.pid");
  EXPECT_EQ(result->measurements(0).kernel_used(), "pid " + pid);
}

TEST_F(ExecutorTest, AFirstCrashCostsOnlyAnAttempt) {
  SetFaultOnce(1, "crash");
  const auto result = Run();
  CheckShape(result);
  for (const auto& measurement : result->measurements()) {
    EXPECT_EQ(measurement.outcome(), v1::OUTCOME_MEASURED);
  }
}

struct Failure {
  const char* fault;
  v1::Outcome outcome;
  const char* reason;
};

class FailureTest : public ExecutorTest, public ::testing::WithParamInterface<Failure> {};

TEST_P(FailureTest, ParksTheArmAndMeasuresTheOthers) {
  SetFault(1, GetParam().fault);
  const auto result = Run(GetParam().outcome == v1::OUTCOME_TIMED_OUT ? 0.3 : 60);
  CheckShape(result);
  EXPECT_EQ(result->measurements(0).outcome(), v1::OUTCOME_MEASURED);
  EXPECT_EQ(result->measurements(1).outcome(), GetParam().outcome);
  EXPECT_THAT(result->measurements(1).reason(), HasSubstr(GetParam().reason));
  EXPECT_EQ(result->measurements(2).outcome(), v1::OUTCOME_MEASURED);
}

INSTANTIATE_TEST_SUITE_P(
    Faults, FailureTest,
    ::testing::Values(Failure{"crash", v1::OUTCOME_CRASHED, "last words of the engine"},
                      Failure{"hang", v1::OUTCOME_TIMED_OUT, "does not answer"},
                      Failure{"chatter", v1::OUTCOME_TIMED_OUT, "does not answer"},
                      Failure{"out_of_memory", v1::OUTCOME_OUT_OF_MEMORY, "bad_alloc"},
                      Failure{"exit", v1::OUTCOME_CRASHED, "exit status 7"},
                      Failure{"cut_off", v1::OUTCOME_CRASHED, "exit status 0"},
                      Failure{"flood", v1::OUTCOME_FAILED, "the engine sent"},
                      Failure{"error", v1::OUTCOME_FAILED, "a reason"},
                      Failure{"garbage", v1::OUTCOME_FAILED, "unheardOf"}),
    [](const auto& tested) { return tested.param.fault; });

TEST_F(ExecutorTest, TellsHowLongTheDeviceWaitedBetweenBlocks) {
  BlockRunner runner(FakeEngine(), 60);
  EXPECT_FALSE(runner.LastGap().has_value());
  ASSERT_TRUE(runner.Run(block_, nullptr, {}).ok());
  EXPECT_FALSE(runner.LastGap().has_value());
  // The gap itself.
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  ASSERT_TRUE(runner.Run(block_, nullptr, {}).ok());
  ASSERT_TRUE(runner.LastGap().has_value());
  EXPECT_GE(ToSeconds(*runner.LastGap()), 0.02);
  EXPECT_LT(ToSeconds(*runner.LastGap()), 5);
  runner.Rest();
  ASSERT_TRUE(runner.Run(block_, nullptr, {}).ok());
  EXPECT_FALSE(runner.LastGap().has_value());
}

TEST_F(ExecutorTest, EveryArmMayFail) {
  for (int i = 0; i < block_.arms_size(); ++i) SetFault(i, "crash");
  const auto result = Run();
  CheckShape(result);
  for (const auto& measurement : result->measurements()) {
    EXPECT_EQ(measurement.outcome(), v1::OUTCOME_CRASHED);
  }
}

TEST_F(ExecutorTest, AFailedBaselineEndsTheBlock) {
  block_.mutable_arms(0)->set_role(v1::ARM_ROLE_BASELINE);
  SetFault(0, "crash");
  const auto result = Run();
  CheckShape(result);
  EXPECT_EQ(result->measurements(0).outcome(), v1::OUTCOME_CRASHED);
  for (int i = 1; i < block_.arms_size(); ++i) {
    EXPECT_EQ(result->measurements(i).outcome(), v1::OUTCOME_FAILED);
    EXPECT_THAT(result->measurements(i).reason(), HasSubstr("the baseline failed"));
  }
}

TEST_F(ExecutorTest, ARunWithoutMeasurementsIsNoResult) {
  SetFault(0, "forget");
  const auto result = Run();
  CheckShape(result);
  EXPECT_EQ(result->measurements(0).outcome(), v1::OUTCOME_FAILED);
  EXPECT_EQ(result->measurements(1).outcome(), v1::OUTCOME_MEASURED);
}

TEST_F(ExecutorTest, MeasurementsOfAnotherBlockAreNoResult) {
  (*block_.mutable_arms(1)->mutable_labels())["mistaken"] = "yes";
  BlockRunner runner(FakeEngine(), 60);
  const auto unread = runner.Measure(block_, nullptr, {});
  ASSERT_TRUE(unread.ok());
  EXPECT_EQ((*unread)().status().code(), StatusCode::kInternal);
}

TEST_F(ExecutorTest, AResultIsReadWhereverItSuits) {
  BlockRunner runner(FakeEngine(), 60);
  const auto first = runner.Measure(block_, nullptr, {});
  const auto second = runner.Measure(block_, nullptr, {});
  ASSERT_TRUE(first.ok() && second.ok());
  Result<v1::BlockResult> read = Unavailable("not read");
  std::thread([&] { read = (*first)(); }).join();
  CheckShape(read);
  CheckShape((*second)());
}

TEST_F(ExecutorTest, ARefusedBlockIsNotRunAgain) {
  SetFault(0, "refuse");
  EXPECT_EQ(Run().status().code(), StatusCode::kInvalidArgument);
}

TEST_F(ExecutorTest, AMissingEngineIsNamed) {
  const auto result = BlockRunner({"/nowhere/engine", "cpu", 1}).Run(block_, nullptr, {});
  EXPECT_EQ(result.status().code(), StatusCode::kNotFound);
  EXPECT_THAT(result.status().message(), HasSubstr("/nowhere/engine"));
}

TEST_F(ExecutorTest, AStopEndsTheRun) {
  SetFault(1, "wait_for_cancel");
  const auto result = BlockRunner(FakeEngine())
                          .Run(
                              block_,
                              [this](const v1::Progress& progress) {
                                if (progress.arm_index() == 1) stop_.request_stop();
                              },
                              stop_.get_token());
  EXPECT_EQ(result.status().code(), StatusCode::kCancelled);
}

TEST_F(ExecutorTest, AStopEndsADeafEngine) {
  SetFault(0, "hang");
  auto engine = EngineProcess::Start(FakeEngine());
  ASSERT_TRUE(engine.ok());
  const pid_t pid = (*engine)->pid();
  EngineLimits limits;
  limits.cancel_seconds = 0.1;
  Result<v1::Description> description = Unavailable("not asked");
  const EngineRun run = (*engine)->RunBlock(
      block_, [this](const v1::Progress&) { stop_.request_stop(); }, stop_.get_token(), limits,
      &description);
  EXPECT_TRUE(description.ok());
  EXPECT_EQ(run.end, EngineRun::End::kCancelled);
  // The gap before a block is told however the block ends.
  EXPECT_GT(run.begin, Duration{});
  EXPECT_EQ(kill(pid, 0), -1);
  EXPECT_EQ(errno, ESRCH);
}

TEST_F(ExecutorTest, AStopDoesNotWaitForADescription) {
  auto engine = EngineProcess::Start(FakeEngine());
  ASSERT_TRUE(engine.ok());
  ASSERT_EQ(kill((*engine)->pid(), SIGSTOP), 0);
  stop_.request_stop();
  Result<v1::Description> description = Unavailable("not asked");
  (*engine)->RunBlock(block_, nullptr, stop_.get_token(), {}, &description);
  EXPECT_EQ(description.status().code(), StatusCode::kCancelled);
}

TEST_F(ExecutorTest, TheEngineDiesWithItsOwner) {
  auto engine = EngineProcess::Start(FakeEngine());
  ASSERT_TRUE(engine.ok());
  const pid_t pid = (*engine)->pid();
  engine->reset();
  EXPECT_EQ(kill(pid, 0), -1);
}

TEST_F(ExecutorTest, TheEngineDiesWithTheThreadThatStartedIt) {
  std::unique_ptr<EngineProcess> engine;
  std::thread([&] {
    auto started = EngineProcess::Start(FakeEngine());
    if (started.ok()) engine = *std::move(started);
  }).join();
  ASSERT_NE(engine, nullptr);
  EXPECT_THAT(engine->Describe().status().message(), HasSubstr("signal 9"));
}

TEST_F(ExecutorTest, OneEngineServesManyBlocks) {
  BlockRunner runner(FakeEngine());
  const auto pid = [&] {
    const auto result = runner.Run(block_, nullptr, {});
    return result.ok() ? result->fingerprint().values().at("engine.pid") : "";
  };
  const std::string first = pid();
  EXPECT_EQ(pid(), first);
  // It may die between two blocks.
  ASSERT_EQ(kill(std::stoi(first), SIGKILL), 0);
  const std::string second = pid();
  EXPECT_NE(second, first);
  runner.Rest();
  EXPECT_EQ(kill(std::stoi(second), 0), -1);
}

TEST_F(ExecutorTest, ExaminesTheDevice) {
  v1::DeviceDescription device;
  v1::Ceilings ceilings;
  EngineExecutor executor(FakeEngine(), once_);
  ASSERT_TRUE(executor.Examine({}, &device, &ceilings).ok());
  EXPECT_EQ(device.device().device_class(), "cpu/fake/1t");
  EXPECT_EQ(ceilings.dram_read_bytes_per_second(), 1e9);
}

TEST_F(ExecutorTest, ProbesTheCpuForEachThreadCount) {
  const auto devices = ProbeDevices(QUANTFLEET_FAKE_ENGINE, DeviceChoice::kAll, {1, 2});
  ASSERT_TRUE(devices.ok());
  ASSERT_EQ(devices->size(), 2U);
  EXPECT_EQ((*devices)[1].engine.threads, 2U);
  EXPECT_EQ(ProbeDevices(QUANTFLEET_FAKE_ENGINE, DeviceChoice::kCuda, {1}).status().code(),
            StatusCode::kNotFound);
}

TEST(HostIdTest, IsADigestThatStays) {
  EXPECT_EQ(HostId().size(), 64U);
  EXPECT_EQ(HostId(), HostId());
}

TEST(EngineJsonTest, RefusesWhatIsNoEvent) {
  for (const char* line : {"", "{", "{}", "[]", "null", R"({"done":{},"extra":1})",
                           R"({"measurement":{"outcome":"OUTCOME_UNHEARD_OF"}})",
                           R"({"progress":{"fraction":"half"}})", "\xff\xfe"}) {
    EXPECT_EQ(DecodeEvent(line).status().code(), StatusCode::kInvalidArgument) << line;
  }
  EXPECT_TRUE(DecodeEvent(R"({"done":{}})").ok());
}

TEST(HostLockTest, IsHeldByOneAtATime) {
  const std::string path = FreshPath();
  std::stop_source give_up;
  auto held = HostLock::Acquire(path, {});
  ASSERT_TRUE(held.ok());
  struct stat status {};
  ASSERT_EQ(stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0666U);
  Status waited;
  std::jthread other([&] { waited = HostLock::Acquire(path, give_up.get_token()).status(); });
  give_up.request_stop();
  other.join();
  EXPECT_EQ(waited.code(), StatusCode::kCancelled);
  { const HostLock released = *std::move(held); }
  EXPECT_TRUE(HostLock::Acquire(path, {}).ok());
  std::filesystem::remove(path);
}

TEST(HostLockTest, FollowsNoLink) {
  const std::string path = FreshPath();
  const std::string target = FreshPath();
  std::filesystem::create_symlink(target, path);
  EXPECT_EQ(HostLock::Acquire(path, {}).status().code(), StatusCode::kFailedPrecondition);
  EXPECT_FALSE(std::filesystem::exists(target));
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace quantfleet::agent
