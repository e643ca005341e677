// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "kernels/formats/format.hpp"
#include "kernels/formats/ieee/bf16.hpp"
#include "kernels/ops/linear/cuda/launch.hpp"
#include "kernels/ops/linear/cuda/plan.hpp"
#include "tests/device/emulation/half_types.hpp"

namespace quantfleet::linear::cuda {
namespace {

constexpr uint16_t kCanary = 0x7FC1;  // a NaN in both 16-bit types
constexpr size_t kGuard = 64;

struct Case {
  WeightFormat format;
  HalfType half;
  uint32_t n;
  uint32_t k;
  uint32_t batch;
};

std::string NameOf(const Case& c) {
  return std::string(c.format == WeightFormat::kInt8 ? "int8" : "nf4") +
         (c.half == HalfType::kBf16 ? "_bf16_" : "_fp16_") + std::to_string(c.n) + "x" +
         std::to_string(c.k) + "_batch" + std::to_string(c.batch);
}

uint16_t Narrow(HalfType half, float value) {
  return half == HalfType::kBf16 ? formats::EncodeBf16(value) : __float2half_rn(value).bits;
}
float Widen(HalfType half, uint16_t bits) {
  return half == HalfType::kBf16 ? formats::DecodeBf16(bits) : __half2float({bits});
}

// Random weights, packed and decoded by the host's format, and activations.
class Problem {
 public:
  explicit Problem(const Case& c) : case_(c) {
    std::mt19937 random(c.n * 31 + c.k * 7 + c.batch);
    std::normal_distribution<float> normal(0, 1);
    const formats::Format& format =
        *formats::FindFormat(c.format == WeightFormat::kInt8 ? "int8" : "nf4");
    std::vector<float> weights(size_t{c.n} * c.k);
    for (float& weight : weights) weight = 0.02F * normal(random);
    packed_.resize(format.PackedBytes(c.n, c.k));
    decoded_.resize(weights.size());
    EXPECT_TRUE(format.Encode(weights, c.n, c.k, packed_).ok());
    EXPECT_TRUE(format.Decode(packed_, c.n, c.k, decoded_).ok());
    x_.resize(size_t{c.batch} * c.k);
    for (uint16_t& value : x_) value = Narrow(c.half, normal(random));
    y_.assign(size_t{c.batch} * c.n + kGuard, kCanary);
  }

  FusedCall Call() { return {Weights(), case_.half, x_.data(), y_.data(), case_.batch}; }
  PackedWeights Weights() const {
    const auto* codes = reinterpret_cast<const uint8_t*>(packed_.data());
    const size_t weights = decoded_.size();
    return {case_.format, codes,
            codes + (case_.format == WeightFormat::kInt8 ? weights : weights / 2), case_.n,
            case_.k};
  }
  const std::vector<float>& decoded() const { return decoded_; }

  // Norm of the difference to the fp64 product over its norm.
  double RelativeError() const {
    double error = 0;
    double norm = 0;
    for (uint32_t token = 0; token < case_.batch; ++token) {
      for (uint32_t row = 0; row < case_.n; ++row) {
        double exact = 0;
        for (uint32_t i = 0; i < case_.k; ++i) {
          exact += double{decoded_[size_t{row} * case_.k + i]} *
                   double{Widen(case_.half, x_[size_t{token} * case_.k + i])};
        }
        const double found = Widen(case_.half, y_[size_t{token} * case_.n + row]);
        error += (found - exact) * (found - exact);
        norm += exact * exact;
      }
    }
    return std::sqrt(error / norm);
  }
  bool GuardIsIntact() const {
    return std::all_of(y_.end() - kGuard, y_.end(), [](uint16_t v) { return v == kCanary; });
  }

