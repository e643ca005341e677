// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "cli/app.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include "tests/unit/cli/call.hpp"

namespace quantfleet::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class AppTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "/quantfleet-cli.XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string File(const std::string& content) {
    const std::string path = folder_ + "/file";
    std::ofstream(path) << content;
    return path;
  }

  std::string folder_;
};

// Ten rounds of three samples; `factor` times a base that drifts from round to round.
std::string Rounds(double factor) {
  std::string text = "[";
  for (int round = 0; round < 10; ++round) {
    const double base = 1e-3 * (1 + 0.1 * round) * (1 + 0.002 * ((round * 7) % 5 - 2) * factor);
    text += round > 0 ? "," : "";
    text += "[" + std::to_string(base * factor) + "," + std::to_string(base * factor * 1.01) + "," +
            std::to_string(base * factor * 0.99) + "]";
  }
  return text + "]";
}

TEST_F(AppTest, BadUsageIsTwo) {
  EXPECT_EQ(Call({}).exit_code, 2);
  EXPECT_EQ(Call({"no-such-verb"}).exit_code, 2);
  EXPECT_EQ(Call({"validate"}).exit_code, 2);
  EXPECT_EQ(Call({"list", "--output", "xml"}).exit_code, 2);
  EXPECT_EQ(Call({"submit", "x", "--priority", "10"}).exit_code, 2);
  EXPECT_EQ(Call({"compare", "x", "--by", "colour"}).exit_code, 2);
  EXPECT_EQ(Call({"up", "--port", "70000"}).exit_code, 2);
}

TEST_F(AppTest, CertificatesAreMadeAndRevoked) {
  const std::string dir = folder_ + "/pki";
  EXPECT_EQ(Call({"pki", "issue", "admin", "ada", "--dir", dir}).exit_code, 3);
  ASSERT_EQ(Call({"pki", "init", "--dir", dir}).exit_code, 0);
  EXPECT_EQ(Call({"pki", "init", "--dir", dir}).exit_code, 2);
  const Outcome issued =
      Call({"pki", "issue", "server", "fleet.lab", "--host", "10.0.0.7", "--dir", dir});
  EXPECT_EQ(issued.exit_code, 0) << issued.err;
  EXPECT_EQ(issued.out, dir + "/fleet.lab\n");
  EXPECT_TRUE(std::filesystem::exists(dir + "/fleet.lab/server.key"));
  EXPECT_EQ(Call({"pki", "issue", "boss", "ada", "--dir", dir}).exit_code, 2);
  EXPECT_EQ(Call({"pki", "revoke", "fleet.lab", "--dir", dir}).exit_code, 0);
  EXPECT_EQ(Call({"pki", "revoke", "nobody", "--dir", dir}).exit_code, 3);
  EXPECT_EQ(Call({"pki", "rotate", "--dir", dir}).exit_code, 0);
  EXPECT_EQ(Call({"pki", "rotate", "--finish", "--dir", dir}).exit_code, 0);
  EXPECT_EQ(Call({"pki"}).exit_code, 2);
}

TEST_F(AppTest, AnotherMachineTakesTls) {
  const Outcome plain = Call({"list", "--address", "fleet.lab:7070"});
  EXPECT_EQ(plain.exit_code, 2);
  EXPECT_THAT(plain.err, HasSubstr("--identity"));
  EXPECT_EQ(Call({"list", "--identity", folder_ + "/nowhere"}).exit_code, 3);
  const std::string token = File("qft_secret");
  std::filesystem::permissions(token, std::filesystem::perms(0644));
  const Outcome open = Call({"list", "--token-file", token});
  EXPECT_EQ(open.exit_code, 2);
  EXPECT_THAT(open.err, HasSubstr("chmod 600"));
}

TEST_F(AppTest, HelpAndVersionAreZero) {
  EXPECT_EQ(Call({"--help"}).exit_code, 0);
  const Outcome version = Call({"--version"});
  EXPECT_EQ(version.exit_code, 0);
  EXPECT_THAT(version.out, StartsWith("quantfleet "));
}

TEST_F(AppTest, EveryVerbHasHelp) {
  for (const char* verb :
       {"validate", "plan",  "run",    "judge", "format",  "submit",    "watch",
        "status",   "list",  "cancel", "retry", "compare", "crossover", "explain",
        "export",   "fleet", "db",     "up",    "trend",   "gate",      "schedule"}) {
    const Outcome outcome = Call({verb, "--help"});
    EXPECT_EQ(outcome.exit_code, 0) << verb;
    EXPECT_THAT(outcome.out, HasSubstr("--output")) << verb;
  }
}

