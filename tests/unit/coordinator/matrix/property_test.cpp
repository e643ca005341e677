// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
//
// Random matrices against a plain enumeration: what is not excluded appears exactly once.
#include <algorithm>
#include <map>
#include <random>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "coordinator/matrix/expansion.hpp"

namespace quantfleet::matrix {
namespace {

// Axis to value, as texts.
using Point = std::map<std::string, std::string>;

const std::map<std::string, std::vector<std::string>>& AllValues() {
  static const std::map<std::string, std::vector<std::string>> kValues = {
      {"layer", {"gpt2/attn.c_attn", "gpt2/mlp.c_fc", "gpt2/mlp.c_proj", "n=64,k=64"}},
      {"batch", {"1", "2", "16", "100"}},
      {"format", {"fp32", "bf16", "int8", "nf4"}},
      {"kernel", {"auto", "fused", "dequantize_then_gemm", "reference"}}};
  return kValues;
}

std::string Yaml(const std::string& text) {
  return text == "n=64,k=64" ? "{n: 64, k: 64}" : text;
}

// A matrix in the plainest terms.
struct Sketch {
  std::map<std::string, std::vector<std::string>> axes;
  std::vector<Point> rules;  // a combination that agrees with one of them is excluded
  Point baseline;
  bool explain = false;

  std::string ToYaml() const {
    std::string text = "version: 1\nname: random\nworkload: linear\naxes:\n";
    for (const auto& [axis, values] : axes) {
      text += "  " + axis + ": [";
      for (const std::string& value : values) text += Yaml(value) + ", ";
      text += "]\n";
    }
    if (!rules.empty()) text += "exclude:\n";
    for (size_t i = 0; i < rules.size(); ++i) {
      text +=
          "  - {when: {" + Pairs(rules[i], false) + "}, because: rule" + std::to_string(i) + "}\n";
    }
    if (explain) text += "explain: true\n";
    return text + "baseline: {" + Pairs(baseline, true) + "}\n";
  }

  bool Excluded(const Point& point) const {
    return std::any_of(rules.begin(), rules.end(), [&](const Point& rule) {
      return std::all_of(rule.begin(), rule.end(),
                         [&](const auto& pair) { return point.at(pair.first) == pair.second; });
    });
  }

  // All that is not excluded.
  std::set<Point> Wanted() const {
    std::vector<Point> points = {{}};
    for (const auto& [axis, values] : axes) {
      std::vector<Point> longer;
      for (const Point& point : points) {
        for (const std::string& value : values) {
          longer.push_back(point);
          longer.back()[axis] = value;
        }
      }
      points = longer;
    }
    std::set<Point> wanted;
    for (const Point& point : points) {
      if (!Excluded(point)) wanted.insert(point);
    }
    return wanted;
  }

  // The arm that `point` is compared with.
  Point BaselineOf(Point point) const {
    for (const auto& [axis, value] : baseline) point[axis] = value;
    return point;
  }

 private:
  // A shape in a rule is named by its label, as `compare` shows it.
  static std::string Pairs(const Point& point, bool as_value) {
    std::string text;
    for (const auto& [axis, value] : point) {
      text += axis + ": " + (as_value ? Yaml(value) : "\"" + value + "\"") + ", ";
      if (axis == "batch" && !as_value)
        text.replace(text.size() - value.size() - 4, 99, value + ", ");
    }
    return text;
  }
};

class Sketcher {
 public:
  explicit Sketcher(uint32_t seed) : random_(seed) {}

  Sketch Draw() {
    Sketch sketch;
    for (const auto& [axis, values] : AllValues()) {
      std::vector<std::string> shuffled = values;
      std::shuffle(shuffled.begin(), shuffled.end(), random_);
      shuffled.resize(1 + Below(shuffled.size()));
      sketch.axes[axis] = shuffled;
      if (Below(2) == 0) sketch.baseline[axis] = Pick(shuffled);
    }
    if (sketch.baseline.empty()) sketch.baseline["format"] = Pick(sketch.axes["format"]);
    for (size_t i = Below(4); i > 0; --i) {
      Point rule;
      for (const auto& [axis, values] : AllValues()) {
        if (Below(2) == 0) rule[axis] = Pick(values);
      }
      if (!rule.empty()) sketch.rules.push_back(rule);
    }
    sketch.explain = Below(3) == 0;
    return sketch;
  }

 private:
  size_t Below(size_t end) { return random_() % end; }
  const std::string& Pick(const std::vector<std::string>& values) {
    return values[Below(values.size())];
  }

