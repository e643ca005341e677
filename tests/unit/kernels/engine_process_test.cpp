// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
//
// The program itself, through pipes.
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernels/formats/format.hpp"

namespace quantfleet {
namespace {

using Json = nlohmann::json;
using ::testing::HasSubstr;

// A running engine. Killed, if it still runs, when the object goes.
class Engine {
 public:
  explicit Engine(const std::vector<std::string>& arguments, const std::string& fault = "") {
    int in[2];
    int out[2];
    EXPECT_EQ(pipe2(in, O_CLOEXEC), 0);
    EXPECT_EQ(pipe2(out, O_CLOEXEC), 0);
    pid_ = fork();
    if (pid_ == 0) {
      dup2(in[0], STDIN_FILENO);
      dup2(out[1], STDOUT_FILENO);
      if (!fault.empty()) setenv("QUANTFLEET_ENGINE_FAULT", fault.c_str(), 1);
      std::vector<char*> argv = {const_cast<char*>(QUANTFLEET_ENGINE)};
      for (const std::string& argument : arguments)
        argv.push_back(const_cast<char*>(argument.c_str()));
      argv.push_back(nullptr);
      execv(QUANTFLEET_ENGINE, argv.data());
      _exit(127);
    }
    close(in[0]);
    close(out[1]);
    to_ = in[1];
    from_ = out[0];
  }
  ~Engine() {
    CloseInput();
    close(from_);
    if (pid_ > 0) {
      kill(pid_, SIGKILL);
      waitpid(pid_, nullptr, 0);
    }
  }
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  void Send(const std::string& line) {
    const std::string text = line + "\n";
    for (size_t done = 0; done < text.size();) {
      const ssize_t count = write(to_, text.data() + done, text.size() - done);
      ASSERT_GT(count, 0);
      done += static_cast<size_t>(count);
    }
  }
  void CloseInput() {
    if (to_ >= 0) close(to_);
    to_ = -1;
  }
  // The next event, or nothing at the end of output.
  std::optional<Json> Next() {
    while (true) {
      if (const size_t end = buffer_.find('\n'); end != std::string::npos) {
        const Json event = Json::parse(buffer_.substr(0, end));
        buffer_.erase(0, end + 1);
        return event;
      }
      char chunk[65536];
      const ssize_t count = read(from_, chunk, sizeof(chunk));
      if (count <= 0) return std::nullopt;
      buffer_.append(chunk, static_cast<size_t>(count));
    }
  }
  // Events up to and with the one that ends the request.
  std::vector<Json> Answer() {
    std::vector<Json> events;
    while (auto event = Next()) {
      events.push_back(*event);
      if (event->contains("done") || event->contains("error")) break;
    }
    return events;
  }
  // Waits for the end of the process. Exit code, or -signal.
  int Wait() {
    int status = 0;
    waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }

