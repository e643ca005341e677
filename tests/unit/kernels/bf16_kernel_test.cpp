// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstring>
#include <memory>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "kernels/engine/random.hpp"
#include "kernels/formats/ieee/bf16.hpp"
#include "kernels/ops/linear/cpu/bf16/kernel.hpp"
#include "kernels/ops/linear/cpu/bf16/layout.hpp"

namespace quantfleet::linear::cpu::bf16 {
namespace {

using engine::LinearShape;

constexpr size_t kGuard = 64;

// Other values in each run.
uint32_t FreshSeed() {
  static const uint32_t seed = std::random_device{}();
  return seed;
}

std::vector<float> Normal(uint32_t stream, size_t count) {
  std::vector<float> values(count);
  for (size_t i = 0; i < count; ++i) {
    values[i] = static_cast<float>(engine::RandomNormal(FreshSeed(), stream, i));
  }
  return values;
}

std::vector<float> RoundAll(std::vector<float> values) {
  for (float& value : values) value = formats::DecodeBf16(formats::EncodeBf16(value));
  return values;
}

std::vector<std::byte> Pack(const std::vector<float>& weights, const LinearShape& shape) {
  std::vector<std::byte> packed(weights.size() * 2);
  EXPECT_TRUE(formats::Bf16().Encode(weights, shape.n, shape.k, packed).ok());
  return packed;
}

// Output on poisoned scratch and output; nothing beyond either may be touched.
std::vector<float> Multiply(LinearKernel& kernel, const LinearShape& shape,
                            const std::vector<float>& weights, const std::vector<float>& x) {
  const std::vector<std::byte> tiles = *kernel.Repack(shape, Pack(weights, shape));
  const size_t bytes = kernel.ScratchBytes(shape);
  std::vector<std::byte> memory(bytes + 2 * kGuard, std::byte{0xFF});
  const auto address = reinterpret_cast<uintptr_t>(memory.data());
  std::byte* const scratch = memory.data() + (64 - address % 64) % 64;
  const size_t outputs = size_t{shape.n} * shape.batch;
  std::vector<float> y(outputs + kGuard, NAN);
  EXPECT_TRUE(kernel.Run({shape, tiles.data(), x.data(), y.data(), scratch}).ok());
  for (size_t i = 0; i < kGuard; ++i) {
    EXPECT_TRUE(std::isnan(y[outputs + i])) << i;
    EXPECT_EQ(scratch[bytes + i], std::byte{0xFF}) << i;
  }
  y.resize(outputs);
  return y;
}

// ||y - W x|| / ||W x|| in fp64, both operands rounded to bf16.
double Error(const LinearShape& shape, const std::vector<float>& weights,
             const std::vector<float>& x, const std::vector<float>& y) {
  const std::vector<float> w = RoundAll(weights);
  const std::vector<float> rounded = RoundAll(x);
  double noise = 0, signal = 0;
  for (size_t b = 0; b < shape.batch; ++b) {
    for (size_t r = 0; r < shape.n; ++r) {
      double sum = 0;
      for (size_t i = 0; i < shape.k; ++i) {
        sum +=
            static_cast<double>(w[r * shape.k + i]) * static_cast<double>(rounded[b * shape.k + i]);
      }
      noise += std::pow(static_cast<double>(y[b * shape.n + r]) - sum, 2);
      signal += sum * sum;
    }
  }
  return std::sqrt(noise / signal);
}

class Bf16Kernel : public ::testing::TestWithParam<uint32_t> {
 protected:
  Bf16Kernel() : pool_(GetParam()), kernel_(MakeKernel(pool_)) {}
  void SetUp() override {
    RecordProperty("seed", static_cast<int>(FreshSeed()));
    // Without the instruction there is no such kernel; linear_kernels_test checks the dispatch that
    // stands in for it.
    if (kernel_ == nullptr) GTEST_SKIP() << "this processor cannot multiply bf16";
  }

