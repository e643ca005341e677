// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
//
// What machines that are not ours may send. None of it may become a database error: an agent takes
// that for a reason to try again, for ever.
#include <functional>
#include <limits>
#include <map>

#include <gmock/gmock.h>

#include "coordinator/postgres/agent_store.hpp"
#include "coordinator/postgres/input.hpp"
#include "coordinator/postgres/matrix_store.hpp"
#include "coordinator/postgres/report/result_check.hpp"
#include "coordinator/postgres/report/store_reports.hpp"
#include "tests/support/blocks.hpp"

namespace quantfleet::postgres {
namespace {

using testing::AtOnce;
using testing::Contradictions;
using testing::HelloOf;
using testing::Open;
using testing::ResultOf;
using testing::Scalar;
using testing::SubmissionOf;
using testing::SyncIdle;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();
const std::string kNul("a\0b", 3);

v1::Block SomeBlock() {
  v1::Block block = SubmissionOf("request", 1).blocks[0].block;
  block.set_block_id("1");
  return block;
}

TEST(WhyRejected, APlausibleResultIsNot) {
  EXPECT_EQ(WhyRejected(SomeBlock(), ResultOf(SomeBlock(), 1)), "");
}

TEST(WhyRejected, EveryKindOfDamageIsFound) {
  using Damage = std::function<void(v1::BlockResult&)>;
  const auto first = [](v1::BlockResult& r) { return r.mutable_measurements(0); };
  const std::map<std::string, Damage> damages = {
      {"no measurements", [](auto& r) { r.clear_measurements(); }},
      {"one too many", [](auto& r) { *r.add_measurements() = r.measurements(0); }},
      {"swapped", [](auto& r) { r.mutable_measurements()->SwapElements(0, 2); }},
      {"another arm", [&](auto& r) { first(r)->set_arm_id("x"); }},
      {"another index", [&](auto& r) { first(r)->set_arm_index(1); }},
      {"no outcome", [&](auto& r) { first(r)->clear_outcome(); }},
      {"unknown outcome", [&](auto& r) { first(r)->set_outcome(static_cast<v1::Outcome>(99)); }},
      {"unknown grade", [&](auto& r) { first(r)->set_grade(static_cast<v1::Grade>(99)); }},
      {"NaN sample", [&](auto& r) { first(r)->mutable_rounds(0)->set_seconds(0, kNan); }},
      {"infinite sample", [&](auto& r) { first(r)->mutable_rounds(0)->set_seconds(0, kInfinity); }},
      {"zero sample", [&](auto& r) { first(r)->mutable_rounds(0)->set_seconds(0, 0); }},
      {"NaN median", [&](auto& r) { first(r)->mutable_summary()->set_median_seconds(kNan); }},
      {"no median", [&](auto& r) { first(r)->clear_summary(); }},
      {"NaN error", [&](auto& r) { first(r)->mutable_error()->set_cosine(kNan); }},
      {"infinite bits", [&](auto& r) { first(r)->set_bits_per_weight(kInfinity); }},
      {"no rounds", [&](auto& r) { first(r)->clear_rounds(); }},
      {"empty round", [&](auto& r) { first(r)->mutable_rounds(0)->clear_seconds(); }},
      {"round twice", [&](auto& r) { first(r)->mutable_rounds(1)->set_number(0); }},
      {"huge round", [&](auto& r) { first(r)->mutable_rounds(0)->set_number(UINT32_MAX); }},
      {"huge position", [&](auto& r) { first(r)->mutable_rounds(0)->set_position(3); }},
      {"huge bytes", [&](auto& r) { first(r)->set_weight_bytes(UINT64_MAX); }},
      {"long reason", [&](auto& r) { first(r)->set_reason(std::string(100000, 'x')); }},
      {"many reasons",
       [&](auto& r) {
         for (int i = 0; i < 2000; ++i) first(r)->add_grade_reasons("x");
       }},
      {"no run", [](auto& r) { r.clear_run_id(); }},
      {"long run", [](auto& r) { r.set_run_id(std::string(65, 'x')); }},
      {"NUL in run", [](auto& r) { r.set_run_id(kNul); }},
      {"NaN run time", [](auto& r) { r.set_run_seconds(kNan); }},
      {"negative run time", [](auto& r) { r.set_run_seconds(-1); }},
  };
  const v1::Block block = SomeBlock();
  for (const auto& [name, damage] : damages) {
    v1::BlockResult result = ResultOf(block, 1);
    damage(result);
    EXPECT_NE(WhyRejected(block, result), "") << name;
  }
}

TEST(WhyRejected, AWrongOutputMayBeInfinitelyWrong) {
  v1::BlockResult result = ResultOf(SomeBlock(), 1);
  v1::Measurement& wrong = *result.mutable_measurements(2);
  wrong.set_outcome(v1::OUTCOME_INVALID);
  wrong.clear_rounds();
  wrong.clear_summary();
  wrong.mutable_error()->set_output_relative(kInfinity);
  EXPECT_EQ(WhyRejected(SomeBlock(), result), "");
}

TEST(Input, OnlyOurBlockIdsParse) {
  EXPECT_EQ(ParseBlockId("7"), 7);
  EXPECT_EQ(ParseBlockId("9223372036854775807"), INT64_MAX);
  for (const char* id :
       {"", "0", "-1", "07", "+7", " 7", "7 ", "7x", "9223372036854775808", "1e3"}) {
    EXPECT_EQ(ParseBlockId(id), std::nullopt) << id;
  }
}

TEST(Input, TextIsCutBetweenCharacters) {
  EXPECT_EQ(PlainText(kNul), "a b");
  EXPECT_EQ(PlainText("short"), "short");
  std::string euros;
  for (int i = 0; i < 1000; ++i) euros += "\xE2\x82\xAC";
  const std::string cut = PlainText(euros);
  EXPECT_LE(cut.size(), 2000U);
  EXPECT_EQ(cut.size() % 3, 0U);
}

class HostileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(SubmitMatrix(db_, SubmissionOf("request", 2)).ok());
    session_ = Open(db_, HelloOf("a"));
    grant_ = SyncIdle(db_, session_)->start();
  }

