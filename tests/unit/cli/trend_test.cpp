// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <stdlib.h>

#include "tests/unit/cli/call.hpp"

namespace quantfleet::cli {
namespace {

using ::testing::HasSubstr;
using Json = nlohmann::json;

class TrendVerbTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "/quantfleet-trend.XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string File(const std::string& content) {
    const std::string path = folder_ + "/series.json";
    std::ofstream(path) << content;
    return path;
  }

  // Forty nights with a step on the night of index 25.
  static Json Series(double step) {
    std::mt19937_64 random(1);
    std::normal_distribution<double> normal(0, 0.005);
    Json values = Json::array();
    for (int i = 0; i < 40; ++i) values.push_back((i >= 25 ? step : 0) + normal(random));
    return {{"values", values}, {"unit", "log_ratio"}};
  }

  std::string folder_;
};

TEST_F(TrendVerbTest, ExitCodeSaysWhetherItGotSlower) {
  const Outcome slower = Call({"trend", "--file", File(Series(0.03).dump())});
  EXPECT_EQ(slower.exit_code, 1) << slower.err;
  EXPECT_THAT(slower.out, HasSubstr("night 26: slower, +3."));
  EXPECT_THAT(slower.out, HasSubstr("█"));
  EXPECT_THAT(slower.out, HasSubstr("\n                         ^\n"));
  const Outcome faster = Call({"trend", "--file", File(Series(-0.03).dump())});
  EXPECT_EQ(faster.exit_code, 0);
  EXPECT_THAT(faster.out, HasSubstr("night 26: faster, -2.9 %"));
  const Outcome same = Call({"trend", "--file", File(Series(0).dump())});
  EXPECT_EQ(same.exit_code, 0);
  EXPECT_THAT(same.out, HasSubstr("no change point"));
}

TEST_F(TrendVerbTest, JsonHasTheChangePointsEvenIfThereAreNone) {
  const Outcome step = Call({"trend", "--file", File(Series(0.03).dump()), "--output", "json"});
  const Json found = Json::parse(step.out);
  ASSERT_EQ(found["changePoints"].size(), 1U);
  EXPECT_EQ(found["changePoints"][0]["index"], 25);
  EXPECT_EQ(found["changePoints"][0]["verdict"], "VERDICT_SLOWER");
  EXPECT_NEAR(found["changePoints"][0]["change"].get<double>(), 0.03, 0.005);
  EXPECT_EQ(found["points"].size(), 40U);
  const Outcome none = Call({"trend", "--file", File(Series(0).dump()), "--output", "json"});
  EXPECT_EQ(Json::parse(none.out)["changePoints"], Json::array());
}

