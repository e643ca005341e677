// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "cli/policy_text.hpp"

#include <gmock/gmock.h>

namespace quantfleet::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

v1::PolicyChoice* Add(v1::PolicyReport& report, uint64_t batch) {
  v1::PolicyChoice* choice = report.add_choices();
  choice->set_policy("bitsandbytes-0.49");
  choice->set_device_class("cuda/x");
  choice->set_device_name("X");
  choice->set_format("nf4");
  choice->set_batch(batch);
  (*choice->mutable_labels())["layer"] = "mlp, wide";
  return choice;
}

// A pick that costs three times at batch 2, and one of which nothing is known.
v1::PolicyReport MakeReport() {
  v1::PolicyReport report;
  v1::PolicyChoice* slow = Add(report, 2);
  slow->set_kernel("dequantize_then_gemm");
  slow->set_reason("more than 1 rows");
  slow->set_seconds(3e-3);
  slow->mutable_against_baseline()->set_ratio(2);
  slow->set_fastest_kernel("fused");
  slow->set_fastest_seconds(1e-3);
  slow->set_cost(3);
  slow->set_cost_low(2.5);
  slow->set_cost_high(3.5);
  slow->set_verdict(v1::VERDICT_SLOWER);
  v1::PolicyChoice* unknown = Add(report, 4);
  unknown->set_verdict(v1::VERDICT_NOT_COMPARABLE);
  unknown->set_verdict_reason("its rule asks for a CUDA device");
  return report;
}

TEST(PolicyTextTest, SaysTheCostWithItsIntervalAndSumsUp) {
  const std::string text = PolicyTable(MakeReport());
  EXPECT_THAT(text, HasSubstr("bitsandbytes-0.49 on X (cuda/x)"));
  EXPECT_THAT(text, HasSubstr("3.00x [2.50x, 3.50x]"));
  EXPECT_THAT(text, HasSubstr("0.50x")) << "the speed-up against the baseline";
  EXPECT_THAT(text, HasSubstr("unknown: its rule asks for a CUDA device"));
  EXPECT_THAT(text, HasSubstr("at 1 of 1 points; most at batch 2 of mlp, wide with nf4, where "
                              "dequantize_then_gemm takes 3.00x the time of fused."));
}

TEST(PolicyTextTest, CsvLeavesWhatIsUnknownEmpty) {
  const std::string text = PolicyCsv(MakeReport());
  EXPECT_THAT(text, HasSubstr("\"mlp, wide\",2,nf4,dequantize_then_gemm,more than 1 rows,0.003,2,"
                              "fused,0.001,3,2.5,3.5,VERDICT_SLOWER,"));
  EXPECT_THAT(text, HasSubstr("\"mlp, wide\",4,nf4,,,,,,,,,,VERDICT_NOT_COMPARABLE,"));
}

TEST(PolicyTextTest, NamesOneOrAll) {
  EXPECT_THAT(*PoliciesNamed("llama.cpp"), SizeIs(1));
  EXPECT_THAT(*PoliciesNamed("all"), SizeIs(analysis::DispatchPolicies().size()));
  EXPECT_THAT(PoliciesNamed("exllama").status().message(), HasSubstr("exllamav2"));
}

}  // namespace
}  // namespace quantfleet::cli