  std::mt19937 random_;
};

Point PointOf(const v1::BlockArm& arm) {
  return {arm.labels().begin(), arm.labels().end()};
}

// The parts that explain an arm, in the plainest terms.
void AddParts(Point arm, const std::string& baseline_format, std::set<Point>* parts) {
  std::vector<std::string> kernels = {"ablation_read"};
  if (arm["format"] != "fp32") {
    kernels.insert(kernels.end(), {"ablation_unpack", "ablation_decode"});
  }
  for (const std::string& kernel : kernels) {
    arm["kernel"] = kernel;
    parts->insert(arm);
  }
  arm["format"] = baseline_format;
  for (const char* kernel : {"ablation_launch", "ablation_dense"}) {
    arm["kernel"] = kernel;
    parts->insert(arm);
  }
}

void ExpectGoodBlock(const Sketch& sketch, const v1::Block& block, std::multiset<Point>* found) {
  ASSERT_GE(block.arms_size(), 2);
  EXPECT_EQ(block.arms(0).role(), v1::ARM_ROLE_BASELINE);
  EXPECT_EQ(block.arms(1).role(), v1::ARM_ROLE_NULL);
  EXPECT_EQ(block.arms(0).arm_id(), block.arms(1).arm_id());
  const Point baseline = PointOf(block.arms(0));
  std::set<std::string> ids;
  std::set<Point> wanted_parts, parts;
  for (int i = 0; i < block.arms_size(); ++i) {
    const v1::BlockArm& arm = block.arms(i);
    EXPECT_EQ(arm.index(), static_cast<uint32_t>(i));
    EXPECT_EQ(arm.arm_id(), ArmId(arm.spec()));
    if (i == 1) continue;
    EXPECT_TRUE(ids.insert(arm.arm_id()).second) << "two equal arms";
    if (arm.role() == v1::ARM_ROLE_ABLATION) {
      parts.insert(PointOf(arm));
      continue;
    }
    EXPECT_TRUE(parts.empty()) << "a part before an arm";
    EXPECT_EQ(sketch.BaselineOf(PointOf(arm)), baseline);
    EXPECT_EQ(arm.role(), i == 0 ? v1::ARM_ROLE_BASELINE : v1::ARM_ROLE_CANDIDATE);
    found->insert(PointOf(arm));
    if (sketch.explain) AddParts(PointOf(arm), baseline.at("format"), &wanted_parts);
  }
  EXPECT_EQ(parts, wanted_parts);
}

void ExpectGoodExpansion(const Sketch& sketch, const Matrix& matrix,
                         const std::set<Point>& wanted) {
  const Expansion expansion = ExpandMatrix(matrix, {});
  std::multiset<Point> found;
  uint64_t arms = 0;
  for (const PlannedBlock& planned : expansion.blocks) {
    ExpectGoodBlock(sketch, planned.block, &found);
    arms += static_cast<uint64_t>(planned.block.arms_size());
  }
  EXPECT_EQ(found, std::multiset<Point>(wanted.begin(), wanted.end()));
  EXPECT_EQ(arms, matrix.arms_per_copy);
  EXPECT_EQ(expansion.blocks.size(), matrix.blocks_per_copy);
  uint64_t all = 1, excluded = 0;
  for (const auto& [axis, values] : sketch.axes) all *= values.size();
  for (const Exclusion& exclusion : expansion.exclusions) excluded += exclusion.arms;
  EXPECT_EQ(excluded, all - wanted.size());
}

TEST(ExpansionPropertyTest, WhatIsNotExcludedAppearsExactlyOnce) {
  int expanded = 0, refused = 0;
  for (uint32_t seed = 0; seed < 600; ++seed) {
    const Sketch sketch = Sketcher(seed).Draw();
    const std::string yaml = sketch.ToYaml();
    SCOPED_TRACE(yaml);
    const ParseOutcome outcome = ParseMatrix(yaml, "random.yaml");
    const std::set<Point> wanted = sketch.Wanted();
    const bool has_baselines = std::all_of(wanted.begin(), wanted.end(), [&](const Point& point) {
      return wanted.contains(sketch.BaselineOf(point));
    });
    if (wanted.empty() || !has_baselines) {
      ++refused;
      ASSERT_EQ(outcome.diagnostics.size(), 1u);
      EXPECT_THAT(outcome.diagnostics[0].message,
                  testing::HasSubstr(wanted.empty() ? "every arm" : "missing baseline"));
      continue;
    }
    ++expanded;
    ASSERT_NE(outcome.matrix, nullptr) << outcome.diagnostics[0].ToString();
    ExpectGoodExpansion(sketch, *outcome.matrix, wanted);
  }
  // Both answers were asked for often enough to mean something.
  EXPECT_GT(expanded, 100);
  EXPECT_GT(refused, 50);
}

TEST(ExpansionPropertyTest, IsTheSameEveryTime) {
  for (uint32_t seed = 0; seed < 50; ++seed) {
    const std::string yaml = Sketcher(seed).Draw().ToYaml();
    const ParseOutcome first = ParseMatrix(yaml, "a.yaml"), second = ParseMatrix(yaml, "b.yaml");
    ASSERT_EQ(first.matrix == nullptr, second.matrix == nullptr);
    if (first.matrix == nullptr) continue;
    const Expansion a = ExpandMatrix(*first.matrix, {}), b = ExpandMatrix(*second.matrix, {});
    ASSERT_EQ(a.blocks.size(), b.blocks.size());
    for (size_t i = 0; i < a.blocks.size(); ++i) {
      EXPECT_EQ(a.blocks[i].block.ShortDebugString(), b.blocks[i].block.ShortDebugString());
    }
  }
}

// Neither the order of values nor of keys is part of an arm's identity.
TEST(ExpansionPropertyTest, IdsDoNotDependOnTheOrderInTheFile) {
  const auto ids = [](const std::string& axes) {
    const ParseOutcome outcome = ParseMatrix(
        "baseline: {format: fp32}\nname: x\nversion: 1\nworkload: linear\naxes: " + axes, "m");
    std::set<std::string> found;
    if (outcome.matrix == nullptr) return found;
    for (const PlannedBlock& planned : ExpandMatrix(*outcome.matrix, {}).blocks) {
      for (const v1::BlockArm& arm : planned.block.arms()) found.insert(arm.arm_id());
    }
    return found;
  };
  const auto a = ids("{layer: gpt2/mlp.c_fc, batch: [1, 2], format: [fp32, nf4]}\n");
  const auto b = ids("{format: [nf4, fp32], batch: [2, 1], layer: {k: 768, n: 3072}}\n");
  EXPECT_EQ(a.size(), 4u);
  EXPECT_EQ(a, b);
}

}  // namespace
}  // namespace quantfleet::matrix
