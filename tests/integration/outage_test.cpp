// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
//
// Leases across an outage of the database: nobody could renew, so silence says nothing.
#include <chrono>
#include <thread>

#include <gtest/gtest.h>

#include "coordinator/rpc/sweeper.hpp"
#include "tests/support/blocks.hpp"
#include "tests/support/postgres.hpp"

namespace quantfleet::rpc {
namespace {

using testing::HelloOf;
using testing::Open;
using testing::PostgresServer;
using testing::Scalar;
using testing::SyncBusy;
using testing::SyncIdle;

class OutageTest : public ::testing::Test {
 protected:
  OutageTest() { policy_.lease_seconds = 4; }

  // True once `sql` says so; false after half a minute.
  bool Await(const std::string& sql) {
    for (int i = 0; i < 600; ++i) {
      if (Scalar(db_, sql) == "t") return true;
      // Between two looks: the sweeper tells nobody when it has swept.
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    return false;
  }
  v1::Grant Take(const std::string& name) {
    session_ = Open(db_, HelloOf(name, "host-of-" + name));
    return SyncIdle(db_, session_, policy_)->start();
  }

  const std::string conninfo_ = testing::NewDatabase();
  postgres::Connection db_{conninfo_};
  postgres::LeasePolicy policy_;
  postgres::Pool pool_{conninfo_, 2, 100};
  Parking parking_{&pool_, std::chrono::milliseconds(200)};
  std::string session_;
};

TEST_F(OutageTest, LeasesThatEndedWhileTheDatabaseWasAwayMayStillBeRenewed) {
  ASSERT_TRUE(postgres::SubmitMatrix(db_, testing::SubmissionOf("request", 2)).ok());
  const Sweeper sweeper(&pool_, &parking_, policy_);
  // The sweeper's first grace is over: it takes a late lease away.
  Take("late");
  Scalar(db_, "UPDATE lease SET expire_time = clock_timestamp() - interval '1 s' RETURNING 1");
  ASSERT_TRUE(Await("SELECT NOT EXISTS (SELECT 1 FROM lease)"));

  const v1::Grant grant = Take("patient");
  PostgresServer::Get().Crash();
  // Away for longer than a lease, as a real outage: leases run out by the database's clock, which
  // no fake reaches.
  std::this_thread::sleep_for(std::chrono::milliseconds(4500));
  PostgresServer::Get().Restart();
  EXPECT_TRUE(Await("SELECT expire_time < clock_timestamp() FROM lease"));
  // Gives a sweeper without a grace the time to do harm: longer than its period, a second here,
  // shorter than the grace. That it does nothing cannot be waited for otherwise.
  std::this_thread::sleep_for(std::chrono::milliseconds(1500));
  const auto answer = SyncBusy(db_, session_, grant, policy_);
  ASSERT_TRUE(answer.ok()) << answer.status().ToString();
  EXPECT_FALSE(answer->has_stop());
  EXPECT_EQ(Scalar(db_, "SELECT expire_time > clock_timestamp() FROM lease"), "t");

  // Whoever does not come back within the grace loses it.
  EXPECT_TRUE(Await("SELECT NOT EXISTS (SELECT 1 FROM lease)"));
  EXPECT_EQ(
      Scalar(db_, "SELECT losing_sessions FROM block WHERE block_id = " + grant.block().block_id()),
      std::to_string(grant.epoch()));
}

}  // namespace
}  // namespace quantfleet::rpc
