// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/ops/linear/cpu/ablation/ablation.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "kernels/cpu/device.hpp"
#include "kernels/ops/linear/cpu/kernels.hpp"
#include "kernels/ops/linear/operation.hpp"
#include "kernels/ops/linear/problem.hpp"

namespace quantfleet::linear {
namespace {

using engine::LinearShape;

constexpr LinearShape kShapes[] = {{1, 256, 1}, {3, 512, 1}, {65, 256, 2}, {48, 1280, 1},
                                   {17, 67, 3}, {5, 1, 1},   {130, 768, 9}};

class AblationOnCpu : public ::testing::TestWithParam<uint32_t> {
 protected:
  AblationOnCpu() : pool_(GetParam()), table_(cpu::RegisterCpuKernels(pool_)) {}

  // Scratch of the kernel after one call on fresh random weights.
  std::vector<std::byte> ScratchAfterRun(const formats::Format& format, const std::string& name,
                                         const LinearShape& shape, Problem& problem) {
    LinearKernel* const kernel = table_.Find(format.name(), name);
    EXPECT_NE(kernel, nullptr) << format.name() << " " << name;
    EXPECT_FALSE(kernel->has_output());
    std::vector<std::byte> scratch(kernel->ScratchBytes(shape));
    LinearCall call;
    call.shape = shape;
    const std::vector<std::byte> weights =
        *kernel->Repack(shape, (*problem.Encoded(format))->packed);
    call.weights = weights.data();
    call.scratch = scratch.data();
    EXPECT_TRUE(kernel->Run(call).ok());
    return scratch;
  }

  // Calls check(format, shape, problem) for every format and the shapes that it can hold.
  template <class Check>
  static void ForEach(const Check& check) {
    for (const formats::Format* format : formats::AllFormats()) {
      for (const LinearShape& shape : kShapes) {
        if (!format->CheckShape(shape.n, shape.k).ok()) continue;
        SCOPED_TRACE(std::string(format->name()) + " " + std::to_string(shape.n) + "x" +
                     std::to_string(shape.k));
        Problem problem(23, shape.n, shape.k);
        check(*format, shape, problem);
      }
    }
  }

  static std::vector<float> Decoded(const formats::Format& format, const LinearShape& shape,
                                    Problem& problem) {
    std::vector<float> decoded(size_t{shape.n} * shape.k);
    const auto& packed = (*problem.Encoded(format))->packed;
    EXPECT_TRUE(format.Decode(packed, shape.n, shape.k, decoded).ok());
    return decoded;
  }

