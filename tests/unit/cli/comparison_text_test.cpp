// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "cli/comparison_text.hpp"

#include <algorithm>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/crossover_text.hpp"

namespace quantfleet::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

void AddRow(v1::Comparison* comparison, v1::ArmRole role, uint32_t batch, double seconds,
            v1::Verdict verdict) {
  const bool candidate = role == v1::ARM_ROLE_CANDIDATE;
  v1::ComparisonRow* row = comparison->add_rows();
  row->set_device_class("cpu/test/2t");
  row->set_device_name("Test CPU");
  row->set_target("every-device");
  row->mutable_arm()->set_role(role);
  v1::ArmSpec* spec = row->mutable_arm()->mutable_spec();
  spec->set_format(candidate ? "nf4" : "fp32");
  spec->set_kernel(candidate ? "fused" : "auto");
  spec->set_cache("cold");
  spec->mutable_linear()->set_n(3072);
  spec->mutable_linear()->set_k(768);
  spec->mutable_linear()->set_batch(batch);
  (*row->mutable_arm()->mutable_labels())["layer"] = "gpt2/mlp.c_fc";
  v1::Measurement* measurement = row->mutable_measurement();
  measurement->set_outcome(v1::OUTCOME_MEASURED);
  measurement->set_grade(v1::GRADE_A);
  measurement->mutable_summary()->set_median_seconds(seconds);
  measurement->mutable_summary()->set_median_low_seconds(seconds * 0.99);
  measurement->mutable_summary()->set_median_high_seconds(seconds * 1.01);
  measurement->set_weight_bytes(candidate ? 1'327'104 : 9'437'184);
  measurement->set_bits_per_weight(candidate ? 4.5 : 32);
  measurement->mutable_error()->set_output_relative(candidate ? 0.0912 : 1.2e-7);
  if (role == v1::ARM_ROLE_BASELINE) return;
  row->mutable_ratio()->set_verdict(verdict);
  if (verdict == v1::VERDICT_NOT_COMPARABLE) return row->mutable_ratio()->set_reason("too, few");
  row->mutable_ratio()->set_ratio(seconds / 1e-3);
  row->mutable_ratio()->set_low(seconds / 1e-3 * 0.98);
  row->mutable_ratio()->set_high(seconds / 1e-3 * 1.02);
}

v1::Comparison MakeComparison() {
  v1::Comparison comparison;
  comparison.set_matrix_id("mtx_1");
  comparison.set_matrix_name("quickstart");
  for (const uint32_t batch : {1U, 8U, 16U}) {
    AddRow(&comparison, v1::ARM_ROLE_BASELINE, batch, 1e-3, v1::VERDICT_UNSPECIFIED);
    AddRow(&comparison, v1::ARM_ROLE_NULL, batch, 1e-3, v1::VERDICT_SAME);
  }
  AddRow(&comparison, v1::ARM_ROLE_CANDIDATE, 1, 0.5e-3, v1::VERDICT_FASTER);
  AddRow(&comparison, v1::ARM_ROLE_CANDIDATE, 8, 2e-3, v1::VERDICT_SLOWER);
  AddRow(&comparison, v1::ARM_ROLE_CANDIDATE, 16, 1, v1::VERDICT_NOT_COMPARABLE);
  v1::ComparisonSession* session = comparison.add_sessions();
  session->mutable_device()->set_device_class("cpu/test/2t");
  session->mutable_ceilings()->set_dram_read_bytes_per_second(20e9);
  v1::Crossover* crossover = comparison.add_crossovers();
  crossover->set_device_class("cpu/test/2t");
  crossover->set_axis("batch");
  crossover->set_sentence("nf4 fused is faster than fp32 up to batch 1");
  return comparison;
}

TEST(ComparisonTextTest, PivotShowsSpeedUpsWithMarksAndLegend) {
  const std::string text = PivotText(MakeComparison());
  EXPECT_THAT(text, StartsWith("quickstart  mtx_1\n"));
  EXPECT_THAT(text, HasSubstr("cpu/test/2t  Test CPU\n"));
  EXPECT_THAT(text, HasSubstr("DRAM read 20.0 GB/s"));
  EXPECT_THAT(text, HasSubstr("gpt2/mlp.c_fc  (768 in, 3072 out, cold cache"));
  EXPECT_THAT(text, ::testing::ContainsRegex("batch +1 +8 +16 +weights"));
  EXPECT_THAT(text, ::testing::ContainsRegex("fp32 \\(baseline\\) +1.00 ms +1.00 ms +1.00 ms"));
  EXPECT_THAT(text, ::testing::ContainsRegex("fp32 \\(A/A\\) +1.00= +1.00= +1.00="));
  EXPECT_THAT(text, ::testing::ContainsRegex("nf4 fused +2.00\\+ +0.50- +/ +1.27 MiB +4.50"));
  EXPECT_THAT(text, HasSubstr("speed-ups: time of the baseline / time of the arm"));
  EXPECT_THAT(text, HasSubstr("  nf4 fused is faster than fp32 up to batch 1\n"));
}