  Connection db_{testing::NewDatabase()};
  std::string session_;
  v1::Grant grant_;
};

TEST_F(HostileTest, ATokenThatWasNeverGrantedIsAnswered) {
  for (const uint64_t epoch : {uint64_t{0}, uint64_t{7}, uint64_t{INT64_MAX}, UINT64_MAX}) {
    const auto verdict = StoreResult(db_, session_, ResultOf(grant_.block(), epoch));
    ASSERT_TRUE(verdict.ok()) << verdict.status().ToString();
    EXPECT_TRUE(verdict->disposition() == v1::DISPOSITION_SUPERSEDED ||
                verdict->disposition() == v1::DISPOSITION_REJECTED);
    v1::BlockFailure failure;
    failure.set_block_id(grant_.block().block_id());
    failure.set_epoch(epoch);
    const auto failed = StoreFailure(db_, failure, AtOnce());
    ASSERT_TRUE(failed.ok()) << failed.status().ToString();
    EXPECT_EQ(failed->disposition(), v1::DISPOSITION_SUPERSEDED);
  }
  EXPECT_EQ(Scalar(db_, "SELECT count(*) FROM block_result"), "0");
}

TEST_F(HostileTest, ASyncOfNonsenseIsAnswered) {
  for (const uint64_t epoch : {uint64_t{1}, UINT64_MAX}) {
    v1::SyncRequest request;
    request.set_session_id(session_);
    request.set_spooled_results(UINT32_MAX);
    request.set_not_leasing_reason(kNul);
    request.mutable_running()->set_block_id(grant_.block().block_id());
    request.mutable_running()->set_epoch(epoch);
    request.mutable_running()->set_fraction(kNan);
    request.mutable_running()->set_phase(std::string(100000, 'x') + kNul);
    const auto answer = SyncSession(db_, request, {});
    ASSERT_TRUE(answer.ok()) << answer.status().ToString();
    EXPECT_EQ(answer->has_stop(), epoch != grant_.epoch());
  }
  EXPECT_EQ(Scalar(db_, "SELECT fraction FROM lease"), "0");
  EXPECT_TRUE(GetMatrix(db_, grant_.block().matrix_id()).ok());
}

