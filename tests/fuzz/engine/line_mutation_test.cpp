// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
//
// Seeded mutations of lines of the engine's protocol. A failure prints the line, ready to become a
// corpus file.
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>
#include <vector>

#include <google/protobuf/stubs/logging.h>
#include <gtest/gtest.h>

#include "agent/executor/engine_json.hpp"
#include "kernels/engine/protocol/json_codec.hpp"
#include "tests/fuzz/engine/line_check.hpp"

namespace quantfleet::fuzz {
namespace {

constexpr int kMutants = 20'000;

// Bytes that are no message are what this is about.
[[maybe_unused]] auto* const kQuiet = google::protobuf::SetLogHandler(nullptr);

std::vector<std::string> Corpus() {
  std::vector<std::string> lines;
  for (const auto& entry :
       std::filesystem::directory_iterator(QUANTFLEET_SOURCE_DIR "/tests/fuzz/engine/corpus")) {
    std::ifstream file(entry.path(), std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    lines.push_back(text.str());
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

TEST(LineMutationTest, EveryLineOfTheCorpusIsUnderstoodByOneSide) {
  ASSERT_GE(Corpus().size(), 8U);
  for (const std::string& line : Corpus()) {
    EXPECT_EQ(FindBrokenPromise(line), "") << line;
    EXPECT_NE(agent::DecodeEvent(line).ok(), engine::ParseRequest(line).ok()) << line;
  }
}

TEST(LineMutationTest, NoMutantBreaksAPromise) {
  constexpr std::string_view kBytes = "{}[]\",:0123456789.eE+-ntf\\u\x01\x7f\xff ";
  std::mt19937 random(20263);
  const auto below = [&](size_t end) { return static_cast<size_t>(random() % end); };
  const auto corpus = Corpus();
  for (int i = 0; i < kMutants; ++i) {
    std::string line = corpus[below(corpus.size())];
    for (size_t times = 1 + below(3); times > 0 && !line.empty(); --times) {
      const size_t at = below(line.size());
      switch (below(4)) {
        case 0:
          line[at] = kBytes[below(kBytes.size())];
          break;
        case 1:
          line.erase(at, 1 + below(8));
          break;
        case 2:
          line.insert(at, line.substr(below(line.size()), 1 + below(40)));
          break;
        default:
          std::swap(line[at], line[below(line.size())]);
      }
    }
    ASSERT_EQ(FindBrokenPromise(line), "") << "mutant " << i << ":\n" << line;
  }
}

}  // namespace
}  // namespace quantfleet::fuzz
