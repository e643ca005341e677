// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
//
// Series over stored results: a night is a matrix of the same name.
#include <cmath>
#include <map>

#include <gtest/gtest.h>

#include "coordinator/postgres/nightly/series_store.hpp"
#include "coordinator/postgres/report/store_reports.hpp"
#include "tests/support/blocks.hpp"

namespace quantfleet::postgres {
namespace {

using testing::HelloOf;
using testing::Open;
using testing::Scalar;

constexpr int kNights = 24;
constexpr int kStepAt = 14;

class SeriesTest : public ::testing::Test {
 protected:
  // A session on a device of so many threads, with a DRAM ceiling.
  std::string Session(uint32_t threads, double dram, const std::string& driver) {
    const std::string name = "agent-" + std::to_string(threads);
    v1::HelloRequest hello = HelloOf(name, "host-" + std::to_string(threads), threads);
    hello.mutable_ceilings()->set_dram_read_bytes_per_second(dram);
    (*hello.mutable_device()->mutable_fingerprint()->mutable_values())["driver"] = driver;
    return Open(db_, hello);
  }
  // Runs one block of the night's matrix on the session; the candidate takes `factor` of its time.
  void RunBlock(const std::string& session, int night, double factor) {
    const auto grant = testing::SyncIdle(db_, session);
    ASSERT_TRUE(grant.ok() && grant->has_start()) << grant.status().ToString();
    v1::BlockResult result =
        testing::ResultOf(grant->start().block(), grant->start().epoch(), night % 3);
    for (v1::Measurement& measurement : *result.mutable_measurements()) {
      if (measurement.arm_index() != 2) continue;
      const double noise = 1 + 0.002 * ((night * 7) % 5 - 2);
      for (v1::Round& round : *measurement.mutable_rounds()) {
        for (double& seconds : *round.mutable_seconds()) seconds *= factor * noise;
      }
    }
    ASSERT_EQ(StoreResult(db_, session, result)->disposition(), v1::DISPOSITION_ACCEPTED);
  }
  // One matrix of one block a night, on the device of `threads`.
  void RunNights(uint32_t threads, double step) {
    for (int night = 0; night < kNights; ++night) {
      const std::string session =
          Session(threads, 20e9, threads == 2 && night >= kStepAt ? "580" : "550");
      Submission submission = testing::SubmissionOf(
          "night-" + std::to_string(threads) + "-" + std::to_string(night), 1);
      submission.name = "nightly";
      const auto submitted = SubmitMatrix(db_, submission);
      ASSERT_TRUE(submitted.ok()) << submitted.status().ToString();
      RunBlock(session, night, night >= kStepAt ? step : 1);
      Scalar(db_, "UPDATE matrix SET create_time = to_timestamp(" +
                      std::to_string(1'767'225'600 + 86'400 * night + static_cast<int>(threads)) +
                      ") WHERE matrix_id = '" + submitted->matrix.matrix_id() + "' RETURNING 1");
    }
  }
  v1::ListTrendsResponse Trends(const std::string& series, const std::string& device = "") {
    v1::ListTrendsRequest request;
    request.set_series(series);
    request.set_device_class(device);
    const auto response = ListTrends(db_, request);
    EXPECT_TRUE(response.ok()) << response.status().ToString();
    return response.ok() ? *response : v1::ListTrendsResponse();
  }

  Connection db_{testing::NewDatabase()};
};

TEST_F(SeriesTest, AStepOnOneDeviceIsFoundAndPutDownToItsDriver) {
  RunNights(2, 1.06);
  RunNights(4, 1);
  const auto response = Trends("nightly");
  ASSERT_EQ(response.trends_size(), 4) << "candidate and baseline on two device classes";
  int candidates = 0;
  for (const v1::Trend& trend : response.trends()) {
    EXPECT_EQ(trend.points_size(), kNights);
    EXPECT_EQ(trend.nights(), static_cast<uint32_t>(kNights));
    EXPECT_NEAR(trend.points(0).anchor(), 20e9, 1);
    if (trend.unit() != v1::TREND_UNIT_LOG_RATIO) {
      EXPECT_EQ(trend.labels().at("format"), "fp32");
      EXPECT_NEAR(trend.points(3).value(), 2e-3, 1e-4);
      continue;
    }
    ++candidates;
    EXPECT_EQ(trend.labels().at("format"), "nf4");
    EXPECT_NEAR(std::exp(trend.points(0).value()), 0.5, 0.01);
    EXPECT_GT(trend.minimum_detectable_effect(), 0.009);
    if (trend.device_class() == "cpu/test/4t") {
      EXPECT_EQ(trend.change_points_size(), 0);
      continue;
    }
    ASSERT_EQ(trend.change_points_size(), 1);
    const v1::ChangePoint& change = trend.change_points(0);
    EXPECT_EQ(change.index(), static_cast<uint32_t>(kStepAt));
    EXPECT_NEAR(change.relative_change(), 0.06, 0.01);
    EXPECT_EQ(change.cause().kind(), v1::STEP_CAUSE_KIND_DRIVER) << change.cause().reason();
    EXPECT_EQ(change.time().seconds(), 1'767'225'600 + 86'400 * kStepAt + 2);
  }
  EXPECT_EQ(candidates, 2);
}

TEST_F(SeriesTest, OneSeriesByItsNameAndOneDeviceClass) {
  RunNights(2, 1);
  RunNights(4, 1);
  EXPECT_EQ(Trends("nightly", "cpu/test/2t").trends_size(), 2);
  const std::string series = Trends("nightly").trends(1).series();
  const auto one = Trends(series);
  ASSERT_EQ(one.trends_size(), 1);
  EXPECT_EQ(one.trends(0).series(), series);
  for (const char* missing : {"nothing", "nightly/0123456789ab", ""}) {
    v1::ListTrendsRequest request;
    request.set_series(missing);
    EXPECT_EQ(ListTrends(db_, request).status().code(), StatusCode::kNotFound) << missing;
  }
  v1::ListTrendsRequest late;
  late.set_series("nightly");
  late.mutable_since_time()->set_seconds(1'767'225'600 + 86'400 * 20);
  EXPECT_EQ(ListTrends(db_, late)->trends(0).points_size(), kNights - 20);
}

TEST_F(SeriesTest, NightsWhoseAnchorIsOutOfBandTakeNoPart) {
  RunNights(2, 1.06);
  // A night more, on a machine that reads memory at half its rate.
  const std::string session = Session(2, 10e9, "580");
  Submission submission = testing::SubmissionOf("slow night", 1);
  submission.name = "nightly";
  ASSERT_TRUE(SubmitMatrix(db_, submission).ok());
  RunBlock(session, 0, 3);
  const auto response = Trends("nightly");
  for (const v1::Trend& trend : response.trends()) {
    EXPECT_EQ(trend.points_size(), kNights + 1);
    EXPECT_EQ(trend.nights(), static_cast<uint32_t>(kNights));
    EXPECT_EQ(trend.points(kNights).excluded(), "anchor out of band: 1e+10");
  }
}

}  // namespace
}  // namespace quantfleet::postgres