TEST(ComparisonTextTest, EveryVerdictHasAWord) {
  EXPECT_EQ(VerdictWord(v1::VERDICT_FASTER), "faster");
  EXPECT_EQ(VerdictWord(v1::VERDICT_SLOWER), "slower");
  EXPECT_EQ(VerdictWord(v1::VERDICT_SAME), "same");
  EXPECT_EQ(VerdictWord(v1::VERDICT_AMBIGUOUS), "ambiguous");
  EXPECT_EQ(VerdictWord(v1::VERDICT_NOT_COMPARABLE), "not comparable");
  EXPECT_EQ(VerdictWord(v1::VERDICT_INVALID), "invalid");
}

TEST(ComparisonTextTest, LongTextTurnsTheIntervalAroundToo) {
  const std::string text = LongText(MakeComparison(), GroupBy::kBatch, Metric::kLatency);
  EXPECT_THAT(text, HasSubstr("2.000 [1.961, 2.041]")) << "1 / 0.51 and 1 / 0.49";
  EXPECT_THAT(text, ::testing::ContainsRegex("not comparable .*A +too, few\n"));
}

TEST(ComparisonTextTest, ByBatchSortsByNumber) {
  const std::string text = LongText(MakeComparison(), GroupBy::kBatch, Metric::kTokensPerSecond);
  EXPECT_LT(text.find("8  nf4 fused"), text.find("16  nf4 fused"));
  EXPECT_THAT(text, HasSubstr("rows/s"));
}

TEST(ComparisonTextTest, CsvHasOneLineAnArmAndTheRatioAsStored) {
  const std::string csv = LongCsv(MakeComparison());
  EXPECT_EQ(std::count(csv.begin(), csv.end(), '\n'), 10);
  EXPECT_THAT(csv, StartsWith("device_class,target,layer,"));
  EXPECT_THAT(csv, HasSubstr(",0.5,0.49,0.51,"));
  EXPECT_THAT(csv, HasSubstr("VERDICT_NOT_COMPARABLE,\"too, few\""));
}

TEST(ComparisonTextTest, MarkdownEscapesPipes) {
  v1::Comparison comparison = MakeComparison();
  (*comparison.mutable_rows(0)->mutable_arm()->mutable_labels())["layer"] = "a|b";
  EXPECT_THAT(Markdown(comparison), HasSubstr("| a\\|b |"));
}

TEST(ComparisonTextTest, NothingMeasuredIsNoError) {
  EXPECT_THAT(PivotText(v1::Comparison()), HasSubstr("Cells are speed-ups"));
  EXPECT_EQ(CrossoverText({}), "");
}

TEST(ComparisonText, AConversionShowsItsMatrixAndNoBatch) {
  v1::Comparison comparison;
  AddRow(&comparison, v1::ARM_ROLE_BASELINE, 1, 1e-3, v1::VERDICT_UNSPECIFIED);
  AddRow(&comparison, v1::ARM_ROLE_CANDIDATE, 1, 0.5e-3, v1::VERDICT_FASTER);
  for (v1::ComparisonRow& row : *comparison.mutable_rows()) {
    v1::ArmSpec* spec = row.mutable_arm()->mutable_spec();
    spec->clear_linear();
    spec->set_workload("dequantize");
    spec->mutable_matrix()->set_rows(512);
    spec->mutable_matrix()->set_columns(1024);
    row.mutable_arm()->clear_labels();
  }
  const std::string pivot = PivotText(comparison);
  EXPECT_THAT(pivot, HasSubstr("512 x 1024  (dequantize 512 x 1024, cold cache"));
  EXPECT_THAT(pivot, HasSubstr("speed-up"));
  EXPECT_THAT(pivot, Not(HasSubstr("batch")));
  EXPECT_THAT(LongCsv(comparison), HasSubstr("512 x 1024,512,1024,,fp32"));
}

}  // namespace
}  // namespace quantfleet::cli
