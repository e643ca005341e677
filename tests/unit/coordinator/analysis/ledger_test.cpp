// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
//
// Ledgers of blocks whose times are planted: they close when the arms take what their parts take,
// and say so when something is in them that no part has.
#include "coordinator/analysis/ledger/ledger.hpp"

#include <cmath>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/coordinator/analysis/ledger_block.hpp"

namespace quantfleet::analysis {
namespace {

using synthetic::HasCause;
using synthetic::LedgerBlock;
using synthetic::LedgersOf;
using synthetic::TermOf;
using ::testing::HasSubstr;

const double kDenseRead = LedgerBlock::ReadSeconds(LedgerBlock::kDenseBytes);
const double kPackedRead = LedgerBlock::ReadSeconds(LedgerBlock::kPackedBytes);
constexpr double kUnpack = 1.4e-3;
constexpr double kDecode = 4.5e-3;

// One token: the baseline reads fp32, nf4 takes `seconds`.
LedgerBlock OneToken(const std::string& kernel, double seconds) {
  LedgerBlock block(1);
  block.Add(v1::ARM_ROLE_BASELINE, "fp32", "auto", kDenseRead + 4e-5);
  block.Add(v1::ARM_ROLE_NULL, "fp32", "auto", kDenseRead + 4e-5);
  block.Add(v1::ARM_ROLE_CANDIDATE, "nf4", kernel, seconds);
  block.AddParts(kDenseRead + 4e-5, kUnpack, kDecode);
  return block;
}

v1::Ledger Only(const LedgerBlock& block) {
  const auto ledgers = LedgersOf({&block});
  EXPECT_EQ(ledgers.size(), 1U);
  return ledgers.empty() ? v1::Ledger() : ledgers.front();
}

double SumOfTerms(const v1::Ledger& ledger) {
  double sum = ledger.residual_seconds();
  for (const v1::LedgerTerm& term : ledger.terms()) sum += term.seconds();
  return sum;
}

TEST(LedgerTest, ClosesWhereTheTermsAddUp) {
  const v1::Ledger ledger = Only(OneToken("fused", kUnpack + 3e-5));
  EXPECT_EQ(ledger.state(), v1::LEDGER_STATE_CLOSED) << ledger.reason();
  EXPECT_NEAR(ledger.difference_seconds(), kUnpack - kDenseRead - 1e-5, 1e-12);
  EXPECT_NEAR(TermOf(ledger, v1::LEDGER_TERM_KIND_READ).seconds(), kPackedRead - kDenseRead, 1e-12);
  EXPECT_NEAR(TermOf(ledger, v1::LEDGER_TERM_KIND_UNPACK).seconds(), kUnpack - kPackedRead, 1e-12);
  EXPECT_EQ(TermOf(ledger, v1::LEDGER_TERM_KIND_MATERIALIZE).seconds(), 0);
  EXPECT_NEAR(TermOf(ledger, v1::LEDGER_TERM_KIND_MATRIX).seconds(), -1e-5, 1e-12);
  EXPECT_EQ(TermOf(ledger, v1::LEDGER_TERM_KIND_LAUNCH).seconds(), 0);
  EXPECT_NEAR(ledger.residual_seconds(), 0, 1e-12);
  EXPECT_NEAR(ledger.read_fraction(), 1, 1e-9);
  ASSERT_EQ(ledger.sentences_size(), 3);
  EXPECT_THAT(ledger.sentences(0), HasSubstr("nf4 fused on square at batch 1 takes 1.43 ms"));
  EXPECT_THAT(ledger.sentences(1), HasSubstr("reading its weights saves 2.88 ms"));
  EXPECT_THAT(ledger.sentences(2), HasSubstr("closes"));
}

TEST(LedgerTest, NamesTheAblationArmsOfEachTerm) {
  const LedgerBlock block = OneToken("fused", kUnpack + 3e-5);
  const v1::Ledger ledger = Only(block);
  const v1::LedgerTerm unpack = TermOf(ledger, v1::LEDGER_TERM_KIND_UNPACK);
  std::vector<std::string> names;
  for (const uint32_t index : unpack.arm_indices()) {
    const v1::ArmSpec& spec = block.rows.at(index).arm().spec();
    names.push_back(spec.format() + " " + spec.kernel());
  }
  EXPECT_THAT(names, testing::UnorderedElementsAre("nf4 ablation_read", "nf4 ablation_unpack",
                                                   "fp32 ablation_read"));
}

TEST(LedgerTest, APlantedUnknownIsNotExplained) {
  // The multiply may add what it takes at the peak, were nothing of it hidden: 336 us.
  const double multiply = LedgerBlock(1).MultiplySeconds();
  const double unknown = 0.5e-3;
  const v1::Ledger ledger = Only(OneToken("fused", kUnpack + multiply + unknown));
  EXPECT_EQ(ledger.state(), v1::LEDGER_STATE_NOT_EXPLAINED);
  EXPECT_NEAR(ledger.arm_residual_seconds(), unknown, 1e-12);
  EXPECT_NEAR(ledger.baseline_residual_seconds(), 0, 1e-9);
  EXPECT_NEAR(ledger.residual_share(), unknown / std::abs(ledger.difference_seconds()), 0.01);
  EXPECT_THAT(ledger.reason(), HasSubstr("the arm takes 500 us more than its parts"));
  EXPECT_THAT(ledger.sentences(2), HasSubstr("Not explained"));
}

TEST(LedgerTest, AnUnknownInTheBaselineIsNotExplainedEither) {
  LedgerBlock block = OneToken("fused", kUnpack + 3e-5);
  block.rows[0].mutable_measurement()->mutable_summary()->set_median_seconds(
      kDenseRead + LedgerBlock(1).MultiplySeconds() + 2e-3);
  const v1::Ledger ledger = Only(block);
  EXPECT_EQ(ledger.state(), v1::LEDGER_STATE_NOT_EXPLAINED);
  EXPECT_NEAR(ledger.residual_seconds(), -2e-3, 1e-12);
  EXPECT_THAT(ledger.reason(), HasSubstr("the baseline takes"));
  EXPECT_TRUE(HasCause(ledger, v1::LEDGER_CAUSE_KIND_BASELINE_MISMATCH));
}

TEST(LedgerTest, AnArmFasterThanItsPartsIsNotExplained) {
  const v1::Ledger ledger = Only(OneToken("fused", kUnpack - 0.6e-3));
  EXPECT_EQ(ledger.state(), v1::LEDGER_STATE_NOT_EXPLAINED);
  EXPECT_NEAR(ledger.arm_residual_seconds(), -0.6e-3, 1e-12);
  EXPECT_THAT(ledger.reason(), HasSubstr("less than its parts"));
}

TEST(LedgerTest, ThroughMemoryTheDenseMultiplyComesAfterTheDecode) {
  // 64 MiB of decoded weights do not fit in the cache of 32: they come back from memory.
  const double dense = kDenseRead + 4e-5;
  const v1::Ledger ledger = Only(OneToken("dequantize_then_gemm", kDecode + dense));
  EXPECT_EQ(ledger.state(), v1::LEDGER_STATE_CLOSED) << ledger.reason();
  EXPECT_NEAR(TermOf(ledger, v1::LEDGER_TERM_KIND_MATERIALIZE).seconds(),
              kDecode - kUnpack + kDenseRead - LedgerBlock::kLaunch, 1e-12);
  EXPECT_NEAR(TermOf(ledger, v1::LEDGER_TERM_KIND_LAUNCH).seconds(), LedgerBlock::kLaunch, 1e-12);
  EXPECT_TRUE(HasCause(ledger, v1::LEDGER_CAUSE_KIND_MATERIALIZED_DEQUANTIZATION));
  EXPECT_FALSE(HasCause(ledger, v1::LEDGER_CAUSE_KIND_DECODE_BOUND));

  const double cached = kDecode + LedgerBlock::kLaunch + 0.8e-3;
  EXPECT_EQ(Only(OneToken("dequantize_then_gemm", cached)).state(), v1::LEDGER_STATE_NOT_EXPLAINED);
  LedgerBlock large_cache = OneToken("dequantize_then_gemm", cached);
  large_cache.session.mutable_device()->set_cache_bytes(uint64_t{128} << 20U);
  EXPECT_EQ(Only(large_cache).state(), v1::LEDGER_STATE_CLOSED);
}

// Many tokens: the multiply binds everything.
LedgerBlock ManyTokens(double over_dense) {
  LedgerBlock block(512);
  const double dense = block.MultiplySeconds() + 1e-3;
  block.Add(v1::ARM_ROLE_BASELINE, "fp32", "auto", dense);
  block.Add(v1::ARM_ROLE_CANDIDATE, "nf4", "fused", dense + over_dense);
  block.AddParts(dense, kUnpack, kDecode);
  return block;
}

TEST(LedgerTest, OverlapOfUnpackAndMultiplyIsExplainedFromNoneToComplete) {
  for (const double over : {0.0, 0.5e-3, kUnpack - 1e-5}) {
    const v1::Ledger ledger = Only(ManyTokens(over));
    EXPECT_EQ(ledger.state(), v1::LEDGER_STATE_CLOSED) << over << " " << ledger.reason();
    EXPECT_TRUE(HasCause(ledger, v1::LEDGER_CAUSE_KIND_COMPUTE_BOUND));
    EXPECT_FALSE(HasCause(ledger, v1::LEDGER_CAUSE_KIND_DECODE_BOUND));
  }
  // A faster multiply than the dense one is a term, not a riddle.
  const v1::Ledger fast = Only(ManyTokens(-50e-3));
  EXPECT_EQ(fast.state(), v1::LEDGER_STATE_CLOSED);
  EXPECT_NEAR(TermOf(fast, v1::LEDGER_TERM_KIND_MATRIX).seconds(), -50e-3 + kDenseRead - kUnpack,
              1e-9);
  // A multiply half as fast is one.
  const v1::Ledger slow = Only(ManyTokens(172e-3));
  EXPECT_EQ(slow.state(), v1::LEDGER_STATE_NOT_EXPLAINED);
  EXPECT_GT(slow.arm_residual_seconds(), 0.1);
}

TEST(LedgerTest, WhatTheBlockCannotSeeNeedsNoExplanation) {
  // The same time but for 0.5 %, with an effect of 1 % that can be seen: the residual is all of the
  // difference.
  LedgerBlock block = ManyTokens(0);
  const double dense = block.MultiplySeconds() + 1e-3;
  block.At("nf4", "fused")
      .mutable_measurement()
      ->mutable_summary()
      ->set_median_seconds(1.013 * dense);
  const v1::Ledger near = Only(block);
  EXPECT_GT(near.residual_seconds(), 0);
  EXPECT_EQ(near.state(), v1::LEDGER_STATE_CLOSED);
  EXPECT_NEAR(near.floor_seconds(), 0.01 * dense / 0.15, 1e-9);
  block.At("nf4", "fused").mutable_ratio()->set_minimum_detectable_effect(0.002);
  EXPECT_EQ(Only(block).state(), v1::LEDGER_STATE_NOT_EXPLAINED);
}

TEST(LedgerTest, TermsAndResidualAreTheDifferenceWhateverTheTimes) {
  std::mt19937_64 random(5);
  std::lognormal_distribution<double> times(-7, 1.5);
  int closed = 0;
  for (int i = 0; i < 2000; ++i) {
    LedgerBlock block(1U << (i % 10));
    block.Add(v1::ARM_ROLE_BASELINE, "fp32", "auto", times(random));
    block.Add(v1::ARM_ROLE_CANDIDATE, "nf4", i % 2 == 0 ? "fused" : "dequantize_then_gemm",
              times(random));
    block.AddParts(times(random), times(random), times(random));
    const v1::Ledger ledger = Only(block);
    ASSERT_NE(ledger.state(), v1::LEDGER_STATE_INCOMPLETE);
    EXPECT_NEAR(SumOfTerms(ledger), ledger.difference_seconds(),
                1e-12 + 1e-9 * std::abs(ledger.difference_seconds()));
    closed += ledger.state() == v1::LEDGER_STATE_CLOSED ? 1 : 0;
  }
  // Times that have nothing to do with each other are not explained by chance.
  EXPECT_LT(closed, 400);
}

TEST(LedgerTest, IntervalsAddAsIndependentOnesAndCancelWhatIsShared) {
  LedgerBlock block = OneToken("fused", kUnpack + 3e-5);
  const auto widen = [&](const std::string& format, const std::string& kernel, double half) {
    v1::Summary& summary = *block.At(format, kernel).mutable_measurement()->mutable_summary();
    summary.set_median_low_seconds(summary.median_seconds() - half);
    summary.set_median_high_seconds(summary.median_seconds() + half);
  };
  widen("fp32", "ablation_read", 3e-6);
  widen("nf4", "ablation_read", 4e-6);
  widen("fp32", "ablation_launch", 2e-6);  // in both reads: it cancels
  const v1::Ledger ledger = Only(block);
  const v1::LedgerTerm read = TermOf(ledger, v1::LEDGER_TERM_KIND_READ);
  EXPECT_NEAR(read.high() - read.seconds(), 5e-6, 1e-11);
  EXPECT_NEAR(read.seconds() - read.low(), 5e-6, 1e-11);
  EXPECT_NEAR(ledger.difference_high() - ledger.difference_low(), 0, 1e-15);
}

TEST(LedgerTest, ALowerClockOfTheArmIsATermOfItsOwn) {
  LedgerBlock block = OneToken("fused", (kUnpack + 3e-5) + 0.1 * (kUnpack - kPackedRead));
  EXPECT_EQ(Only(block).terms_size(), 5);  // no clock, no term
  for (v1::ComparisonRow& row : block.rows) row.mutable_measurement()->set_clock_fraction(1);
  block.At("nf4", "fused").mutable_measurement()->set_clock_fraction(0.9);
  const v1::Ledger ledger = Only(block);
  EXPECT_NEAR(TermOf(ledger, v1::LEDGER_TERM_KIND_CLOCK).seconds(),
              0.1 * (ledger.arm_seconds() - kPackedRead), 1e-9);
  EXPECT_EQ(ledger.state(), v1::LEDGER_STATE_CLOSED);
}

TEST(LedgerTest, SaysWhatIsMissing) {
  LedgerBlock block = OneToken("fused", kUnpack);
  block.At("nf4", "ablation_unpack").mutable_measurement()->set_grade(v1::GRADE_D);
  block.At("nf4", "ablation_unpack").mutable_measurement()->add_grade_reasons("host_overloaded");
  v1::Ledger ledger = Only(block);
  EXPECT_EQ(ledger.state(), v1::LEDGER_STATE_INCOMPLETE);
  EXPECT_EQ(ledger.reason(), "nf4 ablation_unpack has grade D: host_overloaded");
  EXPECT_EQ(ledger.terms_size(), 0);
  EXPECT_EQ(ledger.sentences_size(), 1);

  block = OneToken("reference", 1);
  EXPECT_THAT(Only(block).reason(), HasSubstr("reference is not made of the parts"));

  block = OneToken("dequantize_then_gemm", 1e-2);
  block.rows.pop_back();  // decode
  EXPECT_EQ(Only(block).reason(), "the block has no nf4 ablation_decode");

  block = OneToken("fused", kUnpack);
  block.At("nf4", "fused").mutable_measurement()->set_outcome(v1::OUTCOME_INVALID);
  EXPECT_EQ(Only(block).state(), v1::LEDGER_STATE_INCOMPLETE);
}

TEST(LedgerTest, BlocksWithoutPartsHaveNone) {
  LedgerBlock block(1);
  block.Add(v1::ARM_ROLE_BASELINE, "fp32", "auto", 1e-3);
  block.Add(v1::ARM_ROLE_CANDIDATE, "nf4", "fused", 1e-3);
  EXPECT_TRUE(LedgersOf({&block}).empty());
}

TEST(LedgerCauseTest, DecodeLaunchAndLayoutAreToldApart) {
  const v1::Ledger decode = Only(OneToken("fused", kUnpack + 3e-5));
  EXPECT_TRUE(HasCause(decode, v1::LEDGER_CAUSE_KIND_DECODE_BOUND));
  EXPECT_EQ(decode.causes_size(), 1);

  LedgerBlock launch = OneToken("fused", kUnpack + 3e-5);
  for (v1::ComparisonRow& row : launch.rows) {
    v1::Summary& summary = *row.mutable_measurement()->mutable_summary();
    const bool is_launch = row.arm().spec().kernel() == "ablation_launch";
    summary.set_median_seconds(summary.median_seconds() + 5e-3 - (is_launch ? 5e-6 : 0));
  }
  EXPECT_TRUE(HasCause(Only(launch), v1::LEDGER_CAUSE_KIND_LAUNCH_BOUND));

  LedgerBlock layout = OneToken("fused", 5 * kPackedRead);
  for (const char* part : {"ablation_read", "ablation_unpack"}) {
    layout.At("nf4", part)
        .mutable_measurement()
        ->mutable_summary()
        ->set_median_seconds(5 * kPackedRead);
  }
  EXPECT_TRUE(HasCause(Only(layout), v1::LEDGER_CAUSE_KIND_LAYOUT_TRAP));
}

TEST(LedgerCauseTest, AMissingHardwareTypeNeedsATypeThatIsMissing) {
  LedgerBlock block = OneToken("fused", kUnpack + 3e-5);
  for (v1::ComparisonRow& row : block.rows) {
    if (row.arm().spec().format() == "nf4") row.mutable_arm()->mutable_spec()->set_format("nvfp4");
  }
  EXPECT_TRUE(HasCause(Only(block), v1::LEDGER_CAUSE_KIND_MISSING_HARDWARE_TYPE));
  (*block.session.mutable_ceilings()->mutable_matrix_operations_per_second())["fp4"] = 1e12;
  EXPECT_FALSE(HasCause(Only(block), v1::LEDGER_CAUSE_KIND_MISSING_HARDWARE_TYPE));
}

TEST(LedgerCauseTest, APathCliffNeedsAnotherKernelAndAJump) {
  const auto block = [](uint32_t batch, const std::string& used, double seconds) {
    LedgerBlock made(batch, "b" + std::to_string(batch));
    made.Add(v1::ARM_ROLE_BASELINE, "fp32", "auto", kDenseRead + 4e-5);
    made.Add(v1::ARM_ROLE_CANDIDATE, "nf4", "auto", seconds)
        .mutable_measurement()
        ->set_kernel_used(used);
    made.AddParts(kDenseRead + 4e-5, kUnpack, kDecode);
    return made;
  };
  const LedgerBlock one = block(1, "fused/gemv", kUnpack + 3e-5);
  const LedgerBlock two = block(2, "dequantize_then_gemm/sgemm", kDecode + kDenseRead + 4e-5);
  const LedgerBlock same = block(2, "fused/gemm", kDecode + kDenseRead + 4e-5);
  const auto kCliff = v1::LEDGER_CAUSE_KIND_PATH_CLIFF;
  EXPECT_FALSE(HasCause(LedgersOf({&one, &two}).at(0), kCliff));
  EXPECT_TRUE(HasCause(LedgersOf({&one, &two}).at(1), kCliff));
  EXPECT_FALSE(HasCause(LedgersOf({&one, &same}).at(1), kCliff));
}

}  // namespace
}  // namespace quantfleet::analysis
