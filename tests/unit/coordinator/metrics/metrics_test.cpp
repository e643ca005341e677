// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/metrics/metrics.hpp"

#include <thread>
#include <vector>

#include <gmock/gmock.h>

namespace quantfleet::metrics {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(Metrics, CountsCallsByMethodAndCodeWithTheirTimes) {
  Metrics metrics("1.2.3");
  metrics.AddMethod("AgentService/Sync");
  metrics.CountCall("AgentService/Sync", StatusCode::kOk, milliseconds(3));
  metrics.CountCall("AgentService/Sync", StatusCode::kOk, milliseconds(30));
  metrics.CountCall("AgentService/Sync", StatusCode::kUnavailable, milliseconds(700));
  const std::string text = metrics.Text({});
  EXPECT_THAT(text, HasSubstr("quantfleet_build_info{version=\"1.2.3\"} 1"));
  EXPECT_THAT(text,
              HasSubstr("quantfleet_calls_total{code=\"OK\",method=\"AgentService/Sync\"} 2"));
  EXPECT_THAT(
      text,
      HasSubstr("quantfleet_calls_total{code=\"UNAVAILABLE\",method=\"AgentService/Sync\"} 1"));
  EXPECT_THAT(text, HasSubstr("quantfleet_call_seconds_count{method=\"AgentService/Sync\"} 3"));
  EXPECT_THAT(
      text,
      HasSubstr("quantfleet_call_seconds_bucket{method=\"AgentService/Sync\",le=\"0.005\"} 1"));
  EXPECT_THAT(
      text, HasSubstr("quantfleet_call_seconds_bucket{method=\"AgentService/Sync\",le=\"0.5\"} 2"));
}

TEST(Metrics, WhatNobodyKnowsIsOneLabel) {
  Metrics metrics("1");
  for (int i = 0; i < 100; ++i) {
    metrics.CountCall("Made/Up" + std::to_string(i), static_cast<StatusCode>(20 + i),
                      milliseconds(1));
  }
  const std::string text = metrics.Text({});
  EXPECT_THAT(text, HasSubstr("quantfleet_calls_total{code=\"UNKNOWN\",method=\"other\"} 100"));
  EXPECT_THAT(text, Not(HasSubstr("Made")));
}

TEST(Metrics, WhatTheDatabaseNeverSaidIsAbsentAndNotZero) {
  const Metrics metrics("1");
  Gauges gauges;
  gauges.parked_calls = 7;
  EXPECT_THAT(metrics.Text(gauges), HasSubstr("quantfleet_parked_calls 7"));
  EXPECT_THAT(metrics.Text(gauges), HasSubstr("quantfleet_database_up 0"));
  EXPECT_THAT(metrics.Text(gauges), Not(HasSubstr("quantfleet_open_sessions")));
  gauges.database_up = true;
  gauges.database_age_seconds = 0.5;
  gauges.open_sessions = 3;
  gauges.leased_blocks = 2;
  gauges.ready_blocks_by_class = {{1, 10}, {4, 5}};
  const std::string text = metrics.Text(gauges);
  EXPECT_THAT(text, HasSubstr("quantfleet_open_sessions 3"));
  EXPECT_THAT(text, HasSubstr("quantfleet_blocks{state=\"ready\"} 15"));
  EXPECT_THAT(text, HasSubstr("quantfleet_blocks{state=\"leased\"} 2"));
  EXPECT_THAT(text, HasSubstr("quantfleet_ready_blocks{class=\"4\"} 5"));
}

TEST(Metrics, CountsFromManyThreadsAreAllThere) {
  Metrics metrics("1");
  metrics.AddMethod("A/B");
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 1000; ++i) {
        metrics.CountCall("A/B", StatusCode::kOk, milliseconds(1));
        metrics.JobStarted(milliseconds(1));
        metrics.JobRefused();
        metrics.LeasesExpired(2);
      }
    });
  }
  for (int i = 0; i < 20; ++i) EXPECT_THAT(metrics.Text({}), HasSubstr("# TYPE"));
  for (std::thread& thread : threads) thread.join();
  const std::string text = metrics.Text({});
  EXPECT_THAT(text, HasSubstr("quantfleet_calls_total{code=\"OK\",method=\"A/B\"} 4000"));
  EXPECT_THAT(text, HasSubstr("quantfleet_database_wait_seconds_count 4000"));
  EXPECT_THAT(text, HasSubstr("quantfleet_database_jobs_refused_total 4000"));
  EXPECT_THAT(text, HasSubstr("quantfleet_leases_expired_total 8000"));
}

}  // namespace
}  // namespace quantfleet::metrics
