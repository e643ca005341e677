// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <limits>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "kernels/engine/protocol/json_codec.hpp"
#include "kernels/engine/random.hpp"

namespace quantfleet::engine {
namespace {

using ::testing::HasSubstr;
using Json = nlohmann::json;

constexpr std::string_view kRun =
    R"({"run":{"block":{"blockId":"b1","arms":[{"armId":"x","spec":{"workload":"linear","format":"nf4",)"
    R"("kernel":"fused","cache":"cold","seed":7,"linear":{"n":"768","k":3072,"batch":1}},)"
    R"("role":"ARM_ROLE_BASELINE","labels":{"layer":"gpt2/mlp.c_proj"}}],"policy":{"relativeInterval":0.03,)"
    R"("confidence":0.95,"maxSeconds":0.15,"minSeconds":0.08,"minSamples":10,"minRounds":8,"maxRounds":1000},)"
    R"("orderSeed":4294967295,"matrixId":"m","target":"t","ordinal":3}}})";

TEST(ParseRequest, ReadsEveryFieldOfARun) {
  const auto request = ParseRequest(kRun);
  ASSERT_TRUE(request.ok()) << request.status().ToString();
  const Block& block = std::get<RunRequest>(*request).block;
  EXPECT_EQ(block.block_id, "b1");
  EXPECT_EQ(block.order_seed, 4294967295U);
  EXPECT_EQ(block.ordinal, 3U);
  EXPECT_EQ(block.policy.min_rounds, 8U);
  EXPECT_EQ(block.policy.relative_interval, 0.03);
  ASSERT_EQ(block.arms.size(), 1U);
  EXPECT_EQ(block.arms[0].index, 0U);
  EXPECT_EQ(block.arms[0].role, ArmRole::kBaseline);
  EXPECT_EQ(block.arms[0].labels.at("layer"), "gpt2/mlp.c_proj");
  EXPECT_EQ(block.arms[0].spec.format, "nf4");
  EXPECT_EQ(block.arms[0].spec.linear, (LinearShape{768, 3072, 1}));
}

TEST(ParseRequest, ReadsTheShapeOfAttention) {
  const auto request = ParseRequest(
      R"({"run":{"block":{"arms":[{"spec":{"workload":"attention","format":"int4","attention":)"
      R"({"queryHeads":32,"keyValueHeads":8,"headDimension":128,"context":16384,"queryTokens":3,)"
      R"("batch":2,"window":512}}}]}}})");
  ASSERT_TRUE(request.ok()) << request.status().ToString();
  const ArmSpec& spec = std::get<RunRequest>(*request).block.arms.at(0).spec;
  EXPECT_EQ(spec.attention, (AttentionShape{32, 8, 128, 16384, 3, 2, 512}));
  EXPECT_FALSE(spec.linear.has_value());
}

TEST(ParseRequest, ReadsTheShapeOfAConversion) {
  const auto request = ParseRequest(
      R"({"run":{"block":{"arms":[{"spec":{"workload":"quantize","matrix":{"rows":3,"columns":64}}}]}}})");
  ASSERT_TRUE(request.ok()) << request.status().message();
  const ArmSpec& spec = std::get<RunRequest>(*request).block.arms[0].spec;
  EXPECT_EQ(spec.matrix, (MatrixShape{3, 64}));
  EXPECT_FALSE(spec.linear.has_value());
}

TEST(ParseRequest, ReadsTheOthers) {
  EXPECT_TRUE(std::holds_alternative<DescribeRequest>(*ParseRequest(R"({"describe":{}})")));
  EXPECT_TRUE(std::get<DescribeRequest>(*ParseRequest(R"({"describe":{"fingerprintOnly":true}})"))
                  .fingerprint_only);
  EXPECT_TRUE(std::holds_alternative<CancelRequest>(*ParseRequest(R"( {"cancel": {}} )")));
  EXPECT_EQ(
      std::get<CalibrateRequest>(*ParseRequest(R"({"calibrate":{"maxSeconds":1.5}})")).max_seconds,
      1.5);
}

TEST(ParseRequest, SaysWhereALineIsWrong) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "not JSON"},
      {"{", "not JSON"},
      {"[]", "must be an object with one of"},
      {"{}", "must be an object with one of"},
      {R"({"describe":{},"cancel":{}})", "must be an object with one of"},
      {R"({"destroy":{}})", "destroy is no request"},
      {R"({"describe":{"all":true}})", "describe.all is an unknown field"},
      {R"({"describe":{"fingerprintOnly":1}})", "describe.fingerprintOnly must be a boolean"},
      {R"({"describe":7})", "describe must be an object"},
      {R"({"calibrate":{"maxSeconds":"x"}})", "calibrate.maxSeconds must be a number"},
      {R"({"calibrate":{"maxSeconds":-1}})", "calibrate.maxSeconds must not be negative"},
      {R"({"run":{"block":{"arms":{}}}})", "run.block.arms must be an array"},
      {R"({"run":{"block":{"arms":[{},{"spec":{"linear":{"n":-1}}}]}}})",
       "run.block.arms[1].spec.linear.n must be an integer"},
      {R"({"run":{"block":{"arms":[{"spec":{"linear":{"n":4294967296}}}]}}})",
       "must be an integer in [0, 4294967295]"},
      {R"({"run":{"block":{"arms":[{"spec":{"linear":{"m":1}}}]}}})",
       "run.block.arms[0].spec.linear.m is an unknown field"},
      {R"({"run":{"block":{"arms":[{"spec":{"matrix":{"n":1}}}]}}})",
       "run.block.arms[0].spec.matrix.n is an unknown field"},
      {R"({"run":{"block":{"arms":[{"spec":{"attention":{"heads":1}}}]}}})",
       "run.block.arms[0].spec.attention.heads is an unknown field"},
      {R"({"run":{"block":{"arms":[{"role":"ARM_ROLE_KING"}]}}})", "run.block.arms[0].role is no"},
      {R"({"run":{"block":{"arms":[{"labels":{"a":1}}]}}})", "labels must hold strings"},
      {R"({"run":{"block":{"policy":{"min_rounds":1}}}})",
       "run.block.policy.min_rounds is an unknown field"},
  };
  for (const auto& [line, expected] : cases) {
    const auto request = ParseRequest(line);
    ASSERT_FALSE(request.ok()) << line;
    EXPECT_EQ(request.status().code(), StatusCode::kInvalidArgument);
    EXPECT_THAT(request.status().message(), HasSubstr(expected)) << line;
  }
}

