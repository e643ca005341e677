// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/analysis/dispatch/policy.hpp"

#include <fstream>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

namespace quantfleet::analysis {
namespace {

// What bitsandbytes itself answers, see the README beside the file.
TEST(DispatchPolicyTest, Bitsandbytes050AgreesWithItsOwnRule) {
  std::ifstream file(QUANTFLEET_SOURCE_DIR "/tests/data/dispatch/bitsandbytes-0.50.csv");
  std::string line;
  ASSERT_TRUE(std::getline(file, line));
  int checked = 0;
  while (std::getline(file, line)) {
    for (char& c : line) c = c == ',' ? ' ' : c;
    std::istringstream words(line);
    GpuFacts gpu;
    Product product = {"nf4", "", 0, 0, 0};
    bool custom = false;
    words >> gpu.capability >> gpu.multiprocessors >> product.baseline >> product.n >> product.k >>
        product.batch >> custom;
    ASSERT_FALSE(words.fail()) << line;
    const Pick pick = PickBitsandbytes050(product, gpu);
    ASSERT_TRUE(pick.path.has_value()) << line;
    EXPECT_EQ(*pick.path == Path::kFused, custom) << line << ": " << pick.why;
    ++checked;
  }
  EXPECT_GT(checked, 3000);
}

TEST(DispatchPolicyTest, Bitsandbytes050NeedsToKnowTheDevice) {
  const Product few = {"nf4", "bf16", 4096, 4096, 4}, many = {"nf4", "bf16", 4096, 4096, 5};
  EXPECT_EQ(PickBitsandbytes050(few, {}).path, Path::kFused);
  EXPECT_EQ(PickBitsandbytes050(many, {}).path, std::nullopt);
  EXPECT_EQ(PickBitsandbytes050(many, {89, 0}).path, std::nullopt);
  EXPECT_EQ(PickBitsandbytes050(many, {89, 128}).path, Path::kFused);
}

struct Limit {
  const char* policy;
  uint64_t most;  // rows of the fused kernel
};

// Limits as their sources have them; docs/dispatch-policies.md names those.
TEST(DispatchPolicyTest, OthersGoByTheNumberOfRows) {
  for (const Limit& limit : {Limit{"bitsandbytes-0.49", 1}, Limit{"exllamav2", 32},
                             Limit{"vllm-awq", 255}, Limit{"autoawq", 1023}}) {
    const DispatchPolicy* policy = FindDispatchPolicy(limit.policy);
    ASSERT_NE(policy, nullptr) << limit.policy;
    EXPECT_EQ(policy->pick({"", "bf16", 4096, 4096, limit.most}, {}).path, Path::kFused)
        << limit.policy;
    EXPECT_EQ(policy->pick({"", "bf16", 4096, 4096, limit.most + 1}, {}).path,
              Path::kDequantizeThenGemm)
        << limit.policy;
  }
}

TEST(DispatchPolicyTest, LlamaCppDecodesOnlyWithoutIntegerMatrixInstructions) {
  const DispatchPolicy* policy = FindDispatchPolicy("llama.cpp");
  ASSERT_NE(policy, nullptr);
  EXPECT_EQ(policy->pick({"q4_k", "bf16", 4096, 4096, 512}, {89, 128}).path, Path::kFused);
  EXPECT_EQ(policy->pick({"q4_k", "bf16", 4096, 4096, 63}, {70, 80}).path, Path::kFused);
  EXPECT_EQ(policy->pick({"q4_k", "bf16", 4096, 4096, 64}, {70, 80}).path,
            Path::kDequantizeThenGemm);
}

TEST(DispatchPolicyTest, ColumnsThatAreNoWholeBlocksTakeTheSlowPath) {
  const Product product = {"nf4", "bf16", 4096, 4096 + 32, 1};
  for (const char* name : {"bitsandbytes-0.49", "bitsandbytes-0.50"}) {
    EXPECT_EQ(FindDispatchPolicy(name)->pick(product, {89, 128}).path, Path::kDequantizeThenGemm);
  }
}

TEST(DispatchPolicyTest, NamesAreSortedAndNoneIsMadeUp) {
  const auto& all = DispatchPolicies();
  for (size_t i = 1; i < all.size(); ++i) EXPECT_LT(all[i - 1].name, all[i].name);
  EXPECT_EQ(FindDispatchPolicy("bitsandbytes-0.51"), nullptr);
}

}  // namespace
}  // namespace quantfleet::analysis
