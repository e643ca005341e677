// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
//
// The CUDA kernels of attention on an emulated card (tests/device/emulation).
#include <algorithm>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "kernels/ops/attention/cuda/launch.hpp"
#include "kernels/ops/attention/cuda/plan.hpp"
#include "kernels/ops/attention/problem.hpp"
#include "kernels/ops/attention/shape.hpp"

namespace quantfleet::attention::cuda {
namespace {

using engine::AttentionShape;

constexpr size_t kGuard = 64;

std::string NameOf(const AttentionShape& s) {
  return std::to_string(s.query_heads) + "_" + std::to_string(s.key_value_heads) + "_d" +
         std::to_string(s.head_dimension) + "_context" + std::to_string(s.context) + "_queries" +
         std::to_string(s.query_tokens) + "_batch" + std::to_string(s.batch) + "_window" +
         std::to_string(s.window);
}

struct Case {
  const char* format;
  AttentionShape shape;
  uint32_t splits = 1;
};

// One call on fresh random data, between guards that must stay as they are.
class Trial {
 public:
  Trial(const KvFormat& format, const AttentionShape& shape)
      : format_(format), shape_(shape), problem_(seed_, shape), packed_(*problem_.Encode(format)) {
    const ActivationType type = ActivationOf(format.code);
    queries_ = linear::NarrowActivations(problem_.queries(), type);
    output_.assign(queries_.size() + kGuard, std::byte{0xFF});
  }

  AttendArguments Arguments(uint32_t splits) {
    const KvLayout layout = LayoutOf(format_, shape_);
    const auto* const at = reinterpret_cast<const uint8_t*>(packed_.data());
    partials_.assign(PartialFloats(shape_, splits) + kGuard, kCanary);
    AttendArguments arguments;
    arguments.cache = {at, at + layout.values,
                       reinterpret_cast<const uint16_t*>(at + layout.key_scales),
                       reinterpret_cast<const uint16_t*>(at + layout.value_scales)};
    arguments.queries = queries_.data();
    arguments.output = output_.data();
    arguments.partials = partials_.data();
    arguments.query_heads = shape_.query_heads;
    arguments.key_value_heads = shape_.key_value_heads;
    arguments.head_dimension = shape_.head_dimension;
    arguments.context = shape_.context;
    arguments.query_tokens = shape_.query_tokens;
    arguments.window = shape_.window;
    arguments.batch = shape_.batch;
    arguments.splits = splits;
    return arguments;
  }

  void ExpectGood() {
    const std::span<const std::byte> bytes(output_.data(), queries_.size());
    const std::vector<float> values = linear::WidenActivations(bytes, ActivationOf(format_.code));
    const engine::OutputError error = *problem_.Compare(format_, values);
    EXPECT_LE(error.kernel_relative, ToleranceOf(format_.code, shape_))
        << format_.name << " " << NameOf(shape_) << " seed " << seed_;
    EXPECT_TRUE(std::all_of(output_.end() - kGuard, output_.end(),
                            [](std::byte b) { return b == std::byte{0xFF}; }));
    EXPECT_TRUE(std::all_of(partials_.end() - kGuard, partials_.end(),
                            [](float value) { return value == kCanary; }));
  }

