// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "kernels/formats/format.hpp"
#include "kernels/formats/ieee/bf16.hpp"
#include "kernels/formats/ieee/fp16.hpp"
#include "kernels/formats/int8/activations.hpp"
#include "kernels/ops/linear/cuda/int8/launch.hpp"
#include "kernels/ops/linear/cuda/launch.hpp"
#include "kernels/ops/linear/cuda/tiling/act_order.hpp"
#include "kernels/ops/linear/cuda/tiling/tiling.hpp"

namespace quantfleet::linear::cuda {
namespace {

// Activations with a few large columns, and weights of `format` as the int8 kernels read them.
class Int8Problem {
 public:
  Int8Problem(const char* format_name, ActivationType type, uint32_t n, uint32_t k, uint32_t batch)
      : type_(type), n_(n), k_(k), batch_(batch), tiling_(*FindTiling("int8")) {
    std::mt19937 random(n * 31 + k * 7 + batch);
    std::normal_distribution<float> normal(0, 1);
    const formats::Format& format = *formats::FindFormat(format_name);
    std::vector<float> weights(size_t{n} * k);
    for (float& weight : weights) weight = 0.02F * normal(random);
    std::vector<std::byte> packed(format.PackedBytes(n, k));
    decoded_.resize(weights.size());
    EXPECT_TRUE(format.Encode(weights, n, k, packed).ok());
    EXPECT_TRUE(format.Decode(packed, n, k, decoded_).ok());
    tiled_ = TileWeights(tiling_, n, k, packed);
    for (size_t i = 0; i < size_t{batch} * k; ++i) {
      float value = normal(random);
      if (i % k == 3 || i % k == k - 2) value *= 9;
      bits_.push_back(type == ActivationType::kBf16 ? formats::EncodeBf16(value)
                                                    : formats::EncodeFp16(value));
      x_.push_back(type == ActivationType::kBf16 ? formats::DecodeBf16(bits_.back())
                                                 : formats::DecodeFp16(bits_.back()));
    }
    const TiledShape shape = ShapeOf(tiling_, n, k);
    row_bytes_ = shape.steps * kStepWeights;
    codes_.assign(size_t{batch} * row_bytes_, 77);
    scales_.resize(batch);
    is_outlier_.resize(k);
    outliers_.resize(k + 1);
    y_.assign(size_t{batch} * n, 0x7FC1);
    for (uint32_t i = 0; i < 3; ++i) {
      weights_.plane[i] = reinterpret_cast<const uint8_t*>(tiled_.data()) + shape.offsets[i];
    }
    weights_.steps = shape.steps;
    weights_.n = n;
  }

  Int8Activations Activations() {
    return {type_,          bits_.data(),       batch_,          k_, row_bytes_, codes_.data(),
            scales_.data(), is_outlier_.data(), outliers_.data()};
  }
  const Int8Weights& weights() const { return weights_; }
  void* y() { return y_.data(); }
  std::span<const float> Token(uint32_t token) const {
    return std::span(x_).subspan(size_t{token} * k_, k_);
  }
  std::span<const int8_t> Codes(uint32_t token) const {
    return std::span(codes_).subspan(size_t{token} * row_bytes_, row_bytes_);
  }
  const std::vector<float>& x() const { return x_; }
  const std::vector<float>& scales() const { return scales_; }
  const std::vector<uint32_t>& outliers() const { return outliers_; }

  // Relative distance of y to the product of the decoded weights with `x`.
  double RelativeError(const std::vector<float>& x) const {
    double error = 0;
    double norm = 0;
    for (uint32_t token = 0; token < batch_; ++token) {
      for (uint32_t row = 0; row < n_; ++row) {
        double exact = 0;
        for (uint32_t i = 0; i < k_; ++i) {
          exact += double{decoded_[size_t{row} * k_ + i]} * double{x[size_t{token} * k_ + i]};
        }
        const uint16_t bits = y_[size_t{token} * n_ + row];
        const double found =
            type_ == ActivationType::kBf16 ? formats::DecodeBf16(bits) : formats::DecodeFp16(bits);
        error += (found - exact) * (found - exact);
        norm += exact * exact;
      }
    }
    return std::sqrt(error / norm);
  }

