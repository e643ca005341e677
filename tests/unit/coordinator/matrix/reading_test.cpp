// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "coordinator/matrix/expansion.hpp"
#include "coordinator/matrix/suggestion.hpp"
#include "tests/unit/coordinator/matrix/corpus.hpp"

namespace quantfleet::matrix {
namespace {

std::string AllLines(const ParseOutcome& outcome) {
  std::string lines;
  for (const Diagnostic& diagnostic : outcome.diagnostics) lines += diagnostic.ToString() + "\n";
  return lines;
}

std::shared_ptr<const Matrix> Read(const std::filesystem::path& path) {
  const ParseOutcome outcome = ParseMatrix(ReadBytes(path), path.filename().string());
  EXPECT_EQ(AllLines(outcome), "");
  return outcome.matrix;
}

// The matrix with `measure` in place of minimal.yaml's defaults.
v1::MeasurePolicy PolicyOf(const std::string& measure) {
  const std::string document = ReadBytes(CorpusFolder() / "valid/minimal.yaml");
  const ParseOutcome outcome = ParseMatrix(document + "measure: " + measure + "\n", "m.yaml");
  EXPECT_EQ(AllLines(outcome), "");
  return outcome.matrix ? outcome.matrix->policy : v1::MeasurePolicy();
}

TEST(ReadingTest, EveryValidFileAndExampleIsRead) {
  for (const auto& folder :
       {CorpusFolder() / "valid", std::filesystem::path(QUANTFLEET_SOURCE_DIR) / "examples"}) {
    for (const auto& file : YamlFiles(folder)) {
      const auto matrix = Read(file);
      ASSERT_NE(matrix, nullptr) << file;
      EXPECT_GT(matrix->arms_per_copy, 0u) << file;
    }
  }
}

TEST(ReadingTest, ByteOrderMarkAndLineEndsChangeNothing) {
  const auto valid = CorpusFolder() / "valid";
  const auto base = Read(valid / "base.yaml");
  for (const char* other : {"byte_order_mark.yaml", "windows_lines.yaml", "markers.yaml"}) {
    const auto same = Read(valid / other);
    ASSERT_NE(same, nullptr);
    const Expansion a = ExpandMatrix(*base, {}), b = ExpandMatrix(*same, {});
    ASSERT_EQ(a.blocks.size(), b.blocks.size());
    for (size_t i = 0; i < a.blocks.size(); ++i) {
      EXPECT_EQ(a.blocks[i].block.ShortDebugString(), b.blocks[i].block.ShortDebugString());
    }
  }
}

TEST(ReadingTest, EveryKeyArrives) {
  const auto matrix = Read(CorpusFolder() / "valid/every_key.yaml");
  ASSERT_NE(matrix, nullptr);
  EXPECT_EQ(matrix->name, "every-key");
  EXPECT_EQ(matrix->seed, 4294967295u);
  EXPECT_EQ(matrix->cache, "warm");
  EXPECT_EQ(matrix->repeat, 2u);
  EXPECT_EQ(matrix->priority, 9u);
  EXPECT_TRUE(matrix->explain);
  EXPECT_DOUBLE_EQ(matrix->policy.relative_interval(), 0.02);
  EXPECT_DOUBLE_EQ(matrix->policy.confidence(), 0.99);
  EXPECT_DOUBLE_EQ(matrix->policy.min_seconds(), 0.05);
  EXPECT_DOUBLE_EQ(matrix->policy.max_seconds(), 3);
  EXPECT_EQ(matrix->policy.min_samples(), 20u);
  EXPECT_EQ(matrix->policy.min_rounds(), 6u);
  EXPECT_EQ(matrix->policy.max_rounds(), 60u);
  ASSERT_EQ(matrix->targets.size(), 8u);
  EXPECT_EQ(matrix->targets[1].where.ToJson(),
            R"({"device":{"any_of":["*A100*"]},"memory_gib":{"ge":39.0,"lt":100.5}})");
  EXPECT_EQ(matrix->targets[2].where.ToJson(), R"({"labels.site":{"any_of":["colab"]},)"
                                               R"("labels.team":{"none_of":["other","test-*"]}})");
  EXPECT_FALSE(matrix->targets[4].each_device_class);
  EXPECT_TRUE(matrix->targets[5].each_device_class);
  EXPECT_EQ(matrix->targets[5].join_seconds, 0);
  EXPECT_EQ(matrix->targets[6].join_seconds, 86400);
  EXPECT_EQ(matrix->targets[7].join_seconds, 5400);
  ASSERT_EQ(matrix->groups.size(), 3u);
  EXPECT_THAT(matrix->groups[0].axes, testing::ElementsAre("layer"));
  EXPECT_THAT(matrix->groups[1].axes, testing::ElementsAre("batch"));
  EXPECT_THAT(matrix->groups[2].axes, testing::ElementsAre("format", "kernel"));
}

TEST(ReadingTest, DefaultsAreThoseOfTheLanguage) {
  const auto matrix = Read(CorpusFolder() / "valid/minimal.yaml");
  ASSERT_NE(matrix, nullptr);
  EXPECT_EQ(matrix->cache, "cold");
  EXPECT_EQ(matrix->repeat, 1u);
  EXPECT_EQ(matrix->priority, 0u);
  EXPECT_FALSE(matrix->explain);
  EXPECT_DOUBLE_EQ(matrix->policy.relative_interval(), 0.01);
  EXPECT_DOUBLE_EQ(matrix->policy.confidence(), 0.95);
  EXPECT_DOUBLE_EQ(matrix->policy.max_seconds(), 20);
  EXPECT_DOUBLE_EQ(matrix->policy.min_seconds(), 0.1);
  EXPECT_EQ(matrix->policy.min_samples(), 10u);
  EXPECT_EQ(matrix->policy.min_rounds(), 5u);
  EXPECT_EQ(matrix->policy.max_rounds(), 200u);
}

TEST(ReadingTest, DefaultsGiveWayToTheFile) {
  EXPECT_DOUBLE_EQ(PolicyOf("{max_seconds: 0.05}").min_seconds(), 0.05);
  EXPECT_DOUBLE_EQ(PolicyOf("{min_seconds: 30}").max_seconds(), 30);
  EXPECT_EQ(PolicyOf("{rounds: {max: 3}}").min_rounds(), 3u);
  EXPECT_EQ(PolicyOf("{rounds: {min: 300}}").max_rounds(), 300u);
}

TEST(ReadingTest, PercentAndFractionAreTheSame) {
  EXPECT_DOUBLE_EQ(PolicyOf("{relative_ci: 2.5%}").relative_interval(), 0.025);
  EXPECT_DOUBLE_EQ(PolicyOf("{relative_ci: 0.025}").relative_interval(), 0.025);
}

TEST(ReadingTest, ProgressionsAreWrittenOut) {
  const auto texts = [](const std::string& batch) {
    const ParseOutcome outcome = ParseMatrix(
        "version: 1\nname: x\nworkload: linear\nbaseline: {format: fp32}\n"
        "axes: {layer: gpt2/mlp.c_fc, format: fp32, batch: " +
            batch + "}\n",
        "m.yaml");
    EXPECT_EQ(AllLines(outcome), "");
    std::vector<std::string> found;
    if (!outcome.matrix) return found;
    for (const auto& point : outcome.matrix->groups[1].points) found.push_back(point[0].text);
    return found;
  };
  EXPECT_THAT(texts("{doubling: [1, 64]}"),
              testing::ElementsAre("1", "2", "4", "8", "16", "32", "64"));
  EXPECT_THAT(texts("{doubling: [3, 20]}"), testing::ElementsAre("3", "6", "12"));
  EXPECT_THAT(texts("{doubling: [5, 5]}"), testing::ElementsAre("5"));
  EXPECT_THAT(texts("{range: [1, 10, 4]}"), testing::ElementsAre("1", "5", "9"));
  EXPECT_THAT(texts("{range: [2, 2, 9]}"), testing::ElementsAre("2"));
  EXPECT_THAT(texts("[16, 1]"), testing::ElementsAre("16", "1"));
}

TEST(SuggestionTest, DistanceCountsEdits) {
  EXPECT_EQ(EditDistance("", ""), 0u);
  EXPECT_EQ(EditDistance("", "abc"), 3u);
  EXPECT_EQ(EditDistance("abc", ""), 3u);
  EXPECT_EQ(EditDistance("kitten", "sitting"), 3u);
  EXPECT_EQ(EditDistance("lienar", "linear"), 1u);  // a swap of neighbours is one edit
  EXPECT_EQ(EditDistance("ca", "abc"), 3u);         // optimal string alignment, not Damerau's 2
}

TEST(SuggestionTest, NearWordsAreNamedAndOthersListed) {
  EXPECT_EQ(Suggest("fromat", {"layer", "format"}), "did you mean \"format\"?");
  EXPECT_EQ(Suggest("zzzzzzzzzz", {"layer", "format"}), "one of: layer, format");
  EXPECT_EQ(Suggest(std::string(100000, 'x'), {"n", "k"}), "one of: n, k");
}

}  // namespace
}  // namespace quantfleet::matrix