 private:
  Case case_;
  std::vector<std::byte> packed_;
  std::vector<float> decoded_;
  std::vector<uint16_t> x_;
  std::vector<uint16_t> y_;
};

double Tolerance(const Case& c) {
  return ToleranceOf(c.half == HalfType::kBf16 ? ActivationType::kBf16 : ActivationType::kFp16,
                     {c.n, c.k, c.batch});
}

class FusedKernels : public testing::TestWithParam<Case> {};

TEST_P(FusedKernels, TensorCoreAgreesWithTheReference) {
  Problem problem(GetParam());
  ASSERT_EQ(LaunchTensorCore(problem.Call(), nullptr), cudaSuccess);
  EXPECT_LE(problem.RelativeError(), Tolerance(GetParam()));
  EXPECT_TRUE(problem.GuardIsIntact());
}

TEST_P(FusedKernels, GemvAgreesWithTheReference) {
  Problem problem(GetParam());
  if (GetParam().batch > kGemvMaxBatch) {
    EXPECT_EQ(LaunchGemv(problem.Call(), nullptr), cudaErrorInvalidValue);
    return;
  }
  ASSERT_EQ(LaunchGemv(problem.Call(), nullptr), cudaSuccess);
  EXPECT_LE(problem.RelativeError(), Tolerance(GetParam()));
  EXPECT_TRUE(problem.GuardIsIntact());
}

// Batches on both sides of every tile width, rows that end within a tile, k that ends within a step
// and k longer than a round of all warps.
INSTANTIATE_TEST_SUITE_P(Shapes, FusedKernels,
                         testing::Values(Case{WeightFormat::kInt8, HalfType::kBf16, 33, 80, 1},
                                         Case{WeightFormat::kInt8, HalfType::kBf16, 5, 1040, 2},
                                         Case{WeightFormat::kInt8, HalfType::kBf16, 17, 656, 9},
                                         Case{WeightFormat::kInt8, HalfType::kBf16, 40, 208, 17},
                                         Case{WeightFormat::kInt8, HalfType::kFp16, 33, 336, 67},
                                         Case{WeightFormat::kInt8, HalfType::kFp16, 7, 16, 2},
                                         Case{WeightFormat::kNf4, HalfType::kBf16, 33, 64, 1},
                                         Case{WeightFormat::kNf4, HalfType::kBf16, 9, 2752, 2},
                                         Case{WeightFormat::kNf4, HalfType::kBf16, 17, 704, 11},
                                         Case{WeightFormat::kNf4, HalfType::kBf16, 35, 192, 33},
                                         Case{WeightFormat::kNf4, HalfType::kFp16, 34, 320, 23},
                                         Case{WeightFormat::kNf4, HalfType::kFp16, 6, 2112, 1}),
                         [](const auto& test) { return NameOf(test.param); });

class Decode : public testing::TestWithParam<Case> {};

TEST_P(Decode, GivesTheBitsOfTheHost) {
  const Problem problem(GetParam());
  const std::vector<float>& expected = problem.decoded();
  std::vector<float> floats(expected.size());
  ASSERT_EQ(LaunchDecodeToFp32(problem.Weights(), floats.data(), nullptr), cudaSuccess);
  EXPECT_EQ(floats, expected);

  std::vector<uint16_t> halves(expected.size() + kGuard, kCanary);
  ASSERT_EQ(LaunchDecode(problem.Weights(), GetParam().half, halves.data(), nullptr), cudaSuccess);
  for (size_t i = 0; i < expected.size(); ++i) {
    ASSERT_EQ(halves[i], Narrow(GetParam().half, expected[i])) << "at " << i;
  }
  EXPECT_EQ(halves[expected.size()], kCanary);
}

INSTANTIATE_TEST_SUITE_P(Shapes, Decode,
                         testing::Values(Case{WeightFormat::kInt8, HalfType::kBf16, 1, 1, 1},
                                         Case{WeightFormat::kInt8, HalfType::kFp16, 3, 17, 1},
                                         Case{WeightFormat::kInt8, HalfType::kBf16, 37, 144, 1},
                                         Case{WeightFormat::kNf4, HalfType::kFp16, 3, 64, 1},
                                         Case{WeightFormat::kNf4, HalfType::kBf16, 37, 192, 1}),
                         [](const auto& test) { return NameOf(test.param); });

}  // namespace
}  // namespace quantfleet::linear::cuda
