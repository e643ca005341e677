// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "cli/ledger_text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/comparison_text.hpp"

namespace quantfleet::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

v1::ComparisonRow& AddRow(v1::ArmRole role, const std::string& format, const std::string& kernel,
                          v1::Comparison* comparison) {
  v1::ComparisonRow& row = *comparison->add_rows();
  row.set_block_id("b");
  row.set_device_class("cpu/test/2t");
  v1::BlockArm& arm = *row.mutable_arm();
  arm.set_index(static_cast<uint32_t>(comparison->rows_size() - 1));
  arm.set_arm_id("id-" + format + kernel);
  arm.set_role(role);
  arm.mutable_spec()->set_format(format);
  arm.mutable_spec()->set_kernel(kernel);
  arm.mutable_spec()->mutable_linear()->set_batch(4);
  (*arm.mutable_labels())["layer"] = "gpt2/mlp.c_fc";
  row.mutable_measurement()->set_outcome(v1::OUTCOME_MEASURED);
  row.mutable_measurement()->mutable_summary()->set_median_seconds(1e-3);
  return row;
}

v1::Ledger& AddLedger(const v1::ComparisonRow& row, v1::LedgerState state,
                      v1::Comparison* comparison) {
  v1::Ledger& ledger = *comparison->add_ledgers();
  ledger.set_block_id("b");
  ledger.set_device_class(row.device_class());
  *ledger.mutable_arm() = row.arm();
  ledger.set_state(state);
  return ledger;
}

v1::Comparison Explained() {
  v1::Comparison comparison;
  comparison.set_matrix_name("explained");
  AddRow(v1::ARM_ROLE_BASELINE, "fp32", "auto", &comparison);
  const v1::ComparisonRow fused = AddRow(v1::ARM_ROLE_CANDIDATE, "nf4", "fused", &comparison);
  const v1::ComparisonRow int8 = AddRow(v1::ARM_ROLE_CANDIDATE, "int8", "reference", &comparison);
  AddRow(v1::ARM_ROLE_ABLATION, "nf4", "ablation_read", &comparison);
  v1::Ledger& closed = AddLedger(fused, v1::LEDGER_STATE_CLOSED, &comparison);
  closed.set_difference_seconds(0.4e-3);
  closed.set_residual_seconds(-12e-6);
  closed.set_residual_share(0.03);
  v1::LedgerTerm& read = *closed.add_terms();
  read.set_kind(v1::LEDGER_TERM_KIND_READ);
  read.set_seconds(-0.6e-3);
  read.set_low(-0.61e-3);
  read.set_high(-0.59e-3);
  read.add_arm_indices(3);
  v1::LedgerCause& cause = *closed.add_causes();
  cause.set_kind(v1::LEDGER_CAUSE_KIND_DECODE_BOUND);
  cause.set_evidence("unpacking takes most of it");
  closed.add_sentences("One.");
  closed.add_sentences("Two.");
  v1::Ledger& none = AddLedger(int8, v1::LEDGER_STATE_INCOMPLETE, &comparison);
  none.set_reason("kernel reference is not made of parts");
  none.add_sentences("No ledger.");
  return comparison;
}

TEST(LedgerTextTest, TheTableHasALineALedger) {
  const std::string text = LedgerTable(Explained());
  EXPECT_THAT(text, HasSubstr("cpu/test/2t"));
  EXPECT_THAT(text, HasSubstr("+400 us"));
  EXPECT_THAT(text, HasSubstr("-600 us"));
  EXPECT_THAT(text, HasSubstr("-12.0 us"));
  EXPECT_THAT(text, HasSubstr("closed"));
  EXPECT_THAT(text, HasSubstr("decode bound"));
  EXPECT_THAT(text, HasSubstr("incomplete: kernel reference is not made of parts"));
  EXPECT_EQ(LedgerTable(v1::Comparison()), "");
}

TEST(LedgerTextTest, PartsStandInTheLedgerAndNotAmongWhatIsCompared) {
  const v1::Comparison comparison = Explained();
  EXPECT_THAT(PivotText(comparison), Not(HasSubstr("ablation_read")));
  EXPECT_THAT(PivotText(comparison), HasSubstr("Where the time goes"));
  EXPECT_THAT(LongText(comparison, GroupBy::kFormat, Metric::kLatency),
              Not(HasSubstr("ablation_read")));
  EXPECT_THAT(Markdown(comparison), Not(HasSubstr("ablation_read")));
  EXPECT_THAT(Markdown(comparison), HasSubstr("One. Two."));
  EXPECT_THAT(LongCsv(comparison), HasSubstr("ARM_ROLE_ABLATION"));
}

TEST(LedgerTextTest, TheDetailNamesTheAblationArms) {
  const std::string text = LedgerDetail(Explained());
  EXPECT_THAT(text, HasSubstr("One.\nTwo.\n"));
  EXPECT_THAT(text, HasSubstr("nf4 ablation_read"));
  EXPECT_THAT(text, HasSubstr("[-610 us, -590 us]"));
  EXPECT_THAT(text, HasSubstr("decode bound: unpacking takes most of it"));
}

TEST(LedgerTextTest, CsvHasALineATermWithResidualAndDifference) {
  const std::string text = LedgerCsv(Explained());
  EXPECT_THAT(text, HasSubstr("LEDGER_TERM_KIND_READ,-0.0006,-0.00061,-0.00059,"));
  EXPECT_THAT(text, HasSubstr("residual,-1.2e-05,"));
  EXPECT_THAT(text, HasSubstr("difference,0.0004,"));
}

TEST(LedgerTextTest, ArmsAreNamedByFormatKernelOrId) {
  for (const auto& [name, left] : std::vector<std::pair<std::string, int>>{
           {"nf4", 1}, {"nf4 fused", 1}, {"id-", 2}, {"id-int8", 1}, {"nf", 0}, {"fused", 0}}) {
    v1::Comparison comparison = Explained();
    KeepLedgersOf(name, &comparison);
    EXPECT_EQ(comparison.ledgers_size(), left) << name;
  }
}

}  // namespace
}  // namespace quantfleet::cli