 private:
  static constexpr float kCanary = 12345;
  const uint32_t seed_ = std::random_device()();
  const KvFormat& format_;
  const AttentionShape shape_;
  Problem problem_;
  std::vector<std::byte> packed_;
  std::vector<std::byte> queries_;
  std::vector<std::byte> output_;
  std::vector<float> partials_;
};

class SplitKv : public testing::TestWithParam<Case> {};

TEST_P(SplitKv, AgreesWithFp64) {
  const KvFormat& format = *FindKvFormat(GetParam().format);
  Trial run(format, GetParam().shape);
  ASSERT_EQ(LaunchSplitKv(format.code, run.Arguments(GetParam().splits), nullptr), cudaSuccess);
  run.ExpectGood();
}

// One token, contexts that end within a round, runs of unequal length and runs that a row does not
// see at all, groups of 1, 2, 3 and 8 rows, windows, several queries, all numbers of lanes.
INSTANTIATE_TEST_SUITE_P(Shapes, SplitKv,
                         testing::Values(Case{"fp32", {1, 1, 64, 1, 1, 1, 0}, 1},
                                         Case{"fp32", {3, 1, 80, 70, 1, 1, 0}, 3},
                                         Case{"fp16", {8, 2, 128, 67, 1, 1, 0}, 1},
                                         Case{"fp16", {16, 2, 256, 33, 1, 1, 0}, 2},
                                         Case{"fp8_e4m3", {2, 2, 64, 130, 1, 2, 0}, 3},
                                         Case{"fp8_e4m3", {2, 1, 256, 65, 3, 1, 2}, 4},
                                         Case{"int8", {8, 2, 128, 100, 1, 1, 30}, 2},
                                         Case{"int8", {5, 5, 80, 17, 1, 1, 0}, 1},
                                         Case{"int4", {4, 1, 128, 90, 1, 1, 0}, 4},
                                         Case{"int4", {2, 1, 64, 40, 5, 1, 0}, 1},
                                         Case{"int4", {1, 1, 48, 300, 2, 1, 100}, 5},
                                         Case{"int4", {1, 1, 256, 9, 1, 1, 0}, 1}),
                         [](const auto& test) {
                           return std::string(test.param.format) + "_" + NameOf(test.param.shape) +
                                  "_splits" + std::to_string(test.param.splits);
                         });

class Prefill : public testing::TestWithParam<Case> {};

TEST_P(Prefill, AgreesWithFp64) {
  const KvFormat& format = *FindKvFormat(GetParam().format);
  Trial run(format, GetParam().shape);
  ASSERT_EQ(LaunchPrefill(format.code, run.Arguments(1), nullptr), cudaSuccess);
  run.ExpectGood();
}

// Rows and keys that end within a tile, a prompt without and with a past, windows shorter than a
// tile, head dimensions below the width of their kernel.
INSTANTIATE_TEST_SUITE_P(
    Shapes, Prefill,
    testing::Values(Case{"fp16", {4, 2, 64, 70, 70, 1, 0}}, Case{"fp16", {3, 1, 80, 90, 30, 1, 0}},
                    Case{"fp8_e4m3", {2, 2, 128, 66, 17, 2, 0}},
                    Case{"fp8_e4m3", {2, 1, 256, 80, 40, 1, 20}},
                    Case{"int8", {8, 1, 128, 130, 9, 1, 0}}, Case{"int8", {1, 1, 16, 65, 65, 1, 7}},
                    Case{"int4", {4, 2, 128, 100, 33, 1, 64}},
                    Case{"int4", {16, 1, 256, 45, 3, 1, 0}}, Case{"int4", {1, 1, 64, 1, 1, 1, 0}}),
    [](const auto& test) {
      return std::string(test.param.format) + "_" + NameOf(test.param.shape);
    });

TEST(Launch, RefusesWhatNoKernelTakes) {
  AttendArguments arguments;
  arguments.query_heads = arguments.key_value_heads = arguments.batch = 1;
  arguments.context = arguments.query_tokens = 1;
  arguments.head_dimension = 512;
  EXPECT_EQ(LaunchSplitKv(KvCode::kInt8, arguments, nullptr), cudaErrorInvalidValue);
  EXPECT_EQ(LaunchPrefill(KvCode::kInt8, arguments, nullptr), cudaErrorInvalidValue);
  arguments.head_dimension = 64;
  EXPECT_EQ(LaunchPrefill(KvCode::kFp32, arguments, nullptr), cudaErrorInvalidValue);
  EXPECT_EQ(LaunchMaterialize(KvCode::kFp32, nullptr, nullptr, 1, 64, nullptr, nullptr),
            cudaErrorInvalidValue);
}

TEST(Materialize, RoundsTheHostsValuesToFp16) {
  const AttentionShape shape = {1, 1, 80, 37, 1, 1, 0};
  const uint32_t seed = std::random_device()();
  const Problem problem(seed, shape);
  for (const char* name : {"fp8_e4m3", "int8", "int4"}) {
    const KvFormat& format = *FindKvFormat(name);
    const std::vector<std::byte> packed = *problem.Encode(format);
    const KvLayout layout = LayoutOf(format, shape);
    std::vector<float> decoded(CacheVectors(shape) * shape.head_dimension);
    DecodeKvVectors(format, packed.data(), packed.data() + layout.key_scales, CacheVectors(shape),
                    shape.head_dimension, decoded.data());
    const std::vector<std::byte> expected =
        linear::NarrowActivations(decoded, ActivationType::kFp16);
    std::vector<std::byte> halves(expected.size() + kGuard, std::byte{0xFF});
    const auto* const at = reinterpret_cast<const uint8_t*>(packed.data());
    ASSERT_EQ(LaunchMaterialize(format.code, at,
                                reinterpret_cast<const uint16_t*>(at + layout.key_scales),
                                CacheVectors(shape), shape.head_dimension, halves.data(), nullptr),
              cudaSuccess);
    EXPECT_EQ(std::memcmp(halves.data(), expected.data(), expected.size()), 0)
        << name << " seed " << seed;
    EXPECT_EQ(halves[expected.size()], std::byte{0xFF});
  }
}

TEST(Plan, SplitsLongContextsOfFewHeads) {
  const AttentionShape llama = {32, 8, 128, 32768, 1, 1, 0};
  EXPECT_EQ(SplitsOf(llama, 132), 64U);
  EXPECT_EQ(SplitsOf(llama, 40), 20U);
  EXPECT_EQ(SplitsOf({32, 8, 128, 1000, 1, 1, 0}, 132), 3U);
  EXPECT_EQ(SplitsOf({32, 8, 128, 32768, 1, 1, 512}, 132), 2U);
  EXPECT_EQ(SplitsOf({32, 32, 128, 4096, 1, 64, 0}, 132), 1U);
  EXPECT_EQ(PartialFloats(llama, 1), 0U);
  EXPECT_EQ(PartialFloats(llama, 3), 32U * 3 * 130);
}

TEST(Plan, TensorCoresTakeTilesOfRows) {
  EXPECT_FALSE(UsesTensorCores(KvCode::kInt4, {32, 8, 128, 4096, 1, 1, 0}));
  EXPECT_TRUE(UsesTensorCores(KvCode::kInt4, {32, 8, 128, 4096, 4, 1, 0}));
  EXPECT_FALSE(UsesTensorCores(KvCode::kFp32, {32, 8, 128, 4096, 512, 1, 0}));
}

TEST(Plan, SaysWhyItCannot) {
  EXPECT_TRUE(DeviceStatus({7, 5}).ok());
  EXPECT_NE(DeviceStatus({7, 0}).message().find("sm_70"), std::string::npos);
  EXPECT_TRUE(ShapeStatus({1, 1, 256, 1, 1, 1, 0}).ok());
  for (const uint32_t dimension : {40U, 512U}) {
    EXPECT_EQ(ShapeStatus({1, 1, dimension, 1, 1, 1, 0}).code(), StatusCode::kUnimplemented);
  }
}

}  // namespace
}  // namespace quantfleet::attention::cuda
