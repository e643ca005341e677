// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
//
// Schedules fire each due time once, whichever replica sees it, whoever dies, and however long
// nobody was there. Time moves where the test says so.
#include <atomic>
#include <chrono>
#include <set>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "coordinator/postgres/nightly/fire_store.hpp"
#include "coordinator/postgres/nightly/schedule_store.hpp"
#include "coordinator/rpc/nightly/fire.hpp"
#include "tests/support/blocks.hpp"

namespace quantfleet::postgres {
namespace {

using nightly::Instant;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::HasSubstr;
using testing::Scalar;

constexpr const char* kDocument =
    "version: 1\nname: nightly\nworkload: linear\nbaseline: {format: fp32}\n"
    "axes: {layer: gpt2/mlp.c_fc, batch: [1], format: [fp32, nf4]}\n"
    "targets: [{name: any, where: {kind: cpu}}]\n";

// 2026-01-10 00:00 UTC.
const Instant kStart{seconds(1768003200)};

class ScheduleTest : public ::testing::Test {
 protected:
  NewSchedule Made(const std::string& name, const std::string& cron) {
    NewSchedule made;
    made.request.set_name(name);
    made.request.set_cron(cron);
    made.request.set_time_zone("UTC");
    made.request.set_document(kDocument);
    made.request.set_file_name("nightly.yaml");
    made.request.set_request_id("req_" + name);
    made.matrix_name = "nightly";
    made.actor = ada_;
    return made;
  }
  void Add(const std::string& name, const std::string& cron,
           v1::MisfirePolicy misfire = v1::MISFIRE_POLICY_ALL,
           v1::OverlapPolicy overlap = v1::OVERLAP_POLICY_SKIP) {
    NewSchedule made = Made(name, cron);
    made.request.set_misfire(misfire);
    made.request.set_overlap(overlap);
    const auto schedule = CreateSchedule(db_, made, kStart);
    ASSERT_TRUE(schedule.ok()) << schedule.status().ToString();
  }
  // What a replica does at `now`, until nothing is left to do.
  static void Work(Connection& db, Instant now) {
    for (int step = 0; step < 1000; ++step) {
      const auto more = rpc::FireStep(db, {}, {}, now);
      ASSERT_TRUE(more.ok()) << more.status().ToString();
      if (!*more) return;
    }
    FAIL() << "it never ends";
  }
  void EndMatrices() {
    Scalar(db_,
           "WITH e AS (UPDATE matrix SET state = 'completed' RETURNING 1) SELECT count(*) FROM e");
  }
  std::string Count(const std::string& state) {
    return Scalar(db_, "SELECT count(*) FROM schedule_fire WHERE state = '" + state + "'");
  }
  std::string Matrices() { return Scalar(db_, "SELECT count(*) FROM matrix"); }

