// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "kernels/formats/format.hpp"
#include "kernels/formats/int8/activations.hpp"
#include "kernels/ops/linear/cpu/int8/dots.hpp"
#include "kernels/ops/linear/cpu/int8/kernels.hpp"
#include "kernels/ops/linear/problem.hpp"

namespace quantfleet::linear::cpu {
namespace {

using engine::LinearShape;

TEST(Int8Dots, AreExactAtEverySize) {
  std::mt19937 random(std::random_device{}());
  std::uniform_int_distribution<int> code(-127, 127);
  for (const uint64_t k : {1U, 3U, 31U, 32U, 33U, 64U, 257U, 4096U}) {
    for (const uint64_t n : {1U, 4U, 7U}) {
      for (const uint64_t batch : {1U, 2U, 3U, 4U, 5U, 9U, 70U}) {
        std::vector<int8_t> w(n * k);
        std::vector<int16_t> x(batch * k);
        for (int8_t& value : w) value = static_cast<int8_t>(code(random));
        for (int16_t& value : x) value = static_cast<int16_t>(code(random));
        std::vector<int32_t> sums(batch * n, -1);
        const RowRange rows = {n / 3, n};
        MultiplyCodes(w.data(), n, k, x.data(), batch, rows, sums.data());
        for (uint64_t b = 0; b < batch; ++b) {
          for (uint64_t r = 0; r < n; ++r) {
            int32_t expected = r < rows.begin ? -1 : 0;
            for (uint64_t i = 0; i < k && r >= rows.begin; ++i)
              expected += w[r * k + i] * x[b * k + i];
            ASSERT_EQ(sums[b * n + r], expected) << n << "x" << k << " batch " << batch;
          }
        }
      }
    }
  }
}

TEST(Int8Dots, TheLargestSumFits) {
  const std::vector<int8_t> w(kMostDotColumns, -127);
  const std::vector<int16_t> x(kMostDotColumns, 127);
  int32_t sum = 0;
  MultiplyCodes(w.data(), 1, kMostDotColumns, x.data(), 1, {0, 1}, &sum);
  EXPECT_EQ(sum, -127 * 127 * static_cast<int32_t>(kMostDotColumns));
}

class Int8Kernels : public ::testing::TestWithParam<uint32_t> {
 protected:
  Int8Kernels() : pool_(GetParam()) {
    kernels_.push_back(MakeW8a8Kernel(pool_));
    kernels_.push_back(MakeLlmInt8Kernel(pool_));
  }
  quantfleet::cpu::ThreadPool pool_;
  std::vector<std::unique_ptr<LinearKernel>> kernels_;
};

INSTANTIATE_TEST_SUITE_P(Threads, Int8Kernels, ::testing::Values(1U, 2U, 3U));

TEST_P(Int8Kernels, RefuseRowsWhoseSumsDoNotFit) {
  for (const auto& kernel : kernels_) {
    EXPECT_TRUE(kernel->SupportsShape({1, kMostDotColumns, 1}).ok());
    EXPECT_EQ(kernel->SupportsShape({1, kMostDotColumns + 1, 1}).code(),
              StatusCode::kUnimplemented);
  }
}

// Activations with outliers here and there, not in the planted columns only.
TEST_P(Int8Kernels, AgreeWithFp64OnAnyActivations) {
  std::mt19937 random(std::random_device{}());
  for (const auto& kernel : kernels_) {
    const formats::Format& format = *formats::FindFormat(kernel->format());
    for (const LinearShape shape : {LinearShape{33, 515, 5}, LinearShape{16, 64, 1},
                                    LinearShape{5, 1, 2}, LinearShape{48, 1024, 17}}) {
      for (const double deviation : {0.0, 1.0, 4.0}) {
        const auto [n, k, batch] = shape;
        Problem problem(static_cast<uint32_t>(random()), n, k);
        std::normal_distribution<float> normal(0, static_cast<float>(deviation) + 1e-30F);
        std::vector<float> x(size_t{batch} * k);
        for (float& value : x) value = deviation == 0 ? 0 : normal(random);
        const EncodedWeights& encoded = **problem.Encoded(format);
        std::vector<float> y(size_t{batch} * n, std::nanf(""));
        std::vector<std::byte> scratch(kernel->ScratchBytes(shape));
        LinearCall call{shape, encoded.packed.data(), x.data(), y.data(), scratch.data()};
        ASSERT_TRUE(kernel->Run(call).ok());
        std::vector<float> rounded(x.size());
        kernel->RoundActivations(x.data(), batch, k, rounded.data());
        double wrong = 0;
        double norm = 0;
        for (size_t b = 0; b < batch; ++b) {
          for (size_t r = 0; r < n; ++r) {
            double expected = 0;
            for (size_t i = 0; i < k; ++i) {
              expected += static_cast<double>(rounded[b * k + i]) * encoded.decoded[r * k + i];
            }
            wrong += std::pow(y[b * n + r] - expected, 2);
            norm += expected * expected;
          }
        }
        EXPECT_LE(std::sqrt(wrong), kernel->Tolerance(shape) * std::sqrt(norm))
            << kernel->format() << " " << n << "x" << k << " batch " << batch << ", deviation "
            << deviation;
      }
    }
  }
}

TEST(OutlierActivations, OneColumnInAThousandIsLargeInEveryToken) {
  constexpr uint32_t kColumns = 8192;
  constexpr uint32_t kTokens = 6;
  Problem problem(9, 1, kColumns, ActivationKind::kOutlierColumns);
  const std::vector<float>& x = problem.Activations(kTokens);
  const std::vector<uint32_t> columns =
      formats::OutlierColumns(x, kColumns, formats::kLlmInt8Threshold);
  EXPECT_GE(columns.size(), 3U);
  EXPECT_LE(columns.size(), 20U);
  for (const uint32_t column : columns) {
    for (uint32_t token = 0; token < kTokens; ++token) {
      const float value = x[token * kColumns + column];
      EXPECT_GE(std::abs(value), formats::kLlmInt8Threshold);
      EXPECT_LE(std::abs(value), 27);
      EXPECT_EQ(value < 0, x[column] < 0) << "one sign a column";
    }
  }
  // However few columns there are, one is an outlier.
  for (const uint32_t few : {1U, 2U, 64U}) {
    Problem small(9, 1, few, ActivationKind::kOutlierColumns);
    EXPECT_GE(formats::OutlierColumns(small.Activations(2), few, formats::kLlmInt8Threshold).size(),
              1U);
  }
}

}  // namespace
}  // namespace quantfleet::linear::cpu