 private:
  pid_t pid_ = -1;
  int to_ = -1;
  int from_ = -1;
  std::string buffer_;
};

std::string RunLine(const std::vector<std::pair<std::string, std::string>>& kernels,
                    double max_seconds = 0.05) {
  Json arms = Json::array();
  for (const auto& [format, kernel] : kernels) {
    arms.push_back({{"index", arms.size()},
                    {"armId", "id" + std::to_string(arms.size())},
                    {"role", arms.empty() ? "ARM_ROLE_BASELINE" : "ARM_ROLE_CANDIDATE"},
                    {"spec",
                     {{"workload", "linear"},
                      {"format", format},
                      {"kernel", kernel},
                      {"cache", "cold"},
                      {"seed", 7},
                      {"linear", {{"n", 256}, {"k", 512}, {"batch", 2}}}}}});
  }
  const Json policy = {{"relativeInterval", 0.0001}, {"confidence", 0.95}, {"minSeconds", 0.01},
                       {"maxSeconds", max_seconds},  {"minSamples", 10},   {"minRounds", 3},
                       {"maxRounds", 100000}};
  return Json{{"run", {{"block", {{"blockId", "b"}, {"arms", arms}, {"policy", policy}}}}}}.dump();
}

TEST(EngineProcess, DescribesItsDevice) {
  Engine engine({"--device", "cpu", "--threads", "2"});
  engine.Send(R"({"describe":{}})");
  const std::vector<Json> events = engine.Answer();
  ASSERT_EQ(events.size(), 2U);
  const Json& description = events[0]["description"];
  EXPECT_EQ(description["engineDigest"].get<std::string>().size(), 64U);
  ASSERT_EQ(description["devices"].size(), 1U);
  const Json& device = description["devices"][0];
  EXPECT_EQ(device["device"]["uid"], "cpu-2t");
  EXPECT_EQ(device["device"]["kind"], "DEVICE_KIND_CPU");
  EXPECT_EQ(device["device"]["threads"], 2);
  EXPECT_THAT(device["device"]["deviceClass"].get<std::string>(),
              ::testing::MatchesRegex("cpu/.*/2t"));
  EXPECT_TRUE(device["device"]["memoryBytes"].is_string());
  for (const char* key : {"cpu.model", "cpu.cache.llc", "kernel.release", "compiler", "blas",
                          "engine.version", "engine.digest", "threads"}) {
    EXPECT_TRUE(device["fingerprint"]["values"].contains(key)) << key;
  }
  constexpr size_t kKernels = 4;  // dense, dequantize_then_gemm, fused, reference
  std::map<std::string, size_t> support;
  for (const Json& entry : device["support"]) ++support[entry["workload"]];
  EXPECT_EQ(support["linear"], formats::AllFormats().size() * kKernels);
  constexpr size_t kKvFormats = 5;  // fp16, fp32, fp8_e4m3, int4, int8
  constexpr size_t kKvKernels = 3;  // dequantize_then_attention, fused, reference
  EXPECT_EQ(support["attention"], kKvFormats * kKvKernels);
  constexpr size_t kConversions = 2;  // parallel, reference
  EXPECT_EQ(support["quantize"], formats::AllFormats().size() * kConversions);
  EXPECT_EQ(support["dequantize"], formats::AllFormats().size() * kConversions);
}

TEST(EngineProcess, LeavesOutWhatDoesNotChangeIfAsked) {
  Engine engine({"--device", "cpu", "--threads", "2"});
  engine.Send(R"({"describe":{"fingerprintOnly":true}})");
  const Json device = engine.Answer().at(0)["description"]["devices"][0];
  EXPECT_EQ(device["device"]["uid"], "cpu-2t");
  EXPECT_TRUE(device["fingerprint"]["values"].contains("cpu.model"));
  EXPECT_FALSE(device.contains("support"));
}

TEST(EngineProcess, Calibrates) {
  Engine engine({"--device", "cpu", "--threads", "1"});
  engine.Send(R"({"calibrate":{"maxSeconds":0.5}})");
  const std::vector<Json> events = engine.Answer();
  ASSERT_EQ(events.size(), 2U) << events.front();
  const Json& ceilings = events[0]["ceilings"];
  EXPECT_GT(ceilings["dramReadBytesPerSecond"].get<double>(), 1e8);
  EXPECT_GT(ceilings["cacheReadBytesPerSecond"].get<double>(), 1e8);
  const Json& peaks = ceilings["matrixOperationsPerSecond"];
  EXPECT_GT(peaks["fp32"].get<double>(), 1e8);
  if (peaks.contains("bf16")) {
    EXPECT_GT(peaks["bf16"].get<double>(), 1e8);
  }
  EXPECT_GT(ceilings["launchSeconds"].get<double>(), 0);
}

TEST(EngineProcess, RunsABlockAndReportsEveryArmInOrder) {
  Engine engine({"--device", "cpu", "--threads", "2"});
  engine.Send(
      RunLine({{"fp32", "auto"}, {"nf4", "fused"}, {"int8", "reference"}, {"fp32", "fused"}}));
  std::vector<Json> measurements;
  double fraction = 0;
  const std::vector<Json> events = engine.Answer();
  for (const Json& event : events) {
    if (event.contains("measurement")) measurements.push_back(event["measurement"]);
    if (!event.contains("progress")) continue;
    EXPECT_GE(event["progress"].value("fraction", 0.0), fraction);
    fraction = event["progress"].value("fraction", 0.0);
  }
  EXPECT_EQ(events.back(), Json::parse(R"({"done":{}})"));
  ASSERT_EQ(measurements.size(), 4U);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(measurements[i].value("armIndex", 0U), i);
    EXPECT_EQ(measurements[i]["outcome"], "OUTCOME_MEASURED")
        << measurements[i].value("reason", "");
    EXPECT_GE(measurements[i]["summary"]["samples"], 10);
    EXPECT_GE(measurements[i]["rounds"].size(), 3U);
    EXPECT_LE(measurements[i]["error"]["kernelRelative"],
              measurements[i]["error"]["kernelTolerance"]);
  }
  EXPECT_EQ(measurements[3]["outcome"], "OUTCOME_UNSUPPORTED");
  EXPECT_EQ(measurements[3]["reason"], "fp32 has nothing to decode");
}

TEST(EngineProcess, AnswersBadLinesAndGoesOn) {
  Engine engine({"--device", "cpu", "--threads", "1"});
  for (const std::string& line : {std::string("nonsense"), std::string(R"({"run":{"bloc":{}}})"),
                                  std::string(R"({"run":{}})"), std::string(17 << 20, 'x')}) {
    engine.Send(line);
    const std::vector<Json> events = engine.Answer();
    ASSERT_EQ(events.size(), 1U);
    EXPECT_EQ(events[0]["error"]["invalidRequest"], true);
    EXPECT_FALSE(events[0]["error"]["message"].get<std::string>().empty());
  }
  engine.Send(R"({"describe":{}})");
  EXPECT_EQ(engine.Answer().size(), 2U);
}

TEST(EngineProcess, CancelEndsARunningBlock) {
  Engine engine({"--device", "cpu", "--threads", "1"});
  engine.Send(RunLine({{"fp32", "auto"}, {"nf4", "fused"}}, /*max_seconds=*/3000));
  while (auto event = engine.Next()) {
    if (event->value("/progress/phase"_json_pointer, "") == "measure") break;
  }
  engine.Send(R"({"cancel":{}})");
  std::vector<Json> events = engine.Answer();
  ASSERT_FALSE(events.empty());
  EXPECT_EQ(events.back(), Json::parse(R"({"done":{"cancelled":true}})"));
  for (const Json& event : events) EXPECT_FALSE(event.contains("measurement"));
  // The engine is as good as new.
  engine.Send(RunLine({{"fp32", "auto"}}));
  EXPECT_EQ(engine.Answer().back(), Json::parse(R"({"done":{}})"));
}

TEST(EngineProcess, AnswersWhatWasAskedBeforeTheEndOfInputThenExits) {
  Engine engine({"--threads", "1"});
  engine.Send(R"({"describe":{}})");
  engine.CloseInput();
  EXPECT_EQ(engine.Answer().size(), 2U);
  EXPECT_FALSE(engine.Next().has_value());
  EXPECT_EQ(engine.Wait(), 0);
}

TEST(EngineProcess, UsageErrorsHaveTheirExitCodes) {
  const std::vector<std::pair<std::vector<std::string>, int>> cases = {
      {{"--version"}, 0}, {{"--help"}, 0},   {{"--threads", "0"}, 2},    {{"--threads", "many"}, 2},
      {{"--colour"}, 2},  {{"--device"}, 2}, {{"--device", "tpu:0"}, 3}, {{"--device=cpu:1"}, 3}};
  for (const auto& [arguments, code] : cases) {
    Engine engine(arguments);
    engine.CloseInput();
    EXPECT_EQ(engine.Wait(), code) << arguments.front();
  }
}

TEST(EngineFaults, WrongOutputIsInvalid) {
  Engine engine({"--device", "cpu", "--threads", "1"}, "wrong_output=nf4");
  engine.Send(RunLine({{"fp32", "auto"}, {"nf4", "fused"}, {"nf4", "dequantize_then_gemm"}}));
  std::vector<std::string> outcomes;
  for (const Json& event : engine.Answer()) {
    if (event.contains("measurement")) outcomes.push_back(event["measurement"]["outcome"]);
  }
  EXPECT_EQ(outcomes,
            (std::vector<std::string>{"OUTCOME_MEASURED", "OUTCOME_INVALID", "OUTCOME_INVALID"}));
}

// One flipped bit of one weight, in every format and for every kernel that the device has.
TEST(EngineFaults, NoFormatAndNoKernelRanksWithAWrongBit) {
  std::vector<std::pair<std::string, std::string>> kernels = {{"fp32", "auto"}};
  std::string faults;
  {
    Engine engine({"--device", "cpu", "--threads", "1"});
    engine.Send(R"({"describe":{}})");
    const Json description = engine.Answer().front()["description"];
    for (const Json& entry : description["devices"][0]["support"]) {
      const std::string format = entry["format"];
      if (entry["workload"] != "linear" || !entry.value("supported", false)) continue;
      if (format == "fp32") continue;
      kernels.emplace_back(format, entry["kernel"]);
      faults += (faults.empty() ? "" : ",") + ("wrong_output=" + format);
    }
  }
  EXPECT_GE(kernels.size(), 3U * 20);
  Engine engine({"--device", "cpu", "--threads", "1"}, faults);
  engine.Send(RunLine(kernels));
  size_t measurements = 0;
  for (const Json& event : engine.Answer()) {
    if (!event.contains("measurement")) continue;
    const Json& measurement = event["measurement"];
    const auto& [format, kernel] = kernels.at(measurements++);
    EXPECT_EQ(measurement["outcome"], format == "fp32" ? "OUTCOME_MEASURED" : "OUTCOME_INVALID")
        << format << " " << kernel;
  }
  EXPECT_EQ(measurements, kernels.size());
}

TEST(EngineFaults, WrongBitInACacheIsInvalid) {
  Engine engine({"--device", "cpu", "--threads", "2"}, "wrong_output=int4");
  Json line = Json::parse(RunLine({{"fp16", "auto"}, {"int4", "fused"}, {"int8", "fused"}}));
  for (Json& arm : line["run"]["block"]["arms"]) {
    arm["spec"]["workload"] = "attention";
    arm["spec"].erase("linear");
    arm["spec"]["attention"] = {{"queryHeads", 8}, {"keyValueHeads", 2}, {"headDimension", 64},
                                {"context", 500},  {"queryTokens", 1},   {"batch", 1}};
  }
  engine.Send(line.dump());
  std::vector<std::string> outcomes;
  for (const Json& event : engine.Answer()) {
    if (event.contains("measurement")) outcomes.push_back(event["measurement"]["outcome"]);
  }
  EXPECT_EQ(outcomes,
            (std::vector<std::string>{"OUTCOME_MEASURED", "OUTCOME_INVALID", "OUTCOME_MEASURED"}));
}

TEST(EngineFaults, OutOfMemoryIsAnOutcome) {
  Engine engine({"--device", "cpu", "--threads", "1"}, "out_of_memory=1");
  engine.Send(RunLine({{"fp32", "auto"}, {"nf4", "fused"}}));
  std::vector<std::string> outcomes;
  for (const Json& event : engine.Answer()) {
    if (event.contains("measurement")) outcomes.push_back(event["measurement"]["outcome"]);
  }
  EXPECT_EQ(outcomes, (std::vector<std::string>{"OUTCOME_MEASURED", "OUTCOME_OUT_OF_MEMORY"}));
}

TEST(EngineFaults, ACrashEndsTheProcess) {
  Engine engine({"--device", "cpu", "--threads", "1"}, "crash_arm=1");
  engine.Send(RunLine({{"fp32", "auto"}, {"nf4", "fused"}}));
  for (const Json& event : engine.Answer()) EXPECT_TRUE(event.contains("progress"));
  EXPECT_EQ(engine.Wait(), -SIGABRT);
}

}  // namespace
}  // namespace quantfleet
