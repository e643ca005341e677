// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/analysis/roofline.hpp"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/coordinator/analysis/ledger_block.hpp"

namespace quantfleet::analysis {
namespace {

using synthetic::LedgerBlock;
using ::testing::HasSubstr;

// The longer of reading and multiplying at a batch.
double Roof(uint64_t bytes, double peak, double batch) {
  return std::max(static_cast<double>(bytes) / LedgerBlock::kBandwidth,
                  2.0 * 4096 * 4096 * batch / peak);
}

class PredictCrossoverTest : public ::testing::Test {
 protected:
  PredictCrossoverTest() : block_(4) {
    block_.Add(v1::ARM_ROLE_BASELINE, "fp32", "auto", 1e-3);
    block_.Add(v1::ARM_ROLE_CANDIDATE, "nf4", "fused", 1e-3);
  }
  std::optional<v1::PredictedCrossover> Predict() {
    return PredictCrossover(block_.rows[1], block_.rows[0], block_.session);
  }
  auto& Peaks() {
    return *block_.session.mutable_ceilings()->mutable_matrix_operations_per_second();
  }
  LedgerBlock block_;
};

TEST_F(PredictCrossoverTest, IsWhereTheRoofsMeet) {
  const auto predicted = Predict();
  ASSERT_TRUE(predicted.has_value());
  const double at = predicted->break_even();
  // 64 MiB at 20 GB/s against 2 x 4096 x 4096 operations a row at 100 GFLOP/s.
  EXPECT_NEAR(at, 10, 1e-9);
  const auto arm = [](double batch) { return Roof(LedgerBlock::kPackedBytes, 100e9, batch); };
  const auto baseline = [](double batch) { return Roof(LedgerBlock::kDenseBytes, 100e9, batch); };
  EXPECT_LT(arm(0.99 * at), baseline(0.99 * at));
  EXPECT_DOUBLE_EQ(arm(1.01 * at), baseline(1.01 * at));
  EXPECT_NEAR(predicted->arm_ridge(), 10.0 * 9 / 64, 1e-9);
  EXPECT_NEAR(predicted->baseline_ridge(), 10, 1e-9);
  EXPECT_THAT(predicted->sentence(), HasSubstr("win up to batch 10 "));
}

TEST_F(PredictCrossoverTest, ASlowerTypeMeetsEarlierAndAFasterNever) {
  Peaks()["int8"] = 50e9;
  block_.rows[1].mutable_measurement()->set_kernel_used("fused/int8_block32");
  ASSERT_TRUE(Predict()->has_break_even());
  EXPECT_NEAR(Predict()->break_even(), 5, 1e-9);
  Peaks()["int8"] = 400e9;
  EXPECT_FALSE(Predict()->has_break_even());
  EXPECT_THAT(Predict()->sentence(), HasSubstr("every batch"));
}

TEST_F(PredictCrossoverTest, NoSmallerWeightsNeverWin) {
  block_.rows[1].mutable_measurement()->set_weight_bytes(LedgerBlock::kDenseBytes);
  EXPECT_FALSE(Predict()->has_break_even());
  EXPECT_THAT(Predict()->sentence(), HasSubstr("never win"));
}

TEST_F(PredictCrossoverTest, NothingWithoutCeilings) {
  Peaks().clear();
  EXPECT_FALSE(Predict().has_value());
  Peaks()["fp32"] = 1e11;
  block_.session.mutable_ceilings()->clear_dram_read_bytes_per_second();
  EXPECT_FALSE(Predict().has_value());
}

}  // namespace
}  // namespace quantfleet::analysis
