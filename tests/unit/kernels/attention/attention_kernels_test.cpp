// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstdlib>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "kernels/cpu/device.hpp"
#include "kernels/engine/operation.hpp"
#include "kernels/ops/attention/cpu/kernels.hpp"
#include "kernels/ops/attention/cpu/parts.hpp"
#include "kernels/ops/attention/kv_cache.hpp"
#include "kernels/ops/attention/operation.hpp"
#include "kernels/ops/attention/problem.hpp"
#include "kernels/ops/attention/shape.hpp"

namespace quantfleet::attention {
namespace {

using engine::ArmSpec;
using engine::AttentionShape;

std::string NameOf(const AttentionShape& s) {
  return std::to_string(s.query_heads) + "/" + std::to_string(s.key_value_heads) + " heads of " +
         std::to_string(s.head_dimension) + ", context " + std::to_string(s.context) + ", " +
         std::to_string(s.query_tokens) + " queries, batch " + std::to_string(s.batch) +
         ", window " + std::to_string(s.window);
}

class AttentionOnCpu : public ::testing::TestWithParam<uint32_t> {
 protected:
  AttentionOnCpu()
      : device_(GetParam()),
        operation_(MakeAttentionOperation(device_, cpu::RegisterCpuKernels(device_.pool()))) {}

  // Each program run draws other inputs; a failure names the seed.
  ArmSpec Spec(const std::string& format, const std::string& kernel,
               const AttentionShape& shape) const {
    ArmSpec spec{"attention", format, kernel, "warm", seed_, std::nullopt, shape};
    return spec;
  }

  // Error of one call on poisoned output.
  engine::OutputError RunOnce(const ArmSpec& spec) {
    auto arm = operation_->Prepare(spec);
    EXPECT_TRUE(arm.ok()) << arm.status().ToString();
    if (!arm.ok()) return {};
    EXPECT_TRUE((*arm)->PoisonOutput().ok());
    EXPECT_TRUE((*arm)->Run(0).ok());
    const auto output = (*arm)->ReadOutput();
    EXPECT_EQ(output->size(), QueryValues(*spec.attention));
    return *(*arm)->Compare(*output);
  }

