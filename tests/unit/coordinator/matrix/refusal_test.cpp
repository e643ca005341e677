// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
//
// Every file in bad/ is refused, and its first line is the one in the .expected file beside it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "coordinator/matrix/matrix.hpp"
#include "tests/unit/coordinator/matrix/corpus.hpp"

namespace quantfleet::matrix {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class BadFileTest : public testing::TestWithParam<std::filesystem::path> {};

TEST_P(BadFileTest, IsRefusedWithTheExpectedLine) {
  const ParseOutcome outcome = ParseMatrix(ReadBytes(GetParam()), GetParam().filename().string());
  EXPECT_EQ(outcome.matrix, nullptr);
  ASSERT_FALSE(outcome.diagnostics.empty());
  std::filesystem::path expected = GetParam();
  expected.replace_extension(".expected");
  EXPECT_EQ(CompareWithFile(outcome.diagnostics[0].ToString() + "\n", expected), "");
  EXPECT_LE(outcome.diagnostics.size(), Report::kMaxDiagnostics);
  for (const Diagnostic& diagnostic : outcome.diagnostics) {
    EXPECT_THAT(diagnostic.ToString(), Not(HasSubstr("\n")));
  }
}

INSTANTIATE_TEST_SUITE_P(Corpus, BadFileTest, testing::ValuesIn(YamlFiles(CorpusFolder() / "bad")),
                         [](const auto& file) { return file.param.stem().string(); });

std::string FirstLine(const ParseOutcome& outcome) {
  return outcome.diagnostics.empty() ? "" : outcome.diagnostics[0].ToString();
}

TEST(RefusalTest, LargeDocumentIsRefusedByItsSize) {
  const std::string document = "version: 1\n" + std::string(5 << 20, '#');
  EXPECT_EQ(FirstLine(ParseMatrix(document, "m.yaml")),
            "m.yaml:1:1: the document has 5242891 bytes, at most 262144 are allowed");
}

// As large as allowed, and as costly as one finds: these must end, not be fast.
TEST(RefusalTest, LargestDocumentsOfOneKindAreRefused) {
  const std::string base = ReadBytes(CorpusFolder() / "valid/minimal.yaml");
  for (const char* piece :
       {"[",   "{",  "- ",  "? ",   "a: ",    "[a, ", "{a: ",       "\"",
        "'",   "| ", "!x ", "&a ",  "*a ",    ", ",   "a\n",        "- a\n",
        "%A ", "# ", "\\",  "-\n ", "a: b\n", "[]\n", "? a\n: b\n", "{a: b}, "}) {
    std::string document = base + "search: ";
    while (document.size() + 16 < Limits().max_document_bytes) document += piece;
    const ParseOutcome outcome = ParseMatrix(document, "m.yaml");
    EXPECT_EQ(outcome.matrix == nullptr, !outcome.diagnostics.empty()) << piece;
  }
}

TEST(RefusalTest, ManyFindingsAreCutAfterTwenty) {
  std::string document = ReadBytes(CorpusFolder() / "valid/minimal.yaml");
  for (int i = 0; i < 100; ++i) document += "key_" + std::to_string(i) + ": 1\n";
  const ParseOutcome outcome = ParseMatrix(document, "m.yaml");
  ASSERT_EQ(outcome.diagnostics.size(), Report::kMaxDiagnostics);
  EXPECT_EQ(outcome.diagnostics[0].line, 6);
  EXPECT_EQ(outcome.diagnostics[19].line, 25);
}

TEST(RefusalTest, IndependentFindingsAreAllReported) {
  const auto file = CorpusFolder() / "bad/several.yaml";
  const ParseOutcome outcome = ParseMatrix(ReadBytes(file), "several.yaml");
  std::vector<int> lines;
  for (const Diagnostic& diagnostic : outcome.diagnostics) lines.push_back(diagnostic.line);
  EXPECT_THAT(lines, testing::ElementsAre(1, 8, 14, 15));
}

TEST(RefusalTest, LimitsAreThoseGiven) {
  const std::string document = ReadBytes(CorpusFolder() / "valid/base.yaml");
  Limits limits;
  limits.max_arms = 32;  // exactly its arms
  EXPECT_NE(ParseMatrix(document, "m", limits).matrix, nullptr);
  limits.max_arms = 31;
  EXPECT_THAT(FirstLine(ParseMatrix(document, "m", limits)), HasSubstr("32 arms"));
  limits.max_arms = 80;  // and six parts a block: what was allowed without them is too much
  EXPECT_NE(ParseMatrix(document + "explain: true\n", "m", limits).matrix, nullptr);
  limits.max_arms = 79;
  EXPECT_THAT(FirstLine(ParseMatrix(document + "explain: true\n", "m", limits)),
              HasSubstr("80 arms with the second baseline of each block and what explains it"));
  limits = {};
  limits.max_nodes = 10;
  EXPECT_THAT(FirstLine(ParseMatrix(document, "m", limits)), HasSubstr("more than 10 values"));
  limits = {};
  limits.max_nesting = 2;
  EXPECT_THAT(FirstLine(ParseMatrix(document, "m", limits)), HasSubstr("deeper than 2"));
  limits = {};
  limits.max_document_bytes = document.size();
  EXPECT_NE(ParseMatrix(document, "m", limits).matrix, nullptr);
  limits.max_document_bytes = document.size() - 1;
  EXPECT_EQ(ParseMatrix(document, "m", limits).matrix, nullptr);
}

TEST(RefusalTest, ExclusionRulesTooCostlyForTheMatrixAreRefused) {
  std::string document =
      "version: 1\nname: costly\nworkload: linear\n"
      "axes: {layer: gpt2/mlp.c_fc, batch: {range: [1, 40000, 1]}, format: [fp32, nf4]}\n"
      "baseline: {format: fp32}\nexclude:\n";
  for (int i = 0; i < 700; ++i) {
    document += "  - {when: {batch: {lt: 1}}, because: never}\n";
  }
  EXPECT_THAT(FirstLine(ParseMatrix(document, "m")), HasSubstr("exclude rules are too many"));
}

TEST(DiagnosticTest, IsOneLineWhateverItHolds) {
  const Diagnostic diagnostic{"a\nb.yaml", 3, 4, "tab \t bell \a", "del \x7f"};
  EXPECT_EQ(diagnostic.ToString(), "a\\nb.yaml:3:4: tab \\t bell \\x07 (del \\x7f)");
  EXPECT_EQ((Diagnostic{"f", 1, 1, "m", ""}).ToString(), "f:1:1: m");
}

TEST(DiagnosticTest, LongWordsAreCutBetweenCharacters) {
  const std::string quoted = Quoted(std::string(59, 'x') + "\u20ac\u20ac");
  EXPECT_EQ(quoted, "\"" + std::string(59, 'x') + "...\"");
}

}  // namespace
}  // namespace quantfleet::matrix
