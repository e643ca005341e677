// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/analysis/dispatch/choices.hpp"

#include <gmock/gmock.h>

#include "coordinator/analysis/comparison.hpp"
#include "tests/unit/coordinator/analysis/synthetic.hpp"

namespace quantfleet::analysis {
namespace {

using ::testing::HasSubstr;

// nf4 fused and dequantized at one batch, of these true times; the baseline takes 1 ms.
MeasuredBlock BlockAt(uint32_t batch, double fused, double dequantized) {
  std::mt19937_64 random(batch);
  MeasuredBlock block = synthetic::MakeBlock(
      1e-3, {{"nf4", "fused", fused}, {"nf4", "dequantize_then_gemm", dequantized}}, 12,
      {.between_rounds = 0.01}, &random);
  block.session_id = "s";
  block.block.set_block_id(std::to_string(batch));
  block.block.set_ordinal(batch);
  for (v1::BlockArm& arm : *block.block.mutable_arms()) {
    arm.mutable_spec()->mutable_linear()->set_n(4096);
    arm.mutable_spec()->mutable_linear()->set_k(4096);
    arm.mutable_spec()->mutable_linear()->set_batch(batch);
    (*arm.mutable_labels())["batch"] = std::to_string(batch);
    (*arm.mutable_labels())["layer"] = "square";
  }
  for (v1::Measurement& measurement : *block.result.mutable_measurements()) {
    const auto& arm = block.block.arms(static_cast<int>(measurement.arm_index()));
    measurement.set_kernel_used(arm.spec().kernel() + "/variant");
  }
  return block;
}

v1::Comparison Compared(const std::vector<MeasuredBlock>& blocks, const std::string& architecture) {
  v1::ComparisonSession session;
  session.set_session_id("s");
  session.mutable_device()->set_device_class("gpu");
  session.mutable_device()->set_architecture(architecture);
  session.mutable_device()->set_multiprocessors(128);
  return BuildComparison("m", "n", blocks, {session});
}

v1::PolicyReport Apply(const v1::Comparison& comparison, const char* policy) {
  return ApplyPolicies(comparison, {FindDispatchPolicy(policy)});
}

TEST(PolicyChoicesTest, SaysWhatTheCliffCosts) {
  const auto report = Apply(Compared({BlockAt(1, 4e-4, 1.5e-3), BlockAt(2, 5e-4, 1.6e-3)}, "sm_89"),
                            "bitsandbytes-0.49");
  ASSERT_EQ(report.choices_size(), 2);
  const v1::PolicyChoice& one = report.choices(0);
  EXPECT_EQ(one.kernel(), "fused");
  EXPECT_EQ(one.cost(), 1);
  EXPECT_EQ(one.verdict(), v1::VERDICT_SAME);
  EXPECT_EQ(one.against_baseline().verdict(), v1::VERDICT_FASTER);
  const v1::PolicyChoice& two = report.choices(1);
  EXPECT_EQ(two.batch(), 2U);
  EXPECT_EQ(two.labels().at("layer"), "square");
  EXPECT_EQ(two.kernel(), "dequantize_then_gemm");
  EXPECT_EQ(two.fastest_kernel(), "fused");
  EXPECT_NEAR(two.cost(), 3.2, 0.2);
  EXPECT_LE(two.cost_low(), 3.2);
  EXPECT_GE(two.cost_high(), 3.2);
  EXPECT_EQ(two.verdict(), v1::VERDICT_SLOWER);
  EXPECT_EQ(two.against_baseline().verdict(), v1::VERDICT_SLOWER);
}

TEST(PolicyChoicesTest, WhatCannotBeToldApartIsNoCost) {
  const auto report = Apply(Compared({BlockAt(2, 5e-4, 5.02e-4)}, "sm_89"), "bitsandbytes-0.49");
  ASSERT_EQ(report.choices_size(), 1);
  if (report.choices(0).verdict() != v1::VERDICT_SAME) {
    EXPECT_EQ(report.choices(0).verdict(), v1::VERDICT_AMBIGUOUS);
  }
  EXPECT_LE(report.choices(0).cost_low(), 1);
}

TEST(PolicyChoicesTest, WrongOutputIsNeitherPickedNorFastest) {
  MeasuredBlock block = BlockAt(2, 5e-4, 1.6e-3);
  for (v1::Measurement& measurement : *block.result.mutable_measurements()) {
    const auto& arm = block.block.arms(static_cast<int>(measurement.arm_index()));
    if (arm.spec().kernel() == "fused") measurement.set_grade(v1::GRADE_F);
  }
  const auto report = Apply(Compared({block}, "sm_89"), "bitsandbytes-0.50");
  ASSERT_EQ(report.choices_size(), 1);
  EXPECT_EQ(report.choices(0).kernel(), "fused");
  EXPECT_EQ(report.choices(0).fastest_kernel(), "dequantize_then_gemm");
  EXPECT_EQ(report.choices(0).verdict(), v1::VERDICT_NOT_COMPARABLE);
  EXPECT_THAT(report.choices(0).verdict_reason(), HasSubstr("fused was not measured well"));
}

TEST(PolicyChoicesTest, ARuleThatNeedsAGpuSaysSo) {
  const auto report = Apply(Compared({BlockAt(8, 5e-4, 1.6e-3)}, "x86_64"), "bitsandbytes-0.50");
  ASSERT_EQ(report.choices_size(), 1);
  EXPECT_EQ(report.choices(0).kernel(), "");
  EXPECT_THAT(report.choices(0).verdict_reason(), HasSubstr("CUDA device"));
}

TEST(PolicyChoicesTest, OnlyFormatsThatTheStackHas) {
  EXPECT_EQ(Apply(Compared({BlockAt(2, 5e-4, 1.6e-3)}, "sm_89"), "llama.cpp").choices_size(), 0);
}

}  // namespace
}  // namespace quantfleet::analysis