  const access::Actor ada_{"ada", access::Role::kSubmitter, "local"};
  const std::string conninfo_ = testing::NewDatabase();
  Connection db_{conninfo_};
};

TEST_F(ScheduleTest, FiresWhenItIsDueInItsOwnersName) {
  Add("night", "30 2 * * *");
  Work(db_, kStart + hours(2) + minutes(29));
  EXPECT_EQ(Matrices(), "0");
  Work(db_, kStart + hours(2) + minutes(30));
  Work(db_, kStart + hours(2) + minutes(31));
  EXPECT_EQ(Matrices(), "1");
  EXPECT_EQ(Scalar(db_, "SELECT principal || ' ' || name FROM matrix"), "ada nightly");
  v1::GetScheduleRequest request;
  request.set_name("night");
  const auto shown = GetSchedule(db_, request);
  ASSERT_TRUE(shown.ok());
  ASSERT_EQ(shown->fires_size(), 1);
  EXPECT_EQ(shown->fires(0).state(), v1::FIRE_STATE_SUBMITTED);
  EXPECT_EQ(shown->fires(0).matrix_id(), Scalar(db_, "SELECT matrix_id FROM matrix"));
  EXPECT_EQ(shown->schedule().next_due_time().seconds(),
            (kStart + hours(26) + minutes(30)).time_since_epoch().count());
  EXPECT_THAT(Scalar(db_, "SELECT peer FROM audit WHERE action = 'SubmitMatrix'"),
              HasSubstr("schedule:night"));
}

TEST_F(ScheduleTest, ReplicasThatRaceFireOnce) {
  for (int i = 0; i < 5; ++i) {
    Add("night-" + std::to_string(i), "*/10 * * * *", v1::MISFIRE_POLICY_ALL,
        v1::OVERLAP_POLICY_QUEUE);
  }
  std::atomic<bool> over = false;
  std::thread ender([&] {
    Connection db(conninfo_);
    while (!over) {
      Scalar(
          db,
          "WITH e AS (UPDATE matrix SET state = 'completed' RETURNING 1) SELECT count(*) FROM e");
      std::this_thread::yield();
    }
  });
  std::vector<std::thread> replicas;
  for (int replica = 0; replica < 3; ++replica) {
    replicas.emplace_back([&] {
      Connection db(conninfo_);
      // Each hour twelve looks; what waits for a matrix to end is looked at again.
      for (Instant now = kStart; now <= kStart + hours(2); now += minutes(5)) Work(db, now);
    });
  }
  for (std::thread& replica : replicas) replica.join();
  // What a replica whose clock was ahead held back is free again within a minute.
  for (int look = 1; look <= 60; ++look) Work(db_, kStart + hours(2) + seconds(6 * look));
  over = true;
  ender.join();
  EXPECT_EQ(Count("submitted"), "60") << "twelve due times in two hours, of five schedules";
  EXPECT_EQ(Scalar(db_, "SELECT count(*) FROM schedule_fire"), "60");
  EXPECT_EQ(Matrices(), "60");
  EXPECT_EQ(Scalar(db_, "SELECT count(DISTINCT matrix_id) FROM schedule_fire"), "60");
}

TEST_F(ScheduleTest, OutageOfTwentySixHoursGoesByThePolicy) {
  for (const auto& [misfire, fired] :
       {std::pair(v1::MISFIRE_POLICY_SKIP, "0"), std::pair(v1::MISFIRE_POLICY_ONCE, "1"),
        std::pair(v1::MISFIRE_POLICY_ALL, "26")}) {
    Connection db(testing::NewDatabase());
    NewSchedule made = Made("hourly", "0 * * * *");
    made.request.set_misfire(misfire);
    made.request.set_overlap(v1::OVERLAP_POLICY_QUEUE);
    ASSERT_TRUE(CreateSchedule(db, made, kStart + minutes(1)).ok());
    for (int look = 0; look < 60; ++look) {
      Work(db, kStart + hours(26) + minutes(30) + seconds(10 * look));
      Scalar(
          db,
          "WITH e AS (UPDATE matrix SET state = 'completed' RETURNING 1) SELECT count(*) FROM e");
    }
    EXPECT_EQ(Scalar(db, "SELECT count(*) FROM matrix"), fired);
    EXPECT_EQ(Scalar(db, "SELECT extract(epoch FROM next_due)::bigint FROM schedule"),
              std::to_string((kStart + hours(27)).time_since_epoch().count()));
  }
}

TEST_F(ScheduleTest, WhoDiesOverARowLeavesItToOthers) {
  Add("night", "30 2 * * *");
  const Instant due = kStart + hours(2) + minutes(30);
  ASSERT_TRUE(*RecordDueTimes(db_, due));
  bool more = false;
  const auto taken = TakeFire(db_, &more, due);
  ASSERT_TRUE(taken.ok() && taken->has_value());
  // It submits, and is gone before it says so.
  EXPECT_FALSE((*TakeFire(db_, &more, due + seconds(59))).has_value()) << "it is the other's";
  const auto submission = [&] {
    Submission made = testing::SubmissionOf((*taken)->request_id, 1);
    made.principal = "ada";
    made.document = kDocument;
    return made;
  }();
  const auto first = SubmitMatrix(db_, submission);
  ASSERT_TRUE(first.ok());
  Work(db_, due + seconds(61));
  EXPECT_EQ(Matrices(), "1");
  EXPECT_EQ(Scalar(db_, "SELECT state || ' ' || matrix_id FROM schedule_fire"),
            "submitted " + first->matrix.matrix_id());
}

TEST_F(ScheduleTest, WhileItsMatrixRunsItSkipsOrWaits) {
  Add("skips", "0 * * * *", v1::MISFIRE_POLICY_ALL, v1::OVERLAP_POLICY_SKIP);
  Work(db_, kStart + hours(1));
  Work(db_, kStart + hours(2));
  EXPECT_EQ(Count("submitted"), "1");
  EXPECT_EQ(Count("skipped"), "1");
  EXPECT_THAT(Scalar(db_, "SELECT reason FROM schedule_fire WHERE state = 'skipped'"),
              HasSubstr("was still running"));
  ASSERT_TRUE(RemoveSchedule(db_, "skips", ada_).ok());
  EndMatrices();
  Add("waits", "0 * * * *", v1::MISFIRE_POLICY_ALL, v1::OVERLAP_POLICY_QUEUE);
  Work(db_, kStart + hours(1));
  Work(db_, kStart + hours(2));
  EXPECT_EQ(Count("submitted"), "2");
  EXPECT_EQ(Count("due"), "1");
  EndMatrices();
  Work(db_, kStart + hours(2) + seconds(10));
  EXPECT_EQ(Count("submitted"), "3");
  EXPECT_EQ(Count("due"), "0");
}

TEST_F(ScheduleTest, ClockStepsFireNothingTwice) {
  Add("hourly", "0 * * * *", v1::MISFIRE_POLICY_ALL, v1::OVERLAP_POLICY_QUEUE);
  for (const int minute : {60, 120, 61, 10, 121, 180, 90, 181}) {
    Work(db_, kStart + minutes(minute));
    EndMatrices();
    Work(db_, kStart + minutes(minute) + seconds(6));
    EndMatrices();
  }
  EXPECT_EQ(Matrices(), "3");
  EXPECT_EQ(Count("submitted"), "3");
}

TEST_F(ScheduleTest, PauseResumeAndRemove) {
  Add("night", "0 * * * *");
  const access::Actor bob{"bob", access::Role::kSubmitter, "local"};
  EXPECT_EQ(PauseSchedule(db_, "night", bob).status().code(), StatusCode::kPermissionDenied);
  ASSERT_TRUE(PauseSchedule(db_, "night", ada_).ok());
  ASSERT_TRUE(PauseSchedule(db_, "night", ada_).ok());
  Work(db_, kStart + hours(5));
  EXPECT_EQ(Matrices(), "0");
  const auto resumed = ResumeSchedule(db_, "night", ada_, kStart + hours(5) + minutes(1));
  ASSERT_TRUE(resumed.ok());
  EXPECT_EQ(resumed->next_due_time().seconds(), (kStart + hours(6)).time_since_epoch().count());
  Work(db_, kStart + hours(6));
  EXPECT_EQ(Matrices(), "1");
  const access::Actor operates{"oz", access::Role::kOperator, "local"};
  ASSERT_TRUE(RemoveSchedule(db_, "night", operates).ok());
  EXPECT_EQ(RemoveSchedule(db_, "night", ada_).code(), StatusCode::kNotFound);
  Work(db_, kStart + hours(9));
  EXPECT_EQ(Matrices(), "1");
  Add("night-2", "0 * * * *");
  EXPECT_EQ(Scalar(db_,
                   "SELECT string_agg(action, ' ' ORDER BY audit_id) FROM audit WHERE action "
                   "LIKE '%Schedule'"),
            "CreateSchedule PauseSchedule ResumeSchedule RemoveSchedule CreateSchedule");
}

TEST_F(ScheduleTest, NamesAndRequestsAreTakenOnce) {
  Add("night", "0 * * * *");
  const auto again = CreateSchedule(db_, Made("night", "0 * * * *"));
  EXPECT_TRUE(again.ok()) << "the same request";
  NewSchedule other = Made("night", "0 * * * *");
  other.request.set_request_id("req_other");
  EXPECT_EQ(CreateSchedule(db_, other).status().code(), StatusCode::kAlreadyExists);
  for (const auto& [cron, zone] :
       {std::pair("61 * * * *", "UTC"), std::pair("0 * * * *", "Mars")}) {
    NewSchedule wrong = Made("wrong", cron);
    wrong.request.set_time_zone(zone);
    EXPECT_EQ(CreateSchedule(db_, wrong).status().code(), StatusCode::kInvalidArgument);
  }
}

TEST_F(ScheduleTest, ByHandItFiresNowAndOnce) {
  Add("night", "30 2 * * *");
  ASSERT_TRUE(PauseSchedule(db_, "night", ada_).ok());
  std::set<std::string> matrices;
  for (int i = 0; i < 3; ++i) {
    const auto fire = TakeFireByHand(db_, "night", "req_1", ada_);
    ASSERT_TRUE(fire.ok()) << fire.status().ToString();
    const auto matrix = rpc::SubmitFire(db_, *fire, {}, {});
    ASSERT_TRUE(matrix.ok()) << matrix.status().ToString();
    matrices.insert(*matrix);
  }
  EXPECT_EQ(matrices.size(), 1U);
  EXPECT_EQ(Matrices(), "1");
  EXPECT_EQ(Scalar(db_, "SELECT by_hand FROM schedule_fire"), "t");
  EXPECT_EQ(TakeFireByHand(db_, "day", "req_1", ada_).status().code(), StatusCode::kNotFound);
}

TEST_F(ScheduleTest, AMatrixThatIsRefusedIsSaidSo) {
  NewSchedule made = Made("night", "0 * * * *");
  made.request.set_document(std::string(kDocument) + "nonsense: 1\n");
  ASSERT_TRUE(CreateSchedule(db_, made, kStart).ok());
  Work(db_, kStart + hours(1));
  EXPECT_EQ(Count("failed"), "1");
  EXPECT_THAT(Scalar(db_, "SELECT reason FROM schedule_fire"), HasSubstr("nightly.yaml:7:1"));
}

TEST_F(ScheduleTest, AQuotaHoldsForItToo) {
  NewSchedule made = Made("night", "0 * * * *");
  made.has_quota = true;
  ASSERT_TRUE(CreateSchedule(db_, made, kStart).ok());
  rpc::AccessLimits limits;
  limits.quota = {1, 1};
  for (int step = 0; step < 10; ++step) {
    ASSERT_TRUE(rpc::FireStep(db_, {}, limits, kStart + hours(1)).ok());
  }
  EXPECT_EQ(Count("failed"), "1");
  EXPECT_EQ(Matrices(), "0");
}

}  // namespace
}  // namespace quantfleet::postgres
