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
#include "kernels/formats/ieee/fp16.hpp"
#include "kernels/ops/linear/cuda/launch.hpp"
#include "kernels/ops/linear/cuda/plan.hpp"
#include "kernels/ops/linear/cuda/tiling/tiling.hpp"

namespace quantfleet::linear::cuda {
namespace {

constexpr uint16_t kCanary = 0x7FC1;  // a NaN in both 16-bit types
constexpr size_t kGuard = 64;

struct Shape {
  ActivationType type;
  uint32_t n;
  uint32_t k;
  uint32_t batch;
  FusedKernel kernel;
  uint32_t splits;
};

struct Case {
  std::string format;
  Shape shape;
};

std::string NameOf(const Case& c) {
  const Shape& s = c.shape;
  return c.format + (s.type == ActivationType::kBf16 ? "_bf16_" : "_fp16_") + std::to_string(s.n) +
         "x" + std::to_string(s.k) + "_batch" + std::to_string(s.batch) +
         (s.kernel == FusedKernel::kGemv ? "_gemv" : "_tensor_core") + "_splits" +
         std::to_string(s.splits);
}

uint16_t Narrow(ActivationType type, float value) {
  return type == ActivationType::kBf16 ? formats::EncodeBf16(value) : formats::EncodeFp16(value);
}
float Widen(ActivationType type, uint16_t bits) {
  return type == ActivationType::kBf16 ? formats::DecodeBf16(bits) : formats::DecodeFp16(bits);
}

// Random weights, packed and decoded by the host's format, and activations.
class Problem {
 public:
  Problem(const std::string& format_name, ActivationType type, uint32_t n, uint32_t k,
          uint32_t batch)
      : type_(type), n_(n), k_(k), batch_(batch) {
    std::mt19937 random(n * 31 + k * 7 + batch);
    std::normal_distribution<float> normal(0, 1);
    const formats::Format& format = *formats::FindFormat(format_name);
    std::vector<float> weights(size_t{n} * k);
    for (float& weight : weights) weight = 0.02F * normal(random);
    packed_.resize(format.PackedBytes(n, k));
    decoded_.resize(weights.size());
    EXPECT_TRUE(format.Encode(weights, n, k, packed_).ok());
    EXPECT_TRUE(format.Decode(packed_, n, k, decoded_).ok());
    x_.resize(size_t{batch} * k);
    for (uint16_t& value : x_) value = Narrow(type, normal(random));
    y_.assign(size_t{batch} * n + kGuard, kCanary);
  }

  const std::vector<std::byte>& packed() const { return packed_; }
  const std::vector<float>& decoded() const { return decoded_; }
  PackedWeights Weights() const {
    return {reinterpret_cast<const uint8_t*>(packed_.data()), n_, k_};
  }
  LinearCall Call(const std::vector<std::byte>& weights, std::vector<std::byte>* scratch) {
    return {{n_, k_, batch_}, weights.data(), x_.data(), y_.data(), scratch->data()};
  }

