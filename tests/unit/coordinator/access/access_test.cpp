// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include <set>

#include <gtest/gtest.h>

#include "coordinator/access/method_table.hpp"
#include "coordinator/access/rate_limiter.hpp"
#include "coordinator/access/secret.hpp"

namespace quantfleet::access {
namespace {

class FakeClock : public Clock {
 public:
  Duration Now() const override { return now; }
  void SleepFor(Duration duration) override { now += duration; }
  Duration now{};
};

TEST(RateLimiter, GivesABurstAndThenItsRate) {
  FakeClock clock;
  RateLimiter limiter(2, 3, 10, &clock);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(limiter.Take("a"));
  EXPECT_FALSE(limiter.Take("a"));
  EXPECT_FALSE(limiter.HasRoom("a"));
  EXPECT_TRUE(limiter.Take("b")) << "each key has its own";
  clock.now += std::chrono::milliseconds(500);
  EXPECT_TRUE(limiter.HasRoom("a"));
  EXPECT_TRUE(limiter.Take("a"));
  EXPECT_FALSE(limiter.Take("a"));
  clock.now += std::chrono::hours(1);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(limiter.Take("a")) << "never more than the burst";
  EXPECT_FALSE(limiter.Take("a"));
}

TEST(RateLimiter, ForgetsTheKeyThatWasIdleLongest) {
  FakeClock clock;
  RateLimiter limiter(1e-6, 1, 2, &clock);
  EXPECT_TRUE(limiter.Take("a"));
  EXPECT_TRUE(limiter.Take("b"));
  EXPECT_FALSE(limiter.Take("a"));
  EXPECT_TRUE(limiter.Take("c"));
  EXPECT_FALSE(limiter.Take("a")) << "used after b";
  EXPECT_TRUE(limiter.Take("b"));
}

TEST(Role, SubmittersTouchTheirOwnAndOperatorsAll) {
  EXPECT_FALSE(MayTouch({"vera", Role::kViewer, ""}, "vera"));
  EXPECT_TRUE(MayTouch({"sue", Role::kSubmitter, ""}, "sue"));
  EXPECT_FALSE(MayTouch({"sue", Role::kSubmitter, ""}, "tom"));
  EXPECT_TRUE(MayTouch({"olga", Role::kOperator, ""}, "tom"));
  EXPECT_FALSE(MayTouch({"tom", Role::kAgent, ""}, "tom"));
}

TEST(MethodTable, RolesOfPeopleGrowAndAgentsStandApart) {
  const MethodRule operate{"", Role::kOperator, 0}, agents{"", Role::kAgent, 0};
  EXPECT_FALSE(Permits(operate, Role::kSubmitter));
  EXPECT_TRUE(Permits(operate, Role::kOperator));
  EXPECT_TRUE(Permits(operate, Role::kAdmin));
  EXPECT_FALSE(Permits(operate, Role::kAgent));
  EXPECT_FALSE(Permits(agents, Role::kAdmin));
  EXPECT_TRUE(Permits(agents, Role::kAgent));
}

TEST(Secret, IsRandomAndFoundByItsHash) {
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) {
    const NewSecret secret = MakeSecret();
    EXPECT_EQ(HashOfSecret(secret.text), secret.sha256);
    EXPECT_TRUE(seen.insert(secret.text).second);
    EXPECT_EQ(secret.token_id.find(secret.text.substr(4)), std::string::npos);
  }
  for (const char* text : {"", "qft_", "tok_00000000000000000000000000"})
    EXPECT_EQ(HashOfSecret(text), "");
}

}  // namespace
}  // namespace quantfleet::access