  quantfleet::cpu::ThreadPool pool_;
  KernelTable table_;
};

INSTANTIATE_TEST_SUITE_P(Threads, AblationOnCpu, ::testing::Values(1U, 2U, 3U));

TEST_P(AblationOnCpu, ReadTouchesEveryPackedByte) {
  ForEach([&](const formats::Format& format, const LinearShape& shape, Problem& problem) {
    const auto scratch = ScratchAfterRun(format, "ablation_read", shape, problem);
    uint64_t found = 0;
    for (size_t at = 0; at < scratch.size(); at += 64) {
      uint64_t word = 0;
      std::memcpy(&word, scratch.data() + at, sizeof(word));
      found ^= word;
    }
    const std::vector<std::byte>& packed = (*problem.Encoded(format))->packed;
    uint64_t expected = 0;
    for (size_t i = 0; i < packed.size(); ++i) {
      expected ^= std::to_integer<uint64_t>(packed[i]) << (i % 8 * 8);
    }
    EXPECT_EQ(found, expected);
  });
}

TEST_P(AblationOnCpu, UnpackDecodesEveryWeight) {
  ForEach([&](const formats::Format& format, const LinearShape& shape, Problem& problem) {
    const auto scratch = ScratchAfterRun(format, "ablation_unpack", shape, problem);
    const std::vector<float> decoded = Decoded(format, shape, problem);
    if (table_.Find(format.name(), "ablation_unpack")->variant(shape) == "rows") {
      // The last thread always has rows, and its tile ends as the last one.
      const size_t tile = scratch.size() / GetParam() * (GetParam() - 1);
      const size_t last = size_t{shape.n - 1} * shape.k;
      EXPECT_EQ(std::memcmp(scratch.data() + tile, decoded.data() + last, shape.k * sizeof(float)),
                0);
      return;
    }
    if (table_.Find(format.name(), "ablation_unpack")->variant(shape).starts_with("int8_")) {
      // Codes of interleaved tiles, mixed: no sum of weights, but no thread that had rows leaves 0.
      EXPECT_TRUE(std::any_of(scratch.begin(), scratch.end(),
                              [](std::byte byte) { return byte != std::byte{}; }));
      return;
    }
    double sum = 0;
    for (size_t at = 0; at < scratch.size(); at += 64) {
      float part = 0;
      std::memcpy(&part, scratch.data() + at, sizeof(part));
      sum += part;
    }
    double expected = 0;
    double magnitude = 0;
    for (const float value : decoded) {
      expected += value;
      magnitude += std::abs(value);
    }
    EXPECT_NEAR(sum, expected, 1e-5 * magnitude);
  });
}

TEST_P(AblationOnCpu, DecodeLeavesTheVeryFloatsOfTheFormatInMemory) {
  ForEach([&](const formats::Format& format, const LinearShape& shape, Problem& problem) {
    const auto scratch = ScratchAfterRun(format, "ablation_decode", shape, problem);
    const std::vector<float> decoded = Decoded(format, shape, problem);
    ASSERT_EQ(scratch.size(), decoded.size() * sizeof(float));
    EXPECT_EQ(std::memcmp(scratch.data(), decoded.data(), scratch.size()), 0);
  });
}

TEST_P(AblationOnCpu, DenseIsARightProductOfWhatWasDecoded) {
  quantfleet::cpu::CpuDevice device(GetParam());
  const auto operation = MakeLinearOperation(device, cpu::RegisterCpuKernels(device.pool()));
  ForEach([&](const formats::Format& format, const LinearShape& shape, Problem&) {
    const engine::ArmSpec spec = {
        "linear", std::string(format.name()), "ablation_dense", "cold", 23, shape};
    const auto arm = operation->Prepare(spec);
    ASSERT_TRUE(arm.ok()) << arm.status().ToString();
    EXPECT_TRUE((*arm)->has_output());
    EXPECT_EQ((*arm)->cost().weight_bytes, format.PackedBytes(shape.n, shape.k));
    EXPECT_EQ((*arm)->cost().moved_bytes,
              4 * (uint64_t{shape.n} * shape.k + shape.batch * (shape.n + shape.k)));
    ASSERT_TRUE((*arm)->PoisonOutput().ok());
    ASSERT_TRUE((*arm)->Run((*arm)->cost().rotation_copies - 1).ok());
    const auto error = (*arm)->Compare(*(*arm)->ReadOutput());
    EXPECT_LE(error->kernel_relative, error->kernel_tolerance);
    operation->DropCaches();
  });
}

TEST_P(AblationOnCpu, APartMovesAndComputesOnlyWhatItDoes) {
  quantfleet::cpu::CpuDevice device(GetParam());
  const auto operation = MakeLinearOperation(device, cpu::RegisterCpuKernels(device.pool()));
  engine::ArmSpec spec = {"linear", "nf4", "ablation_launch", "warm", 23, LinearShape{64, 256, 4}};
  constexpr uint64_t kPacked = 64 * 256 / 2 + 64 * 256 / 64 * 4;
  for (const auto& [name, moved] :
       std::vector<std::pair<std::string, uint64_t>>{{"ablation_launch", 0},
                                                     {"ablation_read", kPacked},
                                                     {"ablation_unpack", kPacked},
                                                     {"ablation_decode", kPacked + 64 * 256 * 4}}) {
    spec.kernel = name;
    const auto arm = operation->Prepare(spec);
    ASSERT_TRUE(arm.ok()) << arm.status().ToString();
    EXPECT_FALSE((*arm)->has_output());
    EXPECT_EQ((*arm)->cost().moved_bytes, moved) << name;
    EXPECT_EQ((*arm)->cost().operations, 0U);
    EXPECT_TRUE((*arm)->Run(0).ok());
  }
  for (const engine::KernelSupport& entry : operation->Support()) {
    EXPECT_FALSE(IsAblation(entry.kernel)) << "not a choice: " << entry.kernel;
  }
}

TEST_P(AblationOnCpu, WhatAFormatRegisteredBeforeStays) {
  KernelTable table;
  class Own final : public LinearKernel {
   public:
    std::string_view format() const override { return "nf4"; }
    std::string_view kernel() const override { return "ablation_unpack"; }
    std::string_view variant(const LinearShape&) const override { return "own"; }
    Status SupportedOnDevice() const override { return OkStatus(); }
    Status SupportsShape(const LinearShape&) const override { return OkStatus(); }
    ActivationType activation_type() const override { return ActivationType::kFp32; }
    uint64_t ScratchBytes(const LinearShape&) const override { return 0; }
    double Tolerance(const LinearShape&) const override { return 0; }
    Status Run(const LinearCall&) override { return OkStatus(); }
  };
  table.Register(std::make_unique<Own>());
  cpu::RegisterAblations(pool_, &table);
  EXPECT_EQ(table.Find("nf4", "ablation_unpack")->variant({}), "own");
  EXPECT_NE(table.Find("int8", "ablation_unpack"), nullptr);
  EXPECT_NE(table.Find("nf4", "ablation_read"), nullptr);
}

}  // namespace
}  // namespace quantfleet::linear
