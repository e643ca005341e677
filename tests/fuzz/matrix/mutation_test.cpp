// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
//
// Seeded mutations of the corpus. A failure prints the document, ready to become a corpus file.
#include <random>

#include <gtest/gtest.h>

#include "tests/fuzz/matrix/parse_check.hpp"
#include "tests/unit/coordinator/matrix/corpus.hpp"

namespace quantfleet::matrix {
namespace {

constexpr size_t kMaxCorpusBytes = 8192;  // the larger files are slow and hold nothing else
constexpr int kMutants = 30000;

const std::vector<std::string>& Tokens() {
  using std::string_literals::operator""s;
  static const std::vector<std::string> kTokens = {"&a "s,
                                                   "*a"s,
                                                   "!!str "s,
                                                   "! "s,
                                                   "<<: "s,
                                                   "---\n"s,
                                                   "...\n"s,
                                                   "? "s,
                                                   "- "s,
                                                   ": "s,
                                                   "|\n"s,
                                                   ">-\n"s,
                                                   "{"s,
                                                   "}"s,
                                                   "["s,
                                                   "]"s,
                                                   ", "s,
                                                   "\n"s,
                                                   "\n  "s,
                                                   "\""s,
                                                   "'"s,
                                                   "#"s,
                                                   "\t"s,
                                                   "\0"s,
                                                   "\r"s,
                                                   "\xff"s,
                                                   "\xef\xbb\xbf"s,
                                                   "%YAML 1.2\n"s,
                                                   "~"s,
                                                   "null"s,
                                                   "-1"s,
                                                   "0"s,
                                                   "012"s,
                                                   "1e9"s,
                                                   "9223372036854775807"s,
                                                   "18446744073709551616"s,
                                                   ".nan"s,
                                                   "3%"s,
                                                   "layer: "s,
                                                   "batch: "s,
                                                   "format: "s,
                                                   "{doubling: [1, 64]}"s,
                                                   "{range: [1, 9223372036854775807, 1]}"s,
                                                   "{n: 64, k: 64}"s,
                                                   "{glob: \"*\"}"s,
                                                   "{not: fp32}"s,
                                                   "repeat: 3\n"s};
  return kTokens;
}

class Mutator {
 public:
  Mutator(std::vector<std::string> corpus, uint32_t seed)
      : corpus_(std::move(corpus)), random_(seed) {}

  std::string Draw() {
    std::string text = corpus_[Below(corpus_.size())];
    for (size_t i = 1 + Below(4); i > 0; --i) Mutate(&text);
    return text;
  }

 private:
  size_t Below(size_t end) { return random_() % end; }

  void Mutate(std::string* text) {
    const size_t at = Below(text->size() + 1);
    const size_t length = Below(40);
    switch (Below(6)) {
      case 0:
        if (at < text->size()) (*text)[at] = static_cast<char>(Below(256));
        return;
      case 1:
        text->insert(at, Tokens()[Below(Tokens().size())]);
        return;
      case 2:
        text->erase(at, length);
        return;
      case 3:
        text->insert(Below(text->size() + 1), text->substr(at, length));
        return;
      case 4:
        text->replace(at, length, Tokens()[Below(Tokens().size())]);
        return;
      default: {
        const std::string& other = corpus_[Below(corpus_.size())];
        *text = text->substr(0, at) + other.substr(Below(other.size() + 1));
      }
    }
  }

  std::vector<std::string> corpus_;
  std::mt19937 random_;
};

std::vector<std::string> Corpus() {
  std::vector<std::string> corpus;
  for (const char* folder : {"valid", "bad"}) {
    for (const auto& file : YamlFiles(CorpusFolder() / folder)) {
      std::string bytes = ReadBytes(file);
      if (bytes.size() <= kMaxCorpusBytes) corpus.push_back(std::move(bytes));
    }
  }
  return corpus;
}

TEST(MutationTest, NoMutantBreaksAPromise) {
  Mutator mutator(Corpus(), 20260101);
  for (int i = 0; i < kMutants; ++i) {
    const std::string mutant = mutator.Draw();
    const std::string broken = FindBrokenPromise(mutant);
    ASSERT_EQ(broken, "") << "mutant " << i << ":\n" << mutant;
  }
}

TEST(MutationTest, EveryPrefixOfAFileKeepsThePromises) {
  const std::string text = ReadBytes(CorpusFolder() / "valid/every_key.yaml");
  for (size_t end = 0; end <= text.size(); ++end) {
    ASSERT_EQ(FindBrokenPromise(text.substr(0, end)), "") << "first " << end << " bytes";
  }
}

}  // namespace
}  // namespace quantfleet::matrix