TEST_F(TrendVerbTest, NightsThatTakeNoPart) {
  Json series = Series(0);
  series["values"][3] = nullptr;
  series["values"][30] = 5;
  series["anchors"] = Json(std::vector<double>(40, 2e10));
  series["anchors"][30] = 1e10;
  series["anchors"][5] = nullptr;
  const Outcome outcome = Call({"trend", "--file", File(series.dump()), "--output", "csv"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(std::count(outcome.out.begin(), outcome.out.end(), '\n'), 41);
  EXPECT_THAT(outcome.out, HasSubstr(",3,,,,20000000000,,0,\r\n"));
  EXPECT_THAT(outcome.out, HasSubstr("anchor out of band: 1e+10"));
  const Outcome text = Call({"trend", "--file", File(series.dump())});
  EXPECT_THAT(text.out, HasSubstr("38 nights, 2 more that take no part"));
}

TEST_F(TrendVerbTest, AStepBelowTheEffectGivenIsNone) {
  Json series = Series(0.03);
  series["minimum_detectable_effect"] = 0.05;
  EXPECT_EQ(Call({"trend", "--file", File(series.dump())}).exit_code, 0);
}

TEST_F(TrendVerbTest, RefusesWhatIsNoSeries) {
  for (const char* content :
       {"", "[]", "{}", R"({"values": 1})", R"({"values": ["1"]})", R"({"values": [1e999]})",
        R"({"values": [1, [2]]})", R"({"values": [1], "unit": "ms"})", R"({"values": [1], "x": 1})",
        R"({"values": [1], "anchors": [0]})", R"({"values": [1], "anchors": []})",
        R"({"values": [1], "minimum_detectable_effect": -1})"}) {
    const Outcome outcome = Call({"trend", "--file", File(content)});
    EXPECT_EQ(outcome.exit_code, 2) << content;
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << content;
  }
  EXPECT_EQ(Call({"trend", "--file", folder_ + "/nowhere"}).exit_code, 3);
  const Outcome empty = Call({"trend", "--file", File(R"({"values": []})")});
  EXPECT_EQ(empty.exit_code, 0) << empty.err;
}

TEST_F(TrendVerbTest, ASeriesOrAFileAndNotBoth) {
  EXPECT_EQ(Call({"trend"}).exit_code, 2);
  EXPECT_EQ(Call({"trend", "nightly", "--file", "x"}).exit_code, 2);
  EXPECT_EQ(Call({"gate", "--max-slowdown", "3%"}).exit_code, 2);
  EXPECT_EQ(Call({"trend", "nightly", "--address", "127.0.0.1:1"}).exit_code, 5);
}

TEST_F(TrendVerbTest, SinceLeavesOutWhatWasBefore) {
  const std::string file = File(Series(0.03).dump());
  EXPECT_EQ(Call({"trend", "--file", file, "--since", "10d"}).exit_code, 0);
  EXPECT_EQ(Call({"trend", "--file", file, "--since", "20d"}).exit_code, 1);
  EXPECT_EQ(Call({"trend", "--file", file, "--since", "yesterday"}).exit_code, 2);
  EXPECT_EQ(Call({"trend", "--file", file, "--since", "0d"}).exit_code, 2);
}

TEST_F(TrendVerbTest, GateFailsWhatGotSlowerThanItMay) {
  const std::string file = File(Series(0.05).dump());
  const auto gate = [&](std::vector<std::string> more) {
    std::vector<std::string> words = {"gate", "--file", file};
    words.insert(words.end(), more.begin(), more.end());
    return Call(words);
  };
  const Outcome failed = gate({"--max-slowdown", "3%"});
  EXPECT_EQ(failed.exit_code, 1) << failed.err;
  EXPECT_THAT(failed.out, HasSubstr("failed"));
  EXPECT_THAT(failed.out, HasSubstr("since night 26, +3.0 % may pass"));
  EXPECT_EQ(gate({"--max-slowdown", "0.08"}).exit_code, 0);
  EXPECT_EQ(gate({"--max-slowdown", "8 %"}).exit_code, 0);
  EXPECT_EQ(gate({"--max-slowdown", "3%", "--since", "10d"}).exit_code, 0);
  for (const char* bad : {"3", "-1%", "x", "3%%", "", "nan", "20%x"}) {
    const bool large = std::string(bad) == "3";  // 300 %
    EXPECT_EQ(gate({"--max-slowdown", bad}).exit_code, large ? 0 : 2) << bad;
  }
  EXPECT_EQ(gate({}).exit_code, 2);
  EXPECT_EQ(Call({"gate", "--file", folder_ + "/nowhere", "--max-slowdown", "3%"}).exit_code, 3);
  EXPECT_EQ(
      Call({"gate", "--file", File(R"({"values": [1, 2]})"), "--max-slowdown", "3%"}).exit_code, 1)
      << "two nights pass no gate";
}

TEST_F(TrendVerbTest, GateWritesJunit) {
  const std::string file = File(Series(0.05).dump());
  const std::string junit = folder_ + "/gate.xml";
  EXPECT_EQ(Call({"gate", "--file", file, "--max-slowdown", "3%", "--junit", junit}).exit_code, 1);
  std::ifstream stream(junit);
  const std::string text(std::istreambuf_iterator<char>(stream), {});
  EXPECT_THAT(text, HasSubstr("<testsuite name=\"quantfleet gate\" tests=\"1\" failures=\"1\""));
  EXPECT_THAT(text, HasSubstr("<failure message=\"+5."));
  const Outcome report =
      Call({"gate", "--file", file, "--max-slowdown", "9%", "--junit", junit, "--output", "json"});
  EXPECT_EQ(report.exit_code, 0);
  EXPECT_EQ(Json::parse(report.out)["passed"], true);
  EXPECT_EQ(Json::parse(report.out)["cases"][0]["verdict"], "GATE_VERDICT_PASSED");
  EXPECT_EQ(
      Call({"gate", "--file", file, "--max-slowdown", "9%", "--junit", "/nowhere/x"}).exit_code, 2);
}

}  // namespace
}  // namespace quantfleet::cli
