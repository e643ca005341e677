// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <limits>
#include <set>

#include <gtest/gtest.h>

#include "base/clock.hpp"
#include "base/digest.hpp"
#include "base/ids.hpp"
#include "base/status.hpp"
#include "base/units.hpp"

namespace quantfleet {
namespace {

Result<int> Half(int value) {
  if (value % 2 != 0) return InvalidArgument("odd");
  return value / 2;
}

Result<int> Quarter(int value) {
  QF_ASSIGN_OR_RETURN(const int half, Half(value));
  return Half(half);
}

TEST(Clock, AnyNumberOfSecondsIsADuration) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  EXPECT_EQ(FromSeconds(1.5), std::chrono::milliseconds(1500));
  EXPECT_EQ(FromSeconds(std::nan("")), Duration());
  EXPECT_EQ(FromSeconds(kInfinity), FromSeconds(1e300));
  EXPECT_EQ(FromSeconds(-kInfinity), FromSeconds(-1e300));
  EXPECT_GT(FromSeconds(kInfinity), std::chrono::hours(24 * 365 * 200));
  EXPECT_LT(FromSeconds(-kInfinity), -std::chrono::hours(24 * 365 * 200));
}

TEST(Status, CarriesCodeAndContext) {
  const Status status = NotFound("no such matrix").WithContext("compare");
  EXPECT_EQ(status.code(), StatusCode::kNotFound);
  EXPECT_EQ(status.ToString(), "NOT_FOUND: compare: no such matrix");
  EXPECT_EQ(OkStatus().WithContext("x").ToString(), "OK");
}

TEST(Result, PropagatesThroughAssignOrReturn) {
  EXPECT_EQ(*Quarter(12), 3);
  EXPECT_EQ(Quarter(6).status().code(), StatusCode::kInvalidArgument);
}

// Vectors: FIPS 180-4 examples as published by NIST.
TEST(Sha256, MatchesPublishedVectors) {
  EXPECT_EQ(Sha256Hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(Sha256Hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(Sha256Hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(Sha256Hex(std::string(1000000, 'a')),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, IsTheSameInPieces) {
  const std::string text(200, 'q');
  Sha256 sha;
  for (const char c : text) sha.Update(std::string_view(&c, 1));
  EXPECT_EQ(sha.FinishHex(), Sha256Hex(text));
}

TEST(RandomId, HasPrefixAndDiffers) {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(RandomId("mtx_"));
  EXPECT_EQ(seen.size(), 1000U);
  EXPECT_TRUE(seen.begin()->starts_with("mtx_"));
  EXPECT_EQ(seen.begin()->size(), 30U);
}

TEST(Units, KeepThreeDigits) {
  EXPECT_EQ(FormatSeconds(1.2345e-6), "1.23 us");
  EXPECT_EQ(FormatSeconds(0.0456), "45.6 ms");
  EXPECT_EQ(FormatSeconds(0), "0.00 ns");
  EXPECT_EQ(FormatBytes(1536), "1.50 KiB");
  EXPECT_EQ(FormatBytesPerSecond(20.44e9), "20.4 GB/s");
  EXPECT_EQ(FormatOperationsPerSecond(123e9), "123 GFLOP/s");
}

}  // namespace
}  // namespace quantfleet
