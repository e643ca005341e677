// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "agent/options.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/ids.hpp"

namespace quantfleet::agent {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

class OptionsTest : public ::testing::Test {
 protected:
  ~OptionsTest() override {
    unsetenv("QUANTFLEET_COORDINATOR");
    std::filesystem::remove(config_);
  }

  AgentOptions Parse(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "quantfleet-agent");
    std::vector<char*> pointers;
    for (std::string& argument : arguments) pointers.push_back(argument.data());
    ::testing::internal::CaptureStderr();
    ::testing::internal::CaptureStdout();
    AgentOptions options =
        ParseOptions(static_cast<int>(pointers.size()), pointers.data(), &exit_code_);
    ::testing::internal::GetCapturedStdout();
    error_ = ::testing::internal::GetCapturedStderr();
    return options;
  }
  AgentOptions ParseFile(const std::string& content, std::vector<std::string> arguments = {}) {
    std::ofstream(config_) << content;
    arguments.push_back("--config=" + config_);
    return Parse(arguments);
  }

  const std::string config_ =
      std::filesystem::temp_directory_path() / RandomId("quantfleet-config-");
  int exit_code_ = 0;
  std::string error_;
};

TEST_F(OptionsTest, FlagsAreRead) {
  const AgentOptions options = Parse({"--name=box", "--cpu-threads=4,1,4", "--devices=cpu",
                                      "--label", "site=lab", "--label=rack=2", "--share-host"});
  EXPECT_EQ(exit_code_, -1);
  EXPECT_EQ(options.name, "box");
  EXPECT_THAT(options.cpu_threads, ElementsAre(1, 4));
  EXPECT_EQ(options.devices, DeviceChoice::kCpu);
  EXPECT_THAT(options.labels, ElementsAre(Pair("rack", "2"), Pair("site", "lab")));
  EXPECT_TRUE(options.share_host);
  EXPECT_THAT(options.spool, HasSubstr("/quantfleet/box"));
}

TEST_F(OptionsTest, BlocksAheadAndTheHostsLife) {
  EXPECT_EQ(Parse({}).prefetch, 1U);
  EXPECT_EQ(Parse({}).life_seconds, 0);
  const AgentOptions options = Parse({"--prefetch=0", "--life-seconds=43200"});
  EXPECT_EQ(exit_code_, -1);
  EXPECT_EQ(options.prefetch, 0U);
  EXPECT_EQ(options.life_seconds, 43200);
  for (const char* wrong : {"--prefetch=129", "--prefetch=-1", "--life-seconds=-1"}) {
    Parse({wrong});
    EXPECT_EQ(exit_code_, 2) << wrong;
  }
}

TEST_F(OptionsTest, TheFileSetsWhatFlagsCan) {
  const AgentOptions options = ParseFile(
      "coordinator: 127.0.0.1:1\ncpu-threads: [1, 2]\nshare-host: true\n"
      "label: {site: colab, tier: 1}\nlog-format: json\n");
  EXPECT_EQ(exit_code_, -1) << error_;
  EXPECT_EQ(options.coordinator, "127.0.0.1:1");
  EXPECT_THAT(options.cpu_threads, ElementsAre(1, 2));
  EXPECT_TRUE(options.share_host);
  EXPECT_TRUE(options.json_log);
  EXPECT_THAT(options.labels, ElementsAre(Pair("site", "colab"), Pair("tier", "1")));
}

TEST_F(OptionsTest, AFlagWinsOverAVariableAndThatOverTheFile) {
  const std::string file = "coordinator: 127.0.0.2:1\n";
  EXPECT_EQ(ParseFile(file).coordinator, "127.0.0.2:1");
  setenv("QUANTFLEET_COORDINATOR", "127.0.0.3:1", 1);
  EXPECT_EQ(ParseFile(file).coordinator, "127.0.0.3:1");
  EXPECT_EQ(ParseFile(file, {"--coordinator=127.0.0.4:1"}).coordinator, "127.0.0.4:1");
}

TEST_F(OptionsTest, AnotherMachineTakesTls) {
  ParseFile("coordinator: fleet.lab:7070\n");
  EXPECT_EQ(exit_code_, 2);
  EXPECT_THAT(error_, HasSubstr("--identity"));
  ParseFile("coordinator: fleet.lab:7070\nidentity: /etc/quantfleet\n");
  EXPECT_EQ(exit_code_, -1) << error_;
  ParseFile("enrol-token-file: token\n");
  EXPECT_EQ(exit_code_, 2);
}

TEST_F(OptionsTest, WrongSettingsAreNamedWithTheirPlace) {
  const struct {
    const char* content;
    const char* error;
  } cases[] = {
      {"name: a\nnmae: b\n", ":2:1: unknown key 'nmae'"},
      {"name: a\nname: b\n", ":2:1: 'name' is there twice"},
      {"name: [a, b]\n", ":1:1: 'name' takes one value"},
      {"cpu-threads: []\n", ":1:1: 'cpu-threads' takes one value"},
      {"name: {a: {b: c}}\n", ":1:"},
      {"cpu-threads: many\n", ":1:1: "},
      {"share-host: perhaps\n", ":1:1: "},
      {"log-format: xml\n", ":1:1: "},
      {"- name\n", ":1:1: no map"},
      {"name: [a\n", ":2:1: "},
      {"config: other\n", ":1:1: unknown key 'config'"},
  };
  for (const auto& tested : cases) {
    ParseFile(tested.content);
    EXPECT_EQ(exit_code_, 2) << tested.content;
    EXPECT_THAT(error_, HasSubstr(config_ + tested.error));
  }
}

TEST_F(OptionsTest, BadUsageIsTold) {
  for (const auto& [argument, error] :
       std::vector<std::pair<std::string, std::string>>{{"--name=../x", "--name"},
                                                        {"--name=.hidden", "--name"},
                                                        {"--label=site", "KEY=VALUE"},
                                                        {"--devices=tpu", "tpu"},
                                                        {"--cpu-threads=257", "--cpu-threads"},
                                                        {"--config=/nowhere.yaml", "/nowhere.yaml"},
                                                        {"--config=/", "cannot read /"},
                                                        {"--unheard-of", "--unheard-of"}}) {
    Parse({argument});
    EXPECT_EQ(exit_code_, 2) << argument;
    EXPECT_THAT(error_, HasSubstr(error));
  }
  Parse({"--label=a=1", "--label=a=2"});
  EXPECT_EQ(exit_code_, 2);
  EXPECT_THAT(error_, HasSubstr("twice"));
}

TEST_F(OptionsTest, HelpAndVersionEndWell) {
  for (const char* argument : {"--help", "--version"}) {
    Parse({argument});
    EXPECT_EQ(exit_code_, 0) << argument;
  }
}

}  // namespace
}  // namespace quantfleet::agent