TEST_F(HostileTest, AReasonOfNonsenseIsKeptPlain) {
  v1::BlockFailure failure;
  failure.set_block_id(grant_.block().block_id());
  failure.set_epoch(grant_.epoch());
  failure.set_reason(kNul + std::string(5000, 'x'));
  const auto verdict = StoreFailure(db_, failure, AtOnce(1));
  ASSERT_TRUE(verdict.ok()) << verdict.status().ToString();
  EXPECT_EQ(verdict->disposition(), v1::DISPOSITION_ACCEPTED);
  EXPECT_EQ(Scalar(db_, "SELECT length(reason) FROM block WHERE state = 'failed'"), "2000");
}

TEST_F(HostileTest, AResultFromNobodyBelongsToWhoWasGrantedTheBlock) {
  const auto verdict =
      StoreResult(db_, "ses_unknown" + kNul, ResultOf(grant_.block(), grant_.epoch()));
  ASSERT_TRUE(verdict.ok()) << verdict.status().ToString();
  EXPECT_EQ(verdict->disposition(), v1::DISPOSITION_ACCEPTED);
  EXPECT_EQ(Scalar(db_, "SELECT session_id FROM block_result"), session_);
  EXPECT_EQ(Contradictions(db_), "");
}

TEST_F(HostileTest, ALongRequirementIsAClassLikeAnyOther) {
  auto submission = SubmissionOf("long", 2);
  for (auto& planned : submission.blocks) {
    for (int i = 0; i < 1000; ++i) {
      planned.requirement.conditions["device"].any_of.push_back("device-" + std::to_string(i));
    }
  }
  const auto outcome = SubmitMatrix(db_, submission);
  ASSERT_TRUE(outcome.ok()) << outcome.status().ToString();
  EXPECT_EQ(Scalar(db_, "SELECT count(*) FROM requirement_class"), "2");
}

TEST_F(HostileTest, WhatWaitsSaysWhy) {
  auto submission = SubmissionOf("wide", 1);
  submission.blocks[0].block.set_target("wide");
  submission.blocks[0].requirement.conditions["threads"].at_least = 64;
  const auto outcome = SubmitMatrix(db_, submission);
  ASSERT_TRUE(outcome.ok());
  const std::string id = outcome->matrix.matrix_id();
  EXPECT_THAT(GetMatrix(db_, id)->waiting(),
              ::testing::ElementsAre(::testing::AllOf(
                  ::testing::HasSubstr("wide: no connected device matches (a on cpu/test/2t: "),
                  ::testing::HasSubstr("threads"))));
  ASSERT_TRUE(CloseSession(db_, session_, "bye").ok());
  EXPECT_THAT(GetMatrix(db_, id)->waiting(),
              ::testing::ElementsAre("wide: no device is connected"));
}

TEST_F(HostileTest, AMatrixThatOnlyReluctantDevicesMatchSaysSo) {
  v1::SyncRequest full;
  full.set_session_id(session_);
  full.set_not_leasing_reason("the disk is full");
  ASSERT_TRUE(SyncSession(db_, full, {}).ok());
  EXPECT_THAT(GetMatrix(db_, grant_.block().matrix_id())->waiting(),
              ::testing::ElementsAre("any-cpu: a takes no block: the disk is full"));
}

TEST_F(HostileTest, AnIdleAgentThatDrainsIsNotHurried) {
  ASSERT_TRUE(StoreResult(db_, session_, ResultOf(grant_.block(), grant_.epoch())).ok());
  v1::SyncRequest request;
  request.set_session_id(session_);
  request.set_draining(true);
  const auto answer = SyncSession(db_, request, {});
  ASSERT_TRUE(answer.ok());
  EXPECT_FALSE(answer->has_start());
  EXPECT_GT(answer->next_sync_seconds(), 0);
}

TEST_F(HostileTest, AStopSaysWhy) {
  ASSERT_TRUE(CancelMatrix(db_, grant_.block().matrix_id()).ok());
  EXPECT_EQ(testing::SyncBusy(db_, session_, grant_)->stop().reason(), "the matrix was cancelled");
}

}  // namespace
}  // namespace quantfleet::postgres