TEST_F(AppTest, MissingFileIsNotFound) {
  const Outcome outcome = Call({"validate", folder_ + "/nowhere.yaml"});
  EXPECT_EQ(outcome.exit_code, 3);
  EXPECT_THAT(outcome.err, HasSubstr("nowhere.yaml"));
}

TEST_F(AppTest, ValidateSaysWhereAndWhat) {
  const Outcome good = Call({"validate", QUANTFLEET_SOURCE_DIR "/examples/quickstart.yaml"});
  EXPECT_EQ(good.exit_code, 0) << good.err;
  const std::string path = File("version: 1\nname: x\naxess: {}\n");
  const Outcome bad = Call({"validate", path});
  EXPECT_EQ(bad.exit_code, 2);
  EXPECT_THAT(bad.err, HasSubstr(path + ":3:1: "));
  EXPECT_THAT(bad.err, HasSubstr("axes"));
}

TEST_F(AppTest, NoCoordinatorIsFive) {
  const Outcome outcome = Call({"--address", "127.0.0.1:1", "list"});
  EXPECT_EQ(outcome.exit_code, 5);
  EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1);
}

TEST_F(AppTest, JudgeFindsAPlantedEffect) {
  const std::string baseline = R"({"baseline": )" + Rounds(1);
  const Outcome faster = Call({"judge", File(baseline + R"(, "arm": )" + Rounds(0.5) + "}")});
  EXPECT_EQ(faster.exit_code, 0) << faster.err;
  EXPECT_THAT(faster.out, StartsWith("ratio 0.50"));
  EXPECT_THAT(faster.out, HasSubstr("10 rounds"));
  EXPECT_THAT(faster.out, HasSubstr("verdict: faster\n"));
  const Outcome slower = Call({"judge", File(baseline + R"(, "arm": )" + Rounds(2) + "}")});
  EXPECT_EQ(slower.exit_code, 1);
  EXPECT_THAT(slower.out, HasSubstr("verdict: slower\n"));
  const Outcome same = Call({"judge", File(baseline + R"(, "arm": )" + Rounds(1) + "}")});
  EXPECT_EQ(same.exit_code, 0);
  EXPECT_THAT(same.out, HasSubstr("verdict: same\n"));
}

TEST_F(AppTest, JudgeWithOneRoundIsNotComparable) {
  const Outcome outcome = Call({"judge", File(R"({"baseline": [[1e-3]], "arm": [[1e-3]]})")});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.out, HasSubstr("not comparable: only 1 paired rounds"));
}

TEST_F(AppTest, JudgeRefusesWhatIsNoTime) {
  for (const char* content :
       {"[]", "{", R"({"baseline": [[1]]})", R"({"baseline": [[1]], "arm": [[0]]})",
        R"({"baseline": [[1]], "arm": [["1"]]})", R"({"baseline": [[1]], "arm": [[null]]})",
        R"({"baseline": [[1]], "arm": [[1]], "confidence": "0.9"})",
        R"({"baseline": [[1]], "arm": [[1]], "confidence": 95})",
        R"({"baseline": [[1]], "arm": [1]})", R"({"baseline": [[1]], "arm": [[1]], "arms": 1})"}) {
    const Outcome outcome = Call({"judge", File(content)});
    EXPECT_EQ(outcome.exit_code, 2) << content;
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << content;
  }
}

TEST_F(AppTest, JudgeAsJson) {
  const std::string content = R"({"baseline": )" + Rounds(1) + R"(, "arm": )" + Rounds(0.5) + "}";
  const Outcome outcome = Call({"judge", File(content), "--output", "json"});
  EXPECT_THAT(outcome.out, HasSubstr(R"("verdict": "VERDICT_FASTER")"));
  EXPECT_THAT(outcome.out, HasSubstr(R"("rounds": 10)"));
}

TEST_F(AppTest, OnlyUpAndRunTakeSignals) {
  const auto wants = [](std::vector<std::string> words) {
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    return WantsSignals(static_cast<int>(arguments.size()), arguments.data());
  };
  EXPECT_TRUE(wants({"quantfleet", "up"}));
  EXPECT_TRUE(wants({"quantfleet", "--address", "x:1", "run", "f"}));
  EXPECT_FALSE(wants({"quantfleet", "list"}));
  EXPECT_FALSE(wants({"quantfleet", "submit", "run"}));
}

}  // namespace
}  // namespace quantfleet::cli
