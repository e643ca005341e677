// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/scheduler/requirement.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/units.hpp"

namespace quantfleet::scheduler {
namespace {

using ::testing::HasSubstr;

DeviceFacts Gpu() {
  DeviceFacts facts;
  facts.agent_name = "lab-3";
  facts.labels = {{"site", "colab"}};
  facts.device.set_name("NVIDIA GeForce RTX 4090");
  facts.device.set_device_class("cuda/nvidia-geforce-rtx-4090");
  facts.device.set_kind(v1::DEVICE_KIND_CUDA);
  facts.device.set_architecture("sm_89");
  facts.device.add_features("bf16");
  facts.device.add_features("fp8");
  facts.device.set_memory_bytes(24 * kGibibyte);
  return facts;
}

Requirement Where(const std::string& property, Condition condition) {
  Requirement requirement;
  requirement.conditions[property] = std::move(condition);
  return requirement;
}

Condition AnyOf(std::vector<std::string> texts) {
  Condition condition;
  condition.any_of = std::move(texts);
  return condition;
}

Condition NoneOf(std::vector<std::string> texts) {
  Condition condition;
  condition.none_of = std::move(texts);
  return condition;
}

Condition AtLeast(double number) {
  Condition condition;
  condition.at_least = number;
  return condition;
}

TEST(RequirementTest, EmptyOneTakesAnyDevice) {
  EXPECT_TRUE(Matches({}, Gpu()));
  EXPECT_TRUE(Matches({}, {}));
  EXPECT_EQ(WhyNot({}, {}), "");
}

TEST(RequirementTest, EveryPropertyIsLookedAt) {
  const std::pair<const char*, const char*> kRight[] = {
      {"device", "*rtx 4090"}, {"device_class", "cuda/nvidia-geforce-rtx-4090"},
      {"kind", "cuda"},        {"architecture", "sm_89"},
      {"feature", "fp8"},      {"agent", "lab-?"},
      {"memory_gib", "24"},    {"labels.site", "colab"}};
  for (const auto& [property, text] : kRight) {
    EXPECT_TRUE(Matches(Where(property, AnyOf({text})), Gpu())) << property;
    EXPECT_FALSE(Matches(Where(property, AnyOf({"other"})), Gpu())) << property;
    EXPECT_FALSE(Matches(Where(property, NoneOf({text})), Gpu())) << property;
    EXPECT_TRUE(Matches(Where(property, NoneOf({"other"})), Gpu())) << property;
  }
}

TEST(RequirementTest, BoundsAreExactAtTheirEnds) {
  const auto matches = [](std::optional<double> Condition::*limit, double number) {
    Condition condition;
    condition.*limit = number;
    return Matches(Where("memory_gib", condition), Gpu());
  };
  EXPECT_TRUE(matches(&Condition::at_least, 24));
  EXPECT_FALSE(matches(&Condition::at_least, 24.001));
  EXPECT_TRUE(matches(&Condition::at_most, 24));
  EXPECT_FALSE(matches(&Condition::at_most, 23.999));
  EXPECT_FALSE(matches(&Condition::less_than, 24));
  EXPECT_TRUE(matches(&Condition::less_than, 24.001));
  EXPECT_FALSE(matches(&Condition::greater_than, 24));
  EXPECT_TRUE(matches(&Condition::greater_than, 23.999));
}

TEST(RequirementTest, UnknownPropertyFailsEvenWhatItMayNotBe) {
  EXPECT_FALSE(Matches(Where("labels.team", NoneOf({"x"})), Gpu()));
  EXPECT_FALSE(Matches(Where("threads", NoneOf({"2"})), Gpu()));
  EXPECT_FALSE(Matches(Where("device", NoneOf({"x"})), {}));
  // A device without features is known to lack them.
  EXPECT_TRUE(Matches(Where("feature", NoneOf({"fp8"})), {}));
  EXPECT_FALSE(Matches(Where("feature", AnyOf({"fp8"})), {}));
}

TEST(RequirementTest, BoundOnATextNeverHolds) {
  EXPECT_FALSE(Matches(Where("device", AtLeast(0)), Gpu()));
}

TEST(RequirementTest, WhyNotSaysWhatIsAndWhatIsAskedFor) {
  EXPECT_EQ(WhyNot(Where("memory_gib", AtLeast(39)), Gpu()),
            "memory_gib is 24, at least 39 is asked for");
  EXPECT_EQ(WhyNot(Where("kind", AnyOf({"cpu", "metal"})), Gpu()),
            "kind is cuda, cpu or metal is asked for");
  EXPECT_EQ(WhyNot(Where("labels.site", NoneOf({"colab"})), Gpu()),
            "labels.site is colab, not colab is asked for");
  EXPECT_EQ(WhyNot(Where("threads", AtLeast(2)), Gpu()),
            "threads is not known, at least 2 is asked for");
  EXPECT_EQ(WhyNot(Where("feature", AnyOf({"avx2"})), {}), "feature is empty, avx2 is asked for");
}

TEST(RequirementTest, JsonIsCanonical) {
  Requirement a = Where("device", AnyOf({"b", "a", "b"}));
  a.conditions["memory_gib"] = AtLeast(39);
  a.conditions["memory_gib"].less_than = 80.5;
  Requirement b = Where("device", AnyOf({"a", "b"}));
  b.conditions["memory_gib"] = a.conditions["memory_gib"];
  EXPECT_EQ(a.ToJson(), b.ToJson());
  EXPECT_EQ(a.ToJson(), R"({"device":{"any_of":["a","b"]},"memory_gib":{"ge":39.0,"lt":80.5}})");
  EXPECT_EQ(Requirement().ToJson(), "{}");
}

TEST(RequirementTest, JsonGoesThereAndBack) {
  Requirement requirement = Where("labels.team \"x\"\n", AnyOf({"caf\u00e9 *", "\x01"}));
  requirement.conditions["threads"].greater_than = 0.1;
  requirement.conditions["threads"].at_most = 1e300;
  requirement.conditions["kind"] = NoneOf({"cpu"});
  const auto back = Requirement::FromJson(requirement.ToJson());
  ASSERT_TRUE(back.ok()) << back.status().ToString();
  EXPECT_EQ(back->ToJson(), requirement.ToJson());
  EXPECT_EQ(back->conditions.at("threads").greater_than, 0.1);
  EXPECT_FALSE(back->conditions.at("threads").less_than.has_value());
}

TEST(RequirementTest, JsonOfBytesThatAreNotUtf8IsStillJson) {
  const std::string json = Where("device", AnyOf({"\xff\xfe"})).ToJson();
  EXPECT_TRUE(Requirement::FromJson(json).ok()) << json;
}

TEST(RequirementTest, WrongJsonIsRefused) {
  for (const char* json :
       {"", "{", "[]", "1", "null", R"({"devise":{}})", R"({"labels.":{}})", R"({"kind":[]})",
        R"({"kind":{"any_of":"cpu"}})", R"({"kind":{"any_of":[]}})", R"({"kind":{"any_of":[1]}})",
        R"({"kind":{"gte":1}})", R"({"threads":{"ge":"2"}})", R"({"threads":{"ge":null}})"}) {
    const auto requirement = Requirement::FromJson(json);
    ASSERT_FALSE(requirement.ok()) << json;
    EXPECT_EQ(requirement.status().code(), StatusCode::kInvalidArgument) << json;
    EXPECT_THAT(requirement.status().message(), HasSubstr("requirement")) << json;
  }
}

TEST(GlobTest, CoversTheWholeText) {
  struct Case {
    const char* pattern;
    const char* text;
    bool matches;
  };
  const Case kCases[] = {{"", "", true},
                         {"", "a", false},
                         {"*", "", true},
                         {"*", "anything", true},
                         {"?", "", false},
                         {"?", "a", true},
                         {"a*", "a", true},
                         {"a*b", "ab", true},
                         {"a*b", "axxb", true},
                         {"a*b", "axxbc", false},
                         {"*b*", "abc", true},
                         {"**a**", "bab", true},
                         {"a?c", "abc", true},
                         {"a?c", "ac", false},
                         {"*A100*", "NVIDIA a100-SXM4", true},
                         {"*a*b*c", "aXbXc", true},
                         {"*a*b*c", "acb", false},
                         {"*ab", "aab", true},
                         {"[a]", "a", false},
                         {"a.c", "abc", false},
                         {"*.c_fc", "gpt2/mlp.c_fc", true}};
  for (const Case& c : kCases) {
    EXPECT_EQ(MatchesGlob(c.pattern, c.text), c.matches) << c.pattern << " on " << c.text;
  }
}

// Backtracking over every star would take longer than the test's time limit by far.
TEST(GlobTest, ManyStarsTakeNoExponentialTime) {
  std::string pattern;
  for (int i = 0; i < 60; ++i) pattern += "*a";
  EXPECT_FALSE(MatchesGlob(pattern + "*b", std::string(5000, 'a')));
  EXPECT_TRUE(MatchesGlob(pattern + "*", std::string(5000, 'a')));
}

TEST(HoldsTest, TextsAndBoundsMustBothHold) {
  Condition condition = AnyOf({"4", "8"});
  condition.at_least = 5;
  EXPECT_TRUE(Holds(condition, "8", 8));
  EXPECT_FALSE(Holds(condition, "4", 4));
  EXPECT_FALSE(Holds(condition, "16", 16));
  EXPECT_FALSE(Holds(condition, "8", std::nullopt));
}

}  // namespace
}  // namespace quantfleet::scheduler
