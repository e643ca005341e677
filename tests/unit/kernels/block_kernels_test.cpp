// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "kernels/engine/random.hpp"
#include "kernels/formats/format.hpp"
#include "kernels/ops/linear/cpu/blocks/kernel.hpp"
#include "kernels/ops/linear/cpu/blocks/repack.hpp"

namespace quantfleet::linear::cpu::blocks {
namespace {

struct Shape {
  uint32_t n, k, batch;
};

std::vector<float> Normal(uint32_t stream, size_t count) {
  std::vector<float> values(count);
  for (size_t i = 0; i < count; ++i) {
    values[i] = static_cast<float>(engine::RandomNormal(11, stream, i));
  }
  return values;
}

// Output of `kernel` on poisoned memory.
std::vector<float> Multiply(LinearKernel& kernel, const Shape& shape,
                            const std::vector<std::byte>& packed, const std::vector<float>& x) {
  const engine::LinearShape linear = {shape.n, shape.k, shape.batch};
  const std::vector<std::byte> tiles = *kernel.Repack(linear, packed);
  // Weights need no more alignment than a device buffer has; scratch is aligned by hand.
  std::vector<std::byte> memory(kernel.ScratchBytes(linear) + 64);
  const auto address = reinterpret_cast<uintptr_t>(memory.data());
  std::vector<float> y(size_t{shape.n} * shape.batch, NAN);
  LinearCall call;
  call.shape = linear;
  call.weights = tiles.data();
  call.x = x.data();
  call.y = y.data();
  call.scratch = memory.data() + (64 - address % 64) % 64;
  EXPECT_TRUE(kernel.Run(call).ok());
  return y;
}

// ||y - W x|| / ||W x|| in fp64 with the decoded weights and the rounded activations.
double Error(const LinearKernel& kernel, const Shape& shape, const std::vector<float>& weights,
             const std::vector<float>& x, const std::vector<float>& y) {
  std::vector<float> rounded(x.size());
  kernel.RoundActivations(x.data(), shape.batch, shape.k, rounded.data());
  double noise = 0, signal = 0;
  for (size_t b = 0; b < shape.batch; ++b) {
    for (size_t r = 0; r < shape.n; ++r) {
      double sum = 0;
      for (size_t i = 0; i < shape.k; ++i) {
        sum += static_cast<double>(weights[r * shape.k + i]) *
               static_cast<double>(rounded[b * shape.k + i]);
      }
      noise += std::pow(static_cast<double>(y[b * shape.n + r]) - sum, 2);
      signal += sum * sum;
    }
  }
  return std::sqrt(noise / signal);
}

class BlockKernels : public ::testing::TestWithParam<std::string> {};

INSTANTIATE_TEST_SUITE_P(Sets, BlockKernels, ::testing::Values("avx512_vnni", "avx2", "plain"),
                         [](const auto& test) { return test.param; });

TEST_P(BlockKernels, AgreeWithFp64OnFreshWeights) {
  quantfleet::cpu::ThreadPool pool(2);
  const auto kernels = MakeBlockKernels(pool, GetParam());
  if (kernels.empty()) GTEST_SKIP() << "this machine has no " << GetParam();
  for (const auto& kernel : kernels) {
    const formats::Format* const format = formats::FindFormat(kernel->format());
    ASSERT_NE(format, nullptr) << kernel->format();
    for (const Shape& shape :
         {Shape{1, 256, 1}, Shape{37, 512, 3}, Shape{40, 384, 5}, Shape{64, 1024, 8},
          Shape{16, 768, 17}, Shape{50, 256, 11}, Shape{8, 2048, 2}, Shape{19, 4352, 9}}) {
      if (!format->CheckShape(shape.n, shape.k).ok()) continue;
      std::vector<float> weights = Normal(1, size_t{shape.n} * shape.k);
      const std::vector<float> x = Normal(2, size_t{shape.batch} * shape.k);
      std::vector<std::byte> packed(format->PackedBytes(shape.n, shape.k));
      ASSERT_TRUE(format->Encode(weights, shape.n, shape.k, packed).ok());
      ASSERT_TRUE(format->Decode(packed, shape.n, shape.k, weights).ok());
      const std::vector<float> y = Multiply(*kernel, shape, packed, x);
      EXPECT_LE(Error(*kernel, shape, weights, x, y),
                kernel->Tolerance({shape.n, shape.k, shape.batch}))
          << kernel->format() << " " << shape.n << " x " << shape.k << " batch " << shape.batch;
    }
  }
}

TEST_P(BlockKernels, FollowEveryByteOfTheBlocks) {
  quantfleet::cpu::ThreadPool pool(1);
  const Shape shape = {16, 256, 1};
  for (const auto& kernel : MakeBlockKernels(pool, GetParam())) {
    const formats::Format& format = *formats::FindFormat(kernel->format());
    std::vector<float> weights = Normal(1, size_t{shape.n} * shape.k);
    const std::vector<float> x = Normal(2, shape.k);
    std::vector<std::byte> packed(format.PackedBytes(shape.n, shape.k));
    ASSERT_TRUE(format.Encode(weights, shape.n, shape.k, packed).ok());
    for (size_t byte = 0; byte < packed.size() / shape.n; ++byte) {
      std::vector<std::byte> wrong = packed;
      wrong[byte] ^= std::byte{1};
      ASSERT_TRUE(format.Decode(wrong, shape.n, shape.k, weights).ok());
      const double follows = Error(*kernel, shape, weights, x, Multiply(*kernel, shape, wrong, x));
      EXPECT_LE(follows, kernel->Tolerance({shape.n, shape.k, 1}))
          << kernel->format() << " byte " << byte;
    }
  }
}

// The bytes of the last block of the last row whose lowest bit the unpacked codes depend on.
size_t BytesUnpacked(const BlockFormatInfo& info, const BlockMultiply& entry, uint64_t n,
                     uint64_t k) {
  const formats::Format& format = *formats::FindFormat(info.name);
  std::vector<std::byte> packed(format.PackedBytes(n, k));
  EXPECT_TRUE(format.Encode(Normal(1, n * k), n, k, packed).ok());
  const auto unpack = [&] {
    const std::vector<std::byte> tiles = Repack(info, entry.rows, packed.data(), n, k);
    uint32_t mixed = 0;
    entry.unpack(reinterpret_cast<const uint8_t*>(tiles.data()), n, k, {0, n}, &mixed);
    return mixed;
  };
  const uint32_t before = unpack();
  size_t seen = 0;
  for (size_t byte = packed.size() - info.packed_bytes; byte < packed.size(); ++byte) {
    packed[byte] ^= std::byte{1};
    seen += unpack() != before ? size_t{1} : size_t{0};
    packed[byte] ^= std::byte{1};
  }
  return seen;
}

TEST_P(BlockKernels, UnpackEveryCodeToTheLastOfTheLastPanel) {
  for (const KernelSet* set : KernelSets()) {
    if (set->name != GetParam()) continue;
    for (const BlockFormatInfo& info : BlockFormatInfos()) {
      if (info.packed_bytes == 0) continue;
      const size_t codes = info.layout.block / 32 * info.layout.unit_bytes;
      const BlockMultiply& entry = set->formats[static_cast<size_t>(info.format)];
      // Grid entries may differ and still have one sum.
      EXPECT_GE(BytesUnpacked(info, entry, 19, kPanelColumns + 256) * 10, codes * 7) << info.name;
    }
  }
}

TEST(ActOrder, RefusesGroupsOfUnequalSize) {
  quantfleet::cpu::ThreadPool pool(1);
  const formats::Format& format = *formats::FindFormat("gptq_int4_act_order");
  std::vector<std::byte> packed(format.PackedBytes(8, 256));
  ASSERT_TRUE(format.Encode(Normal(1, size_t{8} * 256), 8, 256, packed).ok());
  // The last word is the group of the last column, 0 or 1.
  packed[packed.size() - 4] ^= std::byte{1};
  for (const auto& kernel : MakeBlockKernels(pool)) {
    if (kernel->format() != format.name()) continue;
    EXPECT_EQ(kernel->Repack({8, 256, 1}, packed).status().code(), StatusCode::kUnimplemented);
    return;
  }
  FAIL() << "no kernel for " << format.name();
}

TEST(BlockLayouts, AddNoBitsButPadding) {
  for (const BlockFormatInfo& info : BlockFormatInfos()) {
    if (info.packed_bytes == 0) continue;
    EXPECT_EQ(info.layout.body_bytes() + info.layout.head_bytes, info.packed_bytes) << info.name;
    for (const uint32_t rows : {8U, 16U}) {
      EXPECT_LE(TileBytes(info.layout, rows, 4096),
                uint64_t{info.packed_bytes} * rows * 4096 / info.layout.block + 63);
    }
  }
}

}  // namespace
}  // namespace quantfleet::linear::cpu::blocks
