// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "cli/output.hpp"

#include <gtest/gtest.h>

#include "quantfleet/v1/comparison.pb.h"

namespace quantfleet::cli {
namespace {

TEST(OutputTest, TableAlignsTextLeftAndNumbersRight) {
  Table table({"arm", "speed-up"});
  table.Add({"nf4 fused", "1.25"});
  table.Add({"µ", "10.5"});
  EXPECT_EQ(table.AsText(),
            "arm        speed-up\n"
            "nf4 fused      1.25\n"
            "µ              10.5\n");
}

TEST(OutputTest, TableWithoutRowsIsItsHeader) {
  EXPECT_EQ(Table({"a", "bc"}).AsText(), "a  bc\n");
  EXPECT_EQ(Table({"a", "bc"}).AsCsv(), "a,bc\r\n");
}

TEST(OutputTest, CsvQuotesWhatRfc4180AsksFor) {
  Table table({"name", "note"});
  table.Add({"plain", "a, b"});
  table.Add({"say \"hi\"", "two\nlines"});
  EXPECT_EQ(table.AsCsv(),
            "name,note\r\n"
            "plain,\"a, b\"\r\n"
            "\"say \"\"hi\"\"\",\"two\nlines\"\r\n");
}

TEST(OutputTest, JsonIsTheProtobufMapping) {
  v1::Ratio ratio;
  ratio.set_ratio(0.5);
  ratio.set_minimum_detectable_effect(0.25);
  ratio.set_verdict(v1::VERDICT_FASTER);
  EXPECT_EQ(CompactJsonOf(ratio),
            R"({"ratio":0.5,"minimumDetectableEffect":0.25,"verdict":"VERDICT_FASTER"})");
}

TEST(OutputTest, ExitCodesAndOneLineOnStderr) {
  testing::internal::CaptureStderr();
  EXPECT_EQ(Fail(InvalidArgument("two\nlines")), 2);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "quantfleet: two lines\n");
  testing::internal::CaptureStderr();
  EXPECT_EQ(Fail(NotFound("x")), 3);
  EXPECT_EQ(Fail(Status(StatusCode::kUnauthenticated, "x")), 4);
  EXPECT_EQ(Fail(Status(StatusCode::kPermissionDenied, "x")), 4);
  EXPECT_EQ(Fail(Unavailable("x")), 5);
  EXPECT_EQ(Fail(DeadlineExceeded("x")), 5);
  EXPECT_EQ(Fail(Internal("x")), 1);
  testing::internal::GetCapturedStderr();
}

}  // namespace
}  // namespace quantfleet::cli