 private:
  ActivationType type_;
  uint32_t n_;
  uint32_t k_;
  uint32_t batch_;
  const Tiling& tiling_;
  std::vector<std::byte> tiled_;
  std::vector<float> decoded_;
  std::vector<uint16_t> bits_;
  std::vector<float> x_;
  uint32_t row_bytes_ = 0;
  std::vector<int8_t> codes_;
  std::vector<float> scales_;
  std::vector<uint8_t> is_outlier_;
  std::vector<uint32_t> outliers_;
  std::vector<uint16_t> y_;
  Int8Weights weights_;
};

void ExpectCodes(std::span<const std::byte> expected, std::span<const int8_t> found) {
  for (size_t i = 0; i < found.size(); ++i) {
    const int code = i < expected.size() ? static_cast<int8_t>(expected[i]) : 0;
    ASSERT_EQ(int{found[i]}, code) << "at " << i;
  }
}

struct Shape {
  ActivationType type;
  uint32_t n;
  uint32_t k;
  uint32_t batch;
};

class Int8Products : public testing::TestWithParam<Shape> {};

TEST_P(Int8Products, W8a8QuantizesAsTheHostAndMultipliesExactly) {
  const auto [type, n, k, batch] = GetParam();
  Int8Problem problem("w8a8", type, n, k, batch);
  ASSERT_EQ(LaunchQuantizeTokens(problem.Activations(), nullptr), cudaSuccess);
  std::vector<float> quantized;
  for (uint32_t token = 0; token < batch; ++token) {
    std::vector<std::byte> codes(k);
    const float scale = formats::QuantizeToken(problem.Token(token), codes.data());
    EXPECT_EQ(problem.scales()[token], scale);
    ExpectCodes(codes, problem.Codes(token));
    for (const std::byte code : codes) {
      quantized.push_back(static_cast<float>(static_cast<int8_t>(code)) * scale);
    }
  }
  ASSERT_EQ(
      LaunchInt8Product(problem.Activations(), problem.weights(), nullptr, problem.y(), nullptr),
      cudaSuccess);
  // Sums of integers are exact: what is left is the rounding of the output.
  EXPECT_LE(problem.RelativeError(quantized), type == ActivationType::kBf16 ? 0x1p-8 : 0x1p-11);
}

TEST_P(Int8Products, LlmInt8TakesOutliersApart) {
  const auto [type, n, k, batch] = GetParam();
  Int8Problem problem("llm_int8", type, n, k, batch);
  const Int8Activations activations = problem.Activations();
  ASSERT_EQ(LaunchFindOutliers(activations, nullptr), cudaSuccess);
  const std::vector<uint32_t> expected =
      formats::OutlierColumns(problem.x(), k, formats::kLlmInt8Threshold);
  ASSERT_EQ(problem.outliers()[0], expected.size());
  for (size_t i = 0; i < expected.size(); ++i) EXPECT_EQ(problem.outliers()[1 + i], expected[i]);

  ASSERT_EQ(LaunchQuantizeInliers(activations, nullptr), cudaSuccess);
  std::vector<float> seen;
  for (uint32_t token = 0; token < batch; ++token) {
    std::vector<std::byte> codes(k);
    const float absmax = formats::QuantizeLlmInt8Row(
        problem.Token(token), formats::kLlmInt8Threshold, expected, codes.data());
    EXPECT_EQ(problem.scales()[token], absmax);
    ExpectCodes(codes, problem.Codes(token));
    for (const std::byte code : codes) {
      seen.push_back(static_cast<float>(static_cast<int8_t>(code)) * absmax / 127.0F);
    }
    for (const uint32_t column : expected) {
      seen[size_t{token} * k + column] = problem.Token(token)[column];
    }
  }
  std::vector<int32_t> sums(size_t{n} * batch, -1);
  ASSERT_EQ(LaunchInt8Product(activations, problem.weights(), sums.data(), nullptr, nullptr),
            cudaSuccess);
  ASSERT_EQ(LaunchScaleSums(activations, problem.weights(), sums.data(), problem.y(), nullptr),
            cudaSuccess);
  ASSERT_EQ(LaunchAddOutliers(activations, problem.weights(), problem.y(), nullptr), cudaSuccess);
  // Two roundings of the output.
  EXPECT_LE(problem.RelativeError(seen), type == ActivationType::kBf16 ? 0x1p-7 : 0x1p-10);
}

// Batches of each tile width, rows that end within a tile, k that ends within a step.
INSTANTIATE_TEST_SUITE_P(Shapes, Int8Products,
                         testing::Values(Shape{ActivationType::kBf16, 19, 336, 1},
                                         Shape{ActivationType::kFp16, 40, 1168, 5},
                                         Shape{ActivationType::kBf16, 37, 144, 11},
                                         Shape{ActivationType::kBf16, 33, 272, 41}),
                         [](const auto& test) {
                           return std::to_string(test.param.n) + "x" +
                                  std::to_string(test.param.k) + "_batch" +
                                  std::to_string(test.param.batch);
                         });

TEST(ActOrderTest, ReorderPutsActivationsInTheOrderOfTheColumns) {
  constexpr uint32_t kN = 16;
  constexpr uint32_t kK = 384;
  const formats::Format& format = *formats::FindFormat("gptq_int4_act_order");
  std::mt19937 random(7);
  std::normal_distribution<float> normal(0, 0.02F);
  std::vector<float> weights(size_t{kN} * kK);
  for (float& weight : weights) weight = normal(random);
  std::vector<std::byte> packed(format.PackedBytes(kN, kK));
  ASSERT_TRUE(format.Encode(weights, kN, kK, packed).ok());
  const auto tiled = TileActOrder(kN, kK, packed);
  ASSERT_TRUE(tiled.ok());
  const auto* order = reinterpret_cast<const uint32_t*>(tiled->tiled.data() + tiled->order);
  std::vector<uint16_t> x(2 * kK);
  for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<uint16_t>(i);
  std::vector<uint16_t> reordered(x.size());
  ASSERT_EQ(LaunchReorder(x.data(), order, 2, kK, reordered.data(), nullptr), cudaSuccess);
  std::vector<bool> seen(x.size());
  for (size_t i = 0; i < x.size(); ++i) {
    EXPECT_EQ(reordered[i], i / kK * kK + order[i % kK]);
    seen[reordered[i]] = true;
  }
  EXPECT_EQ(std::count(seen.begin(), seen.end(), true), static_cast<int>(x.size()));

  // All columns in one group: there is no order of groups of 128.
  std::fill(packed.end() - kK * sizeof(uint32_t), packed.end(), std::byte{0});
  EXPECT_EQ(TileActOrder(kN, kK, packed).status().code(), StatusCode::kUnimplemented);
}

}  // namespace
}  // namespace quantfleet::linear::cuda
