// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "cli/progress.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace quantfleet::cli {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(ProgressTest, ShowsPartBlocksAndTimeLeft) {
  EXPECT_EQ(ProgressLine({0.5, 28, 56, 64.2, "cpu-1t batch 8"}, 200),
            "[###############---------------]  50 %  28/56 blocks  1:05 left  cpu-1t batch 8");
}

TEST(ProgressTest, UnknownTimeIsNotShown) {
  EXPECT_THAT(ProgressLine({0, 0, 56, -1, ""}, 200), EndsWith("  0 %  0/56 blocks"));
}

TEST(ProgressTest, NeverSaysAHundredBeforeTheEnd) {
  EXPECT_THAT(ProgressLine({0.999, 999, 1000, 1, ""}, 200), HasSubstr(" 99 %"));
  EXPECT_THAT(ProgressLine({1, 1000, 1000, 0, ""}, 200), HasSubstr("100 %"));
}

TEST(ProgressTest, FitsTheTerminal) {
  EXPECT_EQ(ProgressLine({0.5, 28, 56, 64.2, "a long note"}, 40).size(), 40U);
}

TEST(ProgressTest, OutOfRangeFractionsAreClamped) {
  EXPECT_THAT(ProgressLine({1.5, 2, 1, -1, ""}, 200), HasSubstr("100 %"));
  EXPECT_THAT(ProgressLine({-1, 0, 1, -1, ""}, 200), HasSubstr("[------"));
}

TEST(ProgressTest, WithoutATerminalOneLineForEachTenth) {
  testing::internal::CaptureStderr();
  ProgressBar bar;
  for (unsigned done = 0; done <= 100; ++done) bar.Show({done / 100.0, done, 100, -1, ""});
  bar.Finish();
  const std::string text = testing::internal::GetCapturedStderr();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 11);
  EXPECT_THAT(text, Not(HasSubstr("\r")));
}

}  // namespace
}  // namespace quantfleet::cli
