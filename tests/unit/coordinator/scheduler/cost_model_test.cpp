// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/scheduler/cost_model.hpp"

#include <cmath>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "coordinator/scheduler/block_keys.hpp"

namespace quantfleet::scheduler {
namespace {

using ::testing::StartsWith;

v1::Block LinearBlock(uint32_t n, uint32_t k, uint32_t batch,
                      const std::vector<std::string>& formats) {
  v1::Block block;
  block.mutable_policy()->set_min_seconds(0.1);
  block.mutable_policy()->set_max_seconds(20);
  for (const std::string& format : formats) {
    v1::BlockArm& arm = *block.add_arms();
    arm.set_role(block.arms_size() == 1 ? v1::ARM_ROLE_BASELINE : v1::ARM_ROLE_CANDIDATE);
    arm.mutable_spec()->set_workload("linear");
    arm.mutable_spec()->set_format(format);
    arm.mutable_spec()->mutable_linear()->set_n(n);
    arm.mutable_spec()->mutable_linear()->set_k(k);
    arm.mutable_spec()->mutable_linear()->set_batch(batch);
  }
  return block;
}

v1::Block AttentionBlock(uint32_t batch) {
  v1::Block block;
  v1::ArmSpec& spec = *block.add_arms()->mutable_spec();
  spec.set_workload("attention");
  spec.set_format("fp16");
  spec.mutable_attention()->set_query_heads(32);
  spec.mutable_attention()->set_key_value_heads(8);
  spec.mutable_attention()->set_head_dimension(128);
  spec.mutable_attention()->set_context(4096);
  spec.mutable_attention()->set_query_tokens(1);
  spec.mutable_attention()->set_batch(batch);
  return block;
}

TEST(BlockKeysTest, SayWhatABlockIsMadeOf) {
  const v1::Block block = LinearBlock(4096, 4096, 8, {"bf16", "nf4"});
  EXPECT_EQ(CostKeyOf(block), "2x1.41/linear/n12k12b3/bf16+nf4/20s");
  EXPECT_EQ(WeightsKeyOf(block), "linear/4096x4096/0/bf16+nf4");
}

TEST(BlockKeysTest, CostIsAlikeForNeighboursAndUnlikeForOthers) {
  const std::string key = CostKeyOf(LinearBlock(4096, 4096, 8, {"bf16", "nf4"}));
  EXPECT_EQ(CostKeyOf(LinearBlock(5000, 4097, 9, {"nf4", "bf16"})), key);
  EXPECT_NE(CostKeyOf(LinearBlock(8192, 4096, 8, {"bf16", "nf4"})), key);
  EXPECT_NE(CostKeyOf(LinearBlock(4096, 4096, 16, {"bf16", "nf4"})), key);
  EXPECT_NE(CostKeyOf(LinearBlock(4096, 4096, 8, {"bf16", "int8"})), key);
  EXPECT_NE(CostKeyOf(LinearBlock(4096, 4096, 8, {"bf16", "nf4", "nf4"})), key);
  v1::Block longer = LinearBlock(4096, 4096, 8, {"bf16", "nf4"});
  longer.mutable_policy()->set_max_seconds(40);
  EXPECT_NE(CostKeyOf(longer), key);
  v1::Block slow = LinearBlock(4096, 4096, 8, {"bf16", "nf4"});
  slow.mutable_arms(1)->mutable_spec()->set_kernel("reference");
  EXPECT_NE(CostKeyOf(slow), key);
}

TEST(BlockKeysTest, WeightsAreAlikeForAllBatches) {
  const std::string key = WeightsKeyOf(LinearBlock(4096, 4096, 8, {"bf16", "nf4"}));
  EXPECT_EQ(WeightsKeyOf(LinearBlock(4096, 4096, 64, {"bf16", "nf4"})), key);
  EXPECT_NE(WeightsKeyOf(LinearBlock(4096, 4097, 8, {"bf16", "nf4"})), key);
  v1::Block reseeded = LinearBlock(4096, 4096, 8, {"bf16", "nf4"});
  for (v1::BlockArm& arm : *reseeded.mutable_arms()) arm.mutable_spec()->set_seed(7);
  EXPECT_NE(WeightsKeyOf(reseeded), key);
  v1::Block explained = LinearBlock(4096, 4096, 8, {"bf16", "nf4", "fp32"});
  explained.mutable_arms(2)->set_role(v1::ARM_ROLE_ABLATION);
  EXPECT_EQ(WeightsKeyOf(explained), key);
}

TEST(BlockKeysTest, CachesOfAttentionGrowWithTheBatch) {
  EXPECT_EQ(CostKeyOf(AttentionBlock(4)), "1x0.0316/attention/q12h10c12t0b2w-1/fp16/0s");
  EXPECT_NE(WeightsKeyOf(AttentionBlock(4)), WeightsKeyOf(AttentionBlock(8)));
}

TEST(BlockKeysTest, LongOnesAreHashedAndKeepTheirPrior) {
  std::vector<std::string> formats;
  for (int i = 0; i < 40; ++i) formats.push_back("format" + std::to_string(i));
  const v1::Block block = LinearBlock(4096, 4096, 8, formats);
  EXPECT_LE(CostKeyOf(block).size(), 96U);
  EXPECT_LE(WeightsKeyOf(block).size(), 96U);
  EXPECT_THAT(CostKeyOf(block), StartsWith("40x1.41/"));
  EXPECT_EQ(PriorOf(CostKeyOf(block)).arms, 40);
  formats.back() = "another";
  EXPECT_NE(CostKeyOf(LinearBlock(4096, 4096, 8, formats)), CostKeyOf(block));
}

TEST(BlockKeysTest, APriorIsReadFromAnyText) {
  EXPECT_EQ(PriorOf("3x1.5/linear").arms, 3);
  EXPECT_EQ(PriorOf("3x1.5/linear").arm_seconds, 1.5);
  for (const char* odd : {"", "x", "axb/c", "-1x-2/", "nanxinf/", "0x0/", "1e999x2z/"}) {
    EXPECT_EQ(PriorOf(odd).arms, 1) << odd;
    EXPECT_EQ(PriorOf(odd).arm_seconds, 1) << odd;
  }
}

TEST(CostModelTest, WithoutHistoryThePolicySays) {
  const CostModel costs;
  const Estimate estimate = costs.EstimateOf("cpu/a", "3x1.5/rest");
  EXPECT_FALSE(estimate.known);
  EXPECT_DOUBLE_EQ(estimate.seconds, 4.5);
}

TEST(CostModelTest, FollowsWhatRunsTake) {
  CostModel costs;
  costs.Observe("cpu/a", "2x1/k", 10);
  EXPECT_EQ(costs.EstimateOf("cpu/a", "2x1/k").seconds, 10);
  costs.Observe("cpu/a", "2x1/k", 20);
  EXPECT_EQ(costs.EstimateOf("cpu/a", "2x1/k").seconds, 15);
  for (int i = 0; i < 40; ++i) costs.Observe("cpu/a", "2x1/k", 3);
  EXPECT_NEAR(costs.EstimateOf("cpu/a", "2x1/k").seconds, 3, 0.01);
  EXPECT_FALSE(costs.EstimateOf("cpu/b", "2x1/k").known);
}

TEST(CostModelTest, AnUnseenKeyTakesTheClassMedianForEachArm) {
  CostModel costs;
  costs.Observe("cpu/a", "1x1/a", 2);
  costs.Observe("cpu/a", "2x1/b", 6);
  costs.Observe("cpu/a", "4x1/c", 400);
  const Estimate estimate = costs.EstimateOf("cpu/a", "5x9/unseen");
  EXPECT_TRUE(estimate.known);
  EXPECT_DOUBLE_EQ(estimate.seconds, 15);
}

TEST(CostModelTest, NoTimeIsNoObservation) {
  CostModel costs;
  costs.Observe("cpu/a", "1x1/a", std::nan(""));
  costs.Observe("cpu/a", "1x1/a", std::numeric_limits<double>::infinity());
  costs.Observe("cpu/a", "1x1/a", -1);
  EXPECT_TRUE(costs.Snapshot().empty());
}

TEST(CostModelTest, ComesBackFromItsRows) {
  CostModel costs;
  for (int i = 0; i < 100; ++i) {
    costs.Observe(i % 2 ? "cpu/a" : "cpu/b", std::to_string(1 + i % 7) + "x1/k", i * 0.1);
  }
  CostModel restored;
  restored.Observe("cpu/c", "1x1/gone", 1);
  restored.Restore(costs.Snapshot());
  ASSERT_EQ(restored.Snapshot().size(), costs.Snapshot().size());
  for (const CostRow& row : costs.Snapshot()) {
    EXPECT_EQ(restored.EstimateOf(row.device_class, row.cost_key).seconds, row.seconds);
  }
  EXPECT_FALSE(restored.EstimateOf("cpu/c", "1x1/gone").known);
  restored.Restore({{"cpu/a", "k", std::nan(""), 4}, {"cpu/a", "k", 4, 0}});
  EXPECT_TRUE(restored.Snapshot().empty());
}

TEST(CostModelTest, HoldsSoManyKeysAndNoMore) {
  CostModel costs;
  for (int twice = 0; twice < 2; ++twice) costs.Observe("cpu/a", "1x1/often", 3);
  for (size_t i = 0; i < CostModel::kMostKeys + 100; ++i) {
    costs.Observe("cpu/a", "1x1/" + std::to_string(i), 1);
  }
  EXPECT_EQ(costs.Snapshot().size(), CostModel::kMostKeys);
  EXPECT_EQ(costs.EstimateOf("cpu/a", "1x1/often").seconds, 3);
}

}  // namespace
}  // namespace quantfleet::scheduler