  quantfleet::cpu::ThreadPool pool_;
  std::unique_ptr<LinearKernel> kernel_;
};

INSTANTIATE_TEST_SUITE_P(Threads, Bf16Kernel, ::testing::Values(1U, 2U, 3U));

TEST_P(Bf16Kernel, AgreesWithFp64OnFreshValues) {
  for (const LinearShape& shape :
       {LinearShape{1, 1, 1}, LinearShape{5, 7, 3}, LinearShape{16, 32, 8}, LinearShape{37, 67, 9},
        LinearShape{48, 2048, 8}, LinearShape{49, 2049, 17}, LinearShape{130, 4097, 5},
        LinearShape{96, 2080, 33}, LinearShape{100, 6001, 2}, LinearShape{64, 96, 41}}) {
    const std::vector<float> weights = Normal(1, size_t{shape.n} * shape.k);
    const std::vector<float> x = Normal(2, size_t{shape.batch} * shape.k);
    const std::vector<float> y = Multiply(*kernel_, shape, weights, x);
    EXPECT_LE(Error(shape, weights, x, y), kernel_->Tolerance(shape))
        << shape.n << " x " << shape.k << " batch " << shape.batch << " seed " << FreshSeed();
  }
}

TEST_P(Bf16Kernel, TakesEveryBatch) {
  for (uint32_t batch = 1; batch <= 25; ++batch) {
    const LinearShape shape = {83, 2053, batch};
    const std::vector<float> weights = Normal(3, size_t{shape.n} * shape.k);
    const std::vector<float> x = Normal(4, size_t{shape.batch} * shape.k);
    const std::vector<float> y = Multiply(*kernel_, shape, weights, x);
    EXPECT_LE(Error(shape, weights, x, y), kernel_->Tolerance(shape))
        << "batch " << batch << " seed " << FreshSeed();
  }
}

// Each output is one activation: its rounding and its place are seen to the bit.
TEST_P(Bf16Kernel, IdentityReturnsTheRoundedActivations) {
  for (const uint32_t side : {1U, 33U, 70U, 2100U}) {
    const LinearShape shape = {side, side, 11};
    std::vector<float> weights(size_t{side} * side);
    for (size_t i = 0; i < side; ++i) weights[i * side + i] = 1;
    std::vector<float> x = Normal(5, size_t{shape.batch} * side);
    // Ties go to even, down and up; just above one goes up.
    x[0] = 0x1.01p0F;
    x[1] = -0x1.03p0F;
    x[2] = 0x1.010002p0F;
    EXPECT_EQ(Multiply(*kernel_, shape, weights, x), RoundAll(x)) << side;
  }
}

TEST_P(Bf16Kernel, NamesTheRoundingOfItsReference) {
  EXPECT_EQ(kernel_->activation_rounding(), "bf16");
  const std::vector<float> x = Normal(6, 4 * 1000);
  std::vector<float> rounded(x.size());
  kernel_->RoundActivations(x.data(), 4, 1000, rounded.data());
  EXPECT_EQ(rounded, RoundAll(x));
}

TEST(Bf16Layout, AddsNoBitsButPadding) {
  EXPECT_EQ(WeightBytes(4096, 14336), uint64_t{4096} * 14336 * 2);
  EXPECT_EQ(WeightBytes(1, 1), kTilePairBytes);
  EXPECT_EQ(ChunkBytes(512, 4096), uint64_t{512} * 4096 * 2);
}

TEST(Bf16Layout, HoldsEveryWeightOnce) {
  const uint64_t n = 115, k = 2 * kPanelColumns + 5;
  std::vector<uint16_t> values(n * k);
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<uint16_t>(i % 65521 + 1);
  std::vector<std::byte> packed(values.size() * 2);
  std::memcpy(packed.data(), values.data(), packed.size());
  const std::vector<std::byte> tiles = Repack(packed.data(), n, k);
  ASSERT_EQ(tiles.size(), WeightBytes(n, k));
  std::vector<size_t> counts(65536);
  for (const uint16_t value : values) ++counts[value];
  for (size_t i = 0; i < tiles.size(); i += 2) {
    uint16_t value = 0;
    std::memcpy(&value, tiles.data() + i, sizeof(value));
    if (value != 0) --counts[value];
  }
  EXPECT_EQ(counts, std::vector<size_t>(65536));
}

}  // namespace
}  // namespace quantfleet::linear::cpu::bf16
