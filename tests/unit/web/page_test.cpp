// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "web/page.hpp"

#include <gmock/gmock.h>

namespace quantfleet::web {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

size_t Count(std::string_view text, std::string_view part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++count;
  return count;
}

// What lies between the first `open` and the next `close` after it.
std::string_view Between(std::string_view text, std::string_view open, std::string_view close) {
  const size_t from = text.find(open);
  if (from == text.npos) return {};
  const size_t start = from + open.size();
  return text.substr(start, text.find(close, start) - start);
}

TEST(WebPage, IsOneDocumentThatLoadsNothing) {
  const std::string page(WebPage());
  EXPECT_THAT(page, ::testing::StartsWith("<!doctype html>"));
  EXPECT_EQ(Count(page, "<script"), 1u);
  EXPECT_EQ(Count(page, "<style"), 1u);
  EXPECT_THAT(page, Not(HasSubstr("src=")));
  EXPECT_THAT(page, Not(HasSubstr("@import")));
  EXPECT_THAT(page, Not(HasSubstr("innerHTML")));
  EXPECT_THAT(page, HasSubstr(WebPagePolicy()));
}

// That the digests are right is what the browser test shows: a wrong one runs nothing.
TEST(WebPage, PolicyNamesTwoDigestsAndNothingUnsafe) {
  const std::string policy(WebPagePolicy());
  EXPECT_EQ(Count(policy, "'sha256-"), 2u);
  EXPECT_EQ(Between(policy, "script-src 'sha256-", "'").size(), 44u);
  EXPECT_THAT(policy, Not(HasSubstr("unsafe")));
  EXPECT_THAT(policy, ::testing::StartsWith("default-src 'none'"));
}

TEST(RenderReport, EmbedsTheComparisonAsData) {
  const std::string report = RenderReport(R"({"matrixName":"quick"})");
  EXPECT_THAT(report, HasSubstr(R"(<script type="application/json" id="quantfleet-comparison">)"
                                R"({"matrixName":"quick"}</script>)"));
  EXPECT_EQ(Count(report, "<script"), 2u);
}

TEST(RenderReport, NoTextEndsTheElement) {
  const std::string report =
      RenderReport(R"({"matrixName":"</script><script>alert(1)</script><!--<script>"})");
  EXPECT_EQ(Count(report, "<script"), 2u);
  EXPECT_EQ(Count(report, "</script"), 2u);
  const std::string_view data = Between(report, "quantfleet-comparison\">", "</script>");
  EXPECT_THAT(std::string(data), Not(HasSubstr("<")));
  EXPECT_THAT(std::string(data), HasSubstr("\\u003c/script>\\u003cscript>alert(1)"));
}

}  // namespace
}  // namespace quantfleet::web