  const uint32_t seed_ = std::random_device()();
  quantfleet::cpu::CpuDevice device_;
  std::unique_ptr<engine::Operation> operation_;
};

INSTANTIATE_TEST_SUITE_P(Threads, AttentionOnCpu, ::testing::Values(1U, 2U, 3U));

// A single token, tiles that end early, window edges, groups of 1 to 8, all usual head dimensions,
// parts that are split, prompts longer than a run of queries.
const std::vector<AttentionShape>& Shapes() {
  static const std::vector<AttentionShape> kShapes = {
      {1, 1, 64, 1, 1, 1, 0},      {12, 12, 64, 17, 1, 1, 0},   {8, 2, 80, 65, 1, 2, 0},
      {8, 2, 128, 130, 1, 1, 0},   {7, 1, 128, 63, 1, 1, 0},    {8, 4, 256, 600, 1, 1, 512},
      {8, 2, 256, 512, 1, 1, 512}, {8, 2, 256, 513, 1, 1, 512}, {4, 1, 64, 40, 1, 1, 1},
      {1, 1, 64, 4500, 1, 1, 0},   {3, 1, 16, 2100, 1, 1, 0},   {8, 2, 64, 33, 33, 1, 0},
      {4, 4, 80, 90, 70, 1, 0},    {16, 2, 128, 150, 9, 2, 0},  {8, 2, 64, 200, 90, 1, 50},
      {6, 2, 128, 70, 3, 1, 2},    {2, 2, 64, 1300, 2, 1, 0},   {2, 1, 48, 129, 129, 1, 64}};
  return kShapes;
}

TEST_P(AttentionOnCpu, EveryKernelAgreesWithFp64) {
  for (const engine::KernelSupport& entry : operation_->Support()) {
    if (!entry.supported) continue;
    for (const AttentionShape& shape : Shapes()) {
      const engine::OutputError error = RunOnce(Spec(entry.format, entry.kernel, shape));
      EXPECT_LE(error.kernel_relative, error.kernel_tolerance)
          << entry.format << " " << entry.kernel << " " << NameOf(shape) << " seed " << seed_;
      EXPECT_LE(error.output_relative, error.output_tolerance)
          << entry.format << " " << entry.kernel << " " << NameOf(shape) << " seed " << seed_;
    }
  }
}

TEST_P(AttentionOnCpu, ReferenceTakesAnyHeadDimension) {
  for (const uint32_t dimension : {1U, 2U, 7U, 33U}) {
    const AttentionShape shape = {6, 3, dimension, 21, 4, 1, 5};
    for (const KvFormat& format : AllKvFormats()) {
      const ArmSpec spec = Spec(std::string(format.name), "reference", shape);
      if (!CheckKvShape(format, shape).ok()) {
        EXPECT_EQ(operation_->Prepare(spec).status().code(), StatusCode::kUnimplemented);
        continue;
      }
      const engine::OutputError error = RunOnce(spec);
      EXPECT_LE(error.kernel_relative, 1e-6) << format.name << " " << dimension;
    }
    const auto fused = operation_->Prepare(Spec("fp16", "fused", shape));
    EXPECT_EQ(fused.status().code(), StatusCode::kUnimplemented);
  }
}

// The stated tolerance is the right size: the typical error is most of it, not a hundredth.
TEST_P(AttentionOnCpu, OutputErrorIsThatOfTheFormat) {
  const AttentionShape shape = {8, 2, 128, 2000, 1, 2, 0};
  for (const KvFormat& format : AllKvFormats()) {
    if (format.code == KvCode::kFp32) continue;
    const engine::OutputError error = RunOnce(Spec(std::string(format.name), "fused", shape));
    EXPECT_GE(error.output_relative, 0.35 * error.output_tolerance) << format.name;
    EXPECT_LE(error.output_relative, 0.9 * error.output_tolerance) << format.name;
    EXPECT_TRUE(error.weight_sqnr_decibel.has_value());
  }
  const engine::OutputError exact = RunOnce(Spec("fp32", "fused", shape));
  EXPECT_FALSE(exact.weight_sqnr_decibel.has_value());
  EXPECT_LE(exact.output_relative, exact.kernel_tolerance);
}

TEST_P(AttentionOnCpu, TheSupportTableIsExactlyWhatIsRegistered) {
  std::set<std::pair<std::string, std::string>> supported;
  std::pair<std::string, std::string> former;
  for (const engine::KernelSupport& entry : operation_->Support()) {
    EXPECT_EQ(entry.workload, "attention");
    EXPECT_EQ(entry.supported, entry.reason.empty()) << entry.format << " " << entry.kernel;
    EXPECT_LT(former, std::pair(entry.format, entry.kernel)) << "not sorted";
    former = {entry.format, entry.kernel};
    if (entry.supported) supported.insert(former);
    const auto arm = operation_->Prepare(Spec(entry.format, entry.kernel, {4, 2, 64, 9, 1, 1, 0}));
    EXPECT_EQ(arm.ok(), entry.supported);
  }
  for (const KvFormat& format : AllKvFormats()) {
    const std::string name(format.name);
    EXPECT_TRUE(supported.contains({name, "fused"})) << name;
    EXPECT_TRUE(supported.contains({name, "reference"})) << name;
    EXPECT_EQ(supported.contains({name, "dequantize_then_attention"}), name != "fp32") << name;
  }
}

TEST_P(AttentionOnCpu, AutoNamesTheKernelItBecame) {
  const auto arm = operation_->Prepare(Spec("int4", "auto", {4, 2, 64, 9, 1, 1, 0}));
  ASSERT_TRUE(arm.ok());
  EXPECT_TRUE((*arm)->kernel_used().starts_with("fused/"));
}

TEST_P(AttentionOnCpu, RefusesWhatItCannotRun) {
  const AttentionShape good = {4, 2, 64, 9, 1, 1, 0};
  ArmSpec lukewarm = Spec("fp16", "fused", good);
  lukewarm.cache = "lukewarm";
  ArmSpec shapeless = Spec("fp16", "fused", good);
  shapeless.attention.reset();
  for (const ArmSpec& bad : {Spec("nf4", "fused", good), Spec("fp16", "dense", good), lukewarm,
                             shapeless, Spec("fp16", "fused", {0, 1, 64, 9, 1, 1, 0}),
                             Spec("fp16", "fused", {4, 3, 64, 9, 1, 1, 0}),
                             Spec("fp16", "fused", {4, 2, 64, 9, 10, 1, 0}),
                             Spec("fp16", "fused", {4, 2, 64, 9, 1, 0, 0}),
                             Spec("fp16", "fused", {1024, 1024, 1024, 1U << 20, 1, 1, 0}),
                             Spec("fp16", "fused", {64, 8, 128, 1U << 17, 1U << 12, 1, 0})}) {
    EXPECT_EQ(operation_->Prepare(bad).status().code(), StatusCode::kInvalidArgument);
  }
}

TEST_P(AttentionOnCpu, CostCountsTheCacheAndWhatIsSeenOfIt) {
  ArmSpec spec = Spec("int4", "fused", {8, 2, 128, 1000, 1, 1, 0});
  const auto whole = operation_->Prepare(spec);
  ASSERT_TRUE(whole.ok());
  const uint64_t vector_bytes = 128 / 2 + 2;
  EXPECT_EQ((*whole)->cost().weight_bytes, 2 * 2 * 1000 * vector_bytes);
  EXPECT_DOUBLE_EQ((*whole)->cost().bits_per_weight, 4.125);
  EXPECT_EQ((*whole)->cost().moved_bytes, 2 * 2 * 1000 * vector_bytes + 2 * 8 * 128 * 4);
  EXPECT_EQ((*whole)->cost().operations, 4U * 8 * 128 * 1000);
  spec.attention->window = 100;
  spec.attention->query_tokens = 3;
  const auto part = operation_->Prepare(spec);
  EXPECT_EQ((*part)->cost().weight_bytes, 2 * 2 * 1000 * vector_bytes);
  EXPECT_EQ((*part)->cost().moved_bytes, 2 * 2 * 102 * vector_bytes + 3 * 2 * 8 * 128 * 4);
  EXPECT_EQ((*part)->cost().operations, 4U * 8 * 128 * 300);
}

TEST_P(AttentionOnCpu, ColdCopiesSpanFourCachesAndAllGiveTheSameOutput) {
  ArmSpec spec = Spec("int8", "fused", {8, 2, 64, 700, 1, 1, 0});
  spec.cache = "cold";
  const auto arm = operation_->Prepare(spec);
  ASSERT_TRUE(arm.ok()) << arm.status().ToString();
  const engine::ArmCost& cost = (*arm)->cost();
  EXPECT_GE(cost.working_set_bytes, 4 * device_.info().cache_bytes);
  ASSERT_TRUE((*arm)->Run(0).ok());
  const auto first = *(*arm)->ReadOutput();
  for (const uint32_t copy : {1U, cost.rotation_copies / 2, cost.rotation_copies - 1}) {
    ASSERT_TRUE((*arm)->PoisonOutput().ok());
    ASSERT_TRUE((*arm)->Run(copy).ok());
    EXPECT_EQ(*(*arm)->ReadOutput(), first);
  }
  spec.kernel = "dequantize_then_attention";
  const auto other = operation_->Prepare(spec);
  EXPECT_EQ((*arm)->TakeCopies(5), 0U);
  EXPECT_EQ((*other)->TakeCopies(1), 5U);
}

TEST_P(AttentionOnCpu, PoisonedOutputIsInfinitelyWrong) {
  const auto arm = operation_->Prepare(Spec("fp16", "fused", {4, 2, 64, 9, 1, 1, 0}));
  ASSERT_TRUE((*arm)->PoisonOutput().ok());
  const auto output = *(*arm)->ReadOutput();
  for (const float value : output) EXPECT_TRUE(std::isnan(value));
  EXPECT_TRUE(std::isinf((*arm)->Compare(output)->kernel_relative));
}

// A part that is left out, doubled or cut at the wrong place would be seen: parts cover every row
// and token once.
TEST(Parts, SplitOnlyWhereHeadsAreFewerThanThreads) {
  const AttentionShape few = {1, 1, 64, 8192, 1, 1, 0};
  EXPECT_EQ(cpu::CutCall(few, 1).splits, 1U);
  EXPECT_GT(cpu::CutCall(few, 2).splits, 1U);
  const AttentionShape short_context = {1, 1, 64, 600, 1, 1, 0};
  EXPECT_EQ(cpu::CutCall(short_context, 8).splits, 1U);
  const AttentionShape many = {32, 32, 64, 8192, 1, 1, 0};
  EXPECT_EQ(cpu::CutCall(many, 2).splits, 1U);
  const AttentionShape prompt = {32, 8, 64, 8192, 100, 1, 0};
  EXPECT_EQ(cpu::CutCall(prompt, 2).queries, 16U);
  EXPECT_EQ(cpu::CutCall(prompt, 2).query_runs, 7U);
}

// One bit of one code, wherever it is, is more than a kernel's own error.
TEST(AttentionChecks, SeeOneWrongBitOfTheCache) {
  const AttentionShape shape = {4, 2, 64, 48, 1, 1, 0};
  std::mt19937 random(std::random_device{}());
  quantfleet::cpu::ThreadPool pool(1);
  KernelTable table = cpu::RegisterCpuKernels(pool);
  for (const KvFormat& format : AllKvFormats()) {
    Problem problem(random() & 0xFFFFU, shape);
    AttentionKernel& kernel = *table.Find(format.name, "fused");
    std::vector<float> output(QueryValues(shape));
    std::vector<std::byte> scratch(kernel.ScratchBytes(shape));
    const auto run = [&](const std::vector<std::byte>& packed) {
      const AttentionCall call = {shape, packed.data(), problem.queries().data(), output.data(),
                                  scratch.data()};
      EXPECT_TRUE(kernel.Run(call).ok());
      return problem.Compare(format, output)->kernel_relative;
    };
    std::vector<std::byte> packed = *problem.Encode(format);
    ASSERT_LE(run(packed), kernel.Tolerance(shape));
    const uint64_t codes = LayoutOf(format, shape).key_scales;
    for (int i = 0; i < 50; ++i) {
      // A bit that is worth something: the highest but one of the last byte of a code.
      const size_t step = std::max<size_t>(format.bits / 8, 1);
      const size_t at = random() % (codes / step) * step + step - 1;
      packed[at] ^= std::byte{0x40};
      EXPECT_FALSE(run(packed) <= kernel.Tolerance(shape)) << format.name << " byte " << at;
      packed[at] ^= std::byte{0x40};
    }
  }
}

// The fault that tests of the whole system plant.
TEST(AttentionChecks, SeeThePlantedFaultInEveryFormat) {
  quantfleet::cpu::CpuDevice device(1);
  for (const KvFormat& format : AllKvFormats()) {
    const std::string name(format.name);
    ASSERT_EQ(setenv("QUANTFLEET_ENGINE_FAULT", ("wrong_output=" + name).c_str(), 1), 0);
    const auto operation = MakeAttentionOperation(device, cpu::RegisterCpuKernels(device.pool()));
    for (const char* kernel : {"fused", "reference"}) {
      const auto arm = operation->Prepare({"attention", name, kernel, "warm", 7, std::nullopt,
                                           AttentionShape{8, 2, 64, 1024, 1, 1, 512}});
      ASSERT_TRUE(arm.ok());
      ASSERT_TRUE((*arm)->Run(0).ok());
      const engine::OutputError error = *(*arm)->Compare(*(*arm)->ReadOutput());
      EXPECT_FALSE(error.kernel_relative <= error.kernel_tolerance) << name << " " << kernel;
    }
    unsetenv("QUANTFLEET_ENGINE_FAULT");
  }
}

}  // namespace
}  // namespace quantfleet::attention