TEST(ParseRequest, SurvivesDeepNesting) {
  EXPECT_FALSE(ParseRequest(std::string(200000, '[')).ok());
  const std::string closed = std::string(100000, '[') + std::string(100000, ']');
  EXPECT_FALSE(ParseRequest(R"({"describe":)" + closed + "}").ok());
}

TEST(ParseRequest, TakesNoNulForTheEndOfTheLine) {
  using std::string_literals::operator""s;
  EXPECT_EQ(ParseRequest("{\"describe\":{}}\0 and more"s).status().code(),
            StatusCode::kInvalidArgument);
}

// A bounded fuzz: valid lines with bytes changed, dropped, doubled and swapped. Whatever comes out
// is a request or an invalid argument with words, never anything else.
TEST(ParseRequest, AnswersEveryMutationWithARequestOrAReason) {
  const std::vector<std::string> seeds = {std::string(kRun), R"({"describe":{}})",
                                          R"({"calibrate":{"maxSeconds":2e0}})",
                                          R"({"cancel":{}})"};
  constexpr std::string_view kBytes = "{}[]\",:0123456789.eE+-ntf\\u\x00\x7f\xff ";
  size_t rejected = 0;
  constexpr uint32_t kMutations = 20000;
  for (uint32_t i = 0; i < kMutations; ++i) {
    std::string line = seeds[i % seeds.size()];
    for (uint32_t step = 0; step <= i % 3; ++step) {
      const auto size = static_cast<uint32_t>(line.size());
      if (size < 2) break;
      const size_t at = RandomBelow(i, 1, step, size);
      switch (RandomBelow(i, 2, step, 5)) {
        case 0:
          line[at] = kBytes[RandomBelow(i, 3, step, kBytes.size())];
          break;
        case 1:
          line.erase(at, 1 + RandomBelow(i, 4, step, 8));
          break;
        case 2:
          line.insert(at,
                      line.substr(RandomBelow(i, 5, step, size), 1 + RandomBelow(i, 4, step, 20)));
          break;
        case 3:
          std::swap(line[at], line[RandomBelow(i, 6, step, size)]);
          break;
        default:
          line.resize(at);
      }
    }
    const auto request = ParseRequest(line);
    if (request.ok()) continue;
    ++rejected;
    EXPECT_EQ(request.status().code(), StatusCode::kInvalidArgument) << line;
    EXPECT_FALSE(request.status().message().empty());
  }
  EXPECT_GT(rejected, kMutations / 2);
}

TEST(WriteEvent, OmitsDefaultsAndWritesWideIntegersAsStrings) {
  Measurement m;
  m.arm_id = "x";
  m.outcome = Outcome::kMeasured;
  m.rounds = {{0, 0, {2.9716e-05}}, {1, 2, {}}};
  m.summary = Summary{.samples = 1, .median_seconds = 2.9716e-05};
  m.error = OutputError{.weight_sqnr_decibel = 0.0};
  m.weight_bytes = 9007199254740993ULL;
  m.stop_reason = StopReason::kTimeCap;
  m.grade = Grade::kB;
  m.grade_reasons = {"time_cap"};
  EXPECT_EQ(Json::parse(WriteEvent(m)), Json::parse(R"({"measurement":{"armId":"x",
      "outcome":"OUTCOME_MEASURED","rounds":[{"seconds":[2.9716e-05]},{"number":1,"position":2}],
      "summary":{"samples":1,"medianSeconds":2.9716e-05},"error":{"weightSqnrDecibel":0.0},
      "weightBytes":"9007199254740993","stopReason":"STOP_REASON_TIME_CAP","grade":"GRADE_B",
      "gradeReasons":["time_cap"]}})"));
  EXPECT_EQ(WriteEvent(Done{}), R"({"done":{}})");
  EXPECT_EQ(WriteEvent(Done{true}), R"({"done":{"cancelled":true}})");
  EXPECT_EQ(WriteEvent(EngineError{"no", true}),
            R"({"error":{"invalidRequest":true,"message":"no"}})");
}

TEST(WriteEvent, StaysJsonWhateverTheValues) {
  OutputError error;
  error.kernel_relative = std::numeric_limits<double>::infinity();
  error.cosine = std::nan("");
  Measurement m;
  m.error = error;
  m.reason = "bad \xff\xfe bytes\nand lines";
  const std::string line = WriteEvent(m);
  EXPECT_EQ(line.find('\n'), std::string::npos);
  const Json json = Json::parse(line);
  EXPECT_EQ(json["measurement"]["error"]["kernelRelative"], "Infinity");
  EXPECT_EQ(json["measurement"]["error"]["cosine"], "NaN");
}

}  // namespace
}  // namespace quantfleet::engine