  // Norm of the difference to the fp64 product over its norm.
  double RelativeError() const {
    double error = 0;
    double norm = 0;
    for (uint32_t token = 0; token < batch_; ++token) {
      for (uint32_t row = 0; row < n_; ++row) {
        double exact = 0;
        for (uint32_t i = 0; i < k_; ++i) {
          exact += double{decoded_[size_t{row} * k_ + i]} *
                   double{Widen(type_, x_[size_t{token} * k_ + i])};
        }
        const double found = Widen(type_, y_[size_t{token} * n_ + row]);
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
  ActivationType type_;
  uint32_t n_;
  uint32_t k_;
  uint32_t batch_;
  std::vector<std::byte> packed_;
  std::vector<float> decoded_;
  std::vector<uint16_t> x_;
  std::vector<uint16_t> y_;
};

FusedPlan PlanOf(const Shape& shape) {
  const bool gemv = shape.kernel == FusedKernel::kGemv;
  return {shape.kernel, gemv ? TileShape{16, shape.batch} : TensorCoreTile(shape.batch),
          shape.splits};
}

class FusedKernels : public testing::TestWithParam<Case> {};

TEST_P(FusedKernels, AgreesWithTheReference) {
  const auto& [format, shape] = GetParam();
  const Tiling& tiling = *FindTiling(format);
  Problem problem(format, shape.type, shape.n, shape.k, shape.batch);
  const FusedPlan plan = PlanOf(shape);
  const engine::LinearShape linear = {shape.n, shape.k, shape.batch};
  std::vector<std::byte> scratch(SplitBytes(plan, linear));
  const auto tiled = TileWeights(tiling, shape.n, shape.k, problem.packed());
  const LinearCall call = problem.Call(tiled, &scratch);
  // Twice: the counters of the splits must be as before.
  for (int i = 0; i < 2; ++i) {
    ASSERT_EQ(FindFused(format)(FusedArgumentsOf(tiling, plan, call), shape.type, plan, nullptr),
              cudaSuccess);
    // Below the limit by a margin, so that a codec that rounds more than it must is found here and
    // not by chance on other weights.
    EXPECT_LE(problem.RelativeError(), 0.6 * ToleranceOf(shape.type, linear));
    EXPECT_TRUE(problem.GuardIsIntact());
    if (shape.splits == 1) break;
  }
}

// Rows that end within a tile, k that ends within a step and k longer than a round of all warps,
// batches on both sides of every tile width, k over several blocks. Every format takes two of the
// 512-wide shapes of each kernel; the two whose frames differ most take them all.
std::vector<Case> FusedCases() {
  using enum FusedKernel;
  constexpr ActivationType kBf16 = ActivationType::kBf16;
  constexpr ActivationType kFp16 = ActivationType::kFp16;
  const Shape everywhere[] = {{kBf16, 24, 512, 1, kGemv, 1},
                              {kFp16, 8, 512, 2, kGemv, 1},
                              {kBf16, 24, 512, 9, kTensorCore, 1},
                              {kFp16, 8, 512, 3, kTensorCore, 1}};
  const Shape more[] = {
      {kBf16, 33, 64, 1, kGemv, 1},         {kBf16, 9, 2816, 2, kGemv, 2},
      {kFp16, 6, 2112, 1, kGemv, 1},        {kBf16, 17, 704, 11, kTensorCore, 1},
      {kBf16, 35, 192, 33, kTensorCore, 1}, {kFp16, 34, 320, 23, kTensorCore, 1},
      {kFp16, 33, 576, 67, kTensorCore, 1}, {kBf16, 20, 4352, 5, kTensorCore, 2},
  };
  std::vector<Case> cases;
  for (const formats::Format* format : formats::AllFormats()) {
    const std::string name(format->name());
    if (FindTiling(name) == nullptr) continue;
    for (const Shape& shape : everywhere) cases.push_back({name, shape});
    // Blocks of absmax that straddle rows.
    if (name.ends_with("_double_quant")) cases.push_back({name, {kBf16, 70, 320, 1, kGemv, 1}});
    if (name != "int8" && name != "nf4") continue;
    for (const Shape& shape : more) cases.push_back({name, shape});
  }
  cases.push_back({"int8", {kBf16, 7, 16, 2, kGemv, 1}});
  cases.push_back({"int8", {kBf16, 40, 208, 17, kTensorCore, 1}});
  return cases;
}

INSTANTIATE_TEST_SUITE_P(Shapes, FusedKernels, testing::ValuesIn(FusedCases()),
                         [](const auto& test) { return NameOf(test.param); });

TEST(FusedKernelsTest, EveryTilingHasItsKernelAndTheReverse) {
  for (const formats::Format* format : formats::AllFormats()) {
    EXPECT_EQ(FindTiling(format->name()) == nullptr, FindFused(format->name()) == nullptr)
        << format->name();
  }
}

TEST(FusedKernelsTest, GemvRefusesLargeBatches) {
  FusedArguments arguments{};
  arguments.n = 16;
  arguments.batch = kGemvMaxBatch + 1;
  EXPECT_EQ(FindFused("int8")(arguments, ActivationType::kBf16, {}, nullptr),
            cudaErrorInvalidValue);
  arguments.batch = 1;
  EXPECT_EQ(FindFused("int8")(arguments, ActivationType::kFp32, {}, nullptr),
            cudaErrorInvalidValue);
}

struct DecodeCase {
  std::string format;
  uint32_t n;
  uint32_t k;
};

class Decode : public testing::TestWithParam<DecodeCase> {};

TEST_P(Decode, GivesTheBitsOfTheHost) {
  const auto& [format, n, k] = GetParam();
  const Problem problem(format, ActivationType::kBf16, n, k, 1);
  const DecodeLauncher decode = FindDecode(format);
  const std::vector<float>& expected = problem.decoded();
  std::vector<float> floats(expected.size());
  ASSERT_EQ(decode(problem.Weights(), ActivationType::kFp32, floats.data(), nullptr), cudaSuccess);
  ASSERT_EQ(std::memcmp(floats.data(), expected.data(), expected.size() * sizeof(float)), 0);
  for (const ActivationType type : {ActivationType::kBf16, ActivationType::kFp16}) {
    std::vector<uint16_t> halves(expected.size() + kGuard, kCanary);
    ASSERT_EQ(decode(problem.Weights(), type, halves.data(), nullptr), cudaSuccess);
    for (size_t i = 0; i < expected.size(); ++i) {
      ASSERT_EQ(halves[i], Narrow(type, expected[i])) << "at " << i;
    }
    EXPECT_EQ(halves[expected.size()], kCanary);
  }
}

// Less than a block of threads, more, and for those that take any k odd ones.
std::vector<DecodeCase> DecodeCases() {
  std::vector<DecodeCase> cases;
  for (const formats::Format* format : formats::AllFormats()) {
    const std::string name(format->name());
    if (FindDecode(name) == nullptr) continue;
    cases.push_back({name, 8, 256});
    cases.push_back({name, 72, 768});
    if (format->CheckShape(3, 17).ok()) {
      cases.push_back({name, 1, 1});
      cases.push_back({name, 3, 17});
    }
  }
  return cases;
}

INSTANTIATE_TEST_SUITE_P(Formats, Decode, testing::ValuesIn(DecodeCases()), [](const auto& test) {
  return test.param.format + "_" + std::to_string(test.param.n) + "x" +
         std::to_string(test.param.k);
});

TEST(ReferenceProductTest, IsTheFp64ProductRounded) {
  for (const ActivationType type : {ActivationType::kBf16, ActivationType::kFp16}) {
    Problem problem("int8", type, 7, 208, 5);
    std::vector<std::byte> none;
    const LinearCall call = problem.Call(problem.packed(), &none);
    ASSERT_EQ(
        LaunchReferenceProduct(call.shape, problem.decoded().data(), type, call.x, call.y, nullptr),
        cudaSuccess);
    // Nothing but the rounding of the output to 8 or 11 significant bits.
    EXPECT_LE(problem.RelativeError(), type == ActivationType::kBf16 ? 0x1p-8 : 0x1p-11);
    EXPECT_TRUE(problem.GuardIsIntact());
  }
}

}  // namespace
}  // namespace quantfleet::linear::cuda
