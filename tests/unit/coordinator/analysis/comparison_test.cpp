// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/analysis/comparison.hpp"

#include <cmath>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "coordinator/analysis/roofline.hpp"
#include "tests/unit/coordinator/analysis/synthetic.hpp"

namespace quantfleet::analysis {
namespace {

using ::testing::HasSubstr;

v1::ComparisonSession MakeSession(const std::string& id, const std::string& device_class) {
  v1::ComparisonSession session;
  session.set_session_id(id);
  session.mutable_device()->set_device_class(device_class);
  session.mutable_device()->set_name("Device of " + device_class);
  session.mutable_device()->set_kind(v1::DEVICE_KIND_CPU);
  session.mutable_ceilings()->set_dram_read_bytes_per_second(1e10);
  (*session.mutable_ceilings()->mutable_matrix_operations_per_second())["fp32"] = 1e11;
  return session;
}

// Blocks at batch 1 to 64 whose candidate takes `batch / flip_at` of the baseline's time.
std::vector<MeasuredBlock> Sweep(const std::string& session, double flip_at, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<MeasuredBlock> blocks;
  for (uint32_t ordinal = 0; ordinal < 7; ++ordinal) {
    const uint32_t batch = 1U << ordinal;
    const double ratio = std::pow(batch / flip_at, 0.5);
    MeasuredBlock block = synthetic::MakeBlock(1e-3, {{"nf4", "fused", ratio * 1e-3}}, 8,
                                               {.between_rounds = 0.01}, &random);
    block.session_id = session;
    block.block.set_block_id(session + "-" + std::to_string(batch));
    block.block.set_ordinal(ordinal);
    block.block.set_target("every-device");
    for (v1::BlockArm& arm : *block.block.mutable_arms()) {
      (*arm.mutable_labels())["batch"] = std::to_string(batch);
      (*arm.mutable_labels())["layer"] = "gpt2/mlp.c_fc";
    }
    blocks.push_back(std::move(block));
  }
  return blocks;
}

TEST(ComparisonTest, FindsThePlantedCrossoverOfEveryDevice) {
  std::vector<MeasuredBlock> blocks = Sweep("s2", 5.6, 2);
  for (MeasuredBlock& block : Sweep("s1", 22.6, 3)) blocks.push_back(std::move(block));
  const v1::Comparison comparison = BuildComparison(
      "mtx", "name", blocks, {MakeSession("s1", "cpu/b"), MakeSession("s2", "cpu/a")});
  ASSERT_EQ(comparison.crossovers_size(), 2);
  const v1::Crossover& first = comparison.crossovers(0);
  EXPECT_EQ(first.device_class(), "cpu/a");
  EXPECT_EQ(first.kind(), v1::CROSSOVER_KIND_STOPS_WINNING);
  EXPECT_EQ(first.flips(0).from(), 4);
  EXPECT_EQ(first.flips(0).to(), 8);
  EXPECT_LE(first.flips(0).low(), 5.6);
  EXPECT_GE(first.flips(0).high(), 5.6);
  EXPECT_THAT(first.sentence(), HasSubstr("up to batch 4 and slower from 8 on"));
  EXPECT_EQ(comparison.crossovers(1).flips(0).from(), 16);
  EXPECT_NEAR(comparison.crossovers(1).flips(0).estimate(), 22.6, 2);
}

// Attention has a batch, a context and a number of queries; the axis that was varied counts.
TEST(ComparisonTest, FindsCrossoversAlongTheContext) {
  std::vector<MeasuredBlock> blocks = Sweep("s", 11.3, 4);
  for (MeasuredBlock& block : blocks) {
    for (v1::BlockArm& arm : *block.block.mutable_arms()) {
      (*arm.mutable_labels())["context"] = arm.labels().at("batch") + "000";
      (*arm.mutable_labels())["batch"] = "1";
      (*arm.mutable_labels())["query_tokens"] = "1";
    }
  }
  const v1::Comparison comparison = BuildComparison("m", "n", blocks, {MakeSession("s", "cpu/a")});
  ASSERT_EQ(comparison.crossovers_size(), 1);
  EXPECT_EQ(comparison.crossovers(0).axis(), "context");
  EXPECT_EQ(comparison.crossovers(0).flips(0).from(), 8000);
  EXPECT_THAT(comparison.crossovers(0).sentence(), HasSubstr("up to context 8000"));
}

TEST(ComparisonTest, PlantedCrossoversAreFoundAgainAndAgain) {
  int right = 0;
  for (uint64_t seed = 0; seed < 100; ++seed) {
    const v1::Comparison comparison =
        BuildComparison("m", "n", Sweep("s", 11.3, seed), {MakeSession("s", "cpu/a")});
    const v1::Crossover& crossover = comparison.crossovers(0);
    if (crossover.kind() == v1::CROSSOVER_KIND_STOPS_WINNING && crossover.flips(0).from() == 8 &&
        crossover.flips(0).to() == 16 && crossover.flips(0).low() <= 11.3 &&
        crossover.flips(0).high() >= 11.3) {
      ++right;
    }
  }
  EXPECT_GE(right, 90);
}

TEST(ComparisonTest, RowsCarryWhatWasMeasured) {
  std::vector<MeasuredBlock> blocks = Sweep("s", 5.6, 4);
  std::swap(blocks[0], blocks[5]);
  v1::Measurement* arm = blocks[5].result.mutable_measurements(2);
  arm->set_moved_bytes(1'000'000);
  arm->set_operations(10'000'000);
  const v1::Comparison comparison =
      BuildComparison("mtx", "name", blocks, {MakeSession("s", "cpu/a")});
  ASSERT_EQ(comparison.rows_size(), 21);
  EXPECT_EQ(comparison.rows(0).block_id(), "s-1") << "rows follow the ordinal";
  EXPECT_EQ(comparison.rows(20).block_id(), "s-64");
  const v1::ComparisonRow& row = comparison.rows(2);
  EXPECT_EQ(row.measurement().rounds_size(), 0);
  EXPECT_EQ(row.ratio().verdict(), v1::VERDICT_FASTER);
  EXPECT_FALSE(comparison.rows(0).has_ratio());
  const double seconds = row.measurement().summary().median_seconds();
  EXPECT_NEAR(row.dram_fraction(), 1e6 / seconds / 1e10, 1e-12);
  EXPECT_NEAR(row.matrix_fraction(), 1e7 / seconds / 1e11, 1e-12);
  EXPECT_FALSE(comparison.rows(1).has_dram_fraction()) << "no bytes are known";
  EXPECT_EQ(comparison.schema_version(), 2U);
}

TEST(ComparisonTest, StoredRatiosAreTakenAsTheyAre) {
  v1::Ratio stored;
  stored.set_ratio(42);
  stored.set_verdict(v1::VERDICT_SLOWER);
  const v1::Comparison comparison = BuildComparison(
      "mtx", "name", Sweep("s", 5.6, 4), {MakeSession("s", "cpu/a")}, {{"s-1", {{2, stored}}}});
  EXPECT_EQ(comparison.rows(2).ratio().ratio(), 42);
}

TEST(ComparisonTest, RepeatedRunsThatDisagreeAreAmbiguous) {
  std::vector<MeasuredBlock> blocks = Sweep("s", 64, 5);
  std::vector<MeasuredBlock> again = Sweep("s", 0.1, 6);
  again.resize(1);
  again[0].block.set_block_id("again");
  blocks.push_back(again[0]);
  const v1::Comparison comparison =
      BuildComparison("mtx", "name", blocks, {MakeSession("s", "cpu/a")});
  ASSERT_EQ(comparison.crossovers_size(), 1);
  EXPECT_EQ(comparison.crossovers(0).kind(), v1::CROSSOVER_KIND_UNDECIDED);
}

TEST(ComparisonTest, UnsupportedArmsHaveNoCrossover) {
  std::vector<MeasuredBlock> blocks = Sweep("s", 5.6, 7);
  for (MeasuredBlock& block : blocks) {
    block.result.mutable_measurements(2)->set_outcome(v1::OUTCOME_UNSUPPORTED);
  }
  EXPECT_EQ(BuildComparison("m", "n", blocks, {}).crossovers_size(), 0);
}

TEST(ComparisonTest, EmptyAndUnknownSessions) {
  EXPECT_EQ(BuildComparison("m", "n", {}, {}).rows_size(), 0);
  const v1::Comparison comparison = BuildComparison("m", "n", Sweep("gone", 5.6, 8), {});
  EXPECT_EQ(comparison.rows_size(), 21);
  EXPECT_FALSE(comparison.rows(2).has_dram_fraction());
}

TEST(RooflineTest, OperandType) {
  v1::ArmSpec spec;
  v1::Measurement measurement;
  v1::Device device;
  device.set_kind(v1::DEVICE_KIND_CUDA);
  spec.set_format("nf4");
  EXPECT_EQ(MatrixType(spec, measurement, device), "bf16");
  measurement.set_kernel_used("fused/fp16_mma");
  EXPECT_EQ(MatrixType(spec, measurement, device), "fp16");
  device.set_kind(v1::DEVICE_KIND_CPU);
  measurement.set_kernel_used("fused");
  EXPECT_EQ(MatrixType(spec, measurement, device), "fp32");
}

}  // namespace
}  // namespace quantfleet::analysis
