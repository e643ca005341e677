// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstring>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

#include "kernels/cpu/device.hpp"
#include "kernels/engine/operation.hpp"
#include "kernels/ops/linear/activations.hpp"
#include "kernels/ops/linear/cpu/bf16/vector_code.hpp"
#include "kernels/ops/linear/cpu/dispatch.hpp"
#include "kernels/ops/linear/cpu/kernels.hpp"
#include "kernels/ops/linear/cpu/simd.hpp"
#include "kernels/ops/linear/operation.hpp"
#include "kernels/ops/linear/problem.hpp"

namespace quantfleet::linear {
namespace {

using engine::ArmSpec;
using engine::LinearShape;

bool MultipliesBf16() {
  return cpu::bf16::FindVectorCode() != nullptr;
}

class LinearOnCpu : public ::testing::TestWithParam<uint32_t> {
 protected:
  LinearOnCpu()
      : device_(GetParam()),
        operation_(MakeLinearOperation(device_, cpu::RegisterCpuKernels(device_.pool()))) {}

  static ArmSpec Spec(const std::string& format, const std::string& kernel, LinearShape shape) {
    return {"linear", format, kernel, "warm", 7, shape};
  }

  // Error of one call on poisoned output.
  engine::OutputError RunOnce(const ArmSpec& spec) {
    auto arm = operation_->Prepare(spec);
    EXPECT_TRUE(arm.ok()) << arm.status().ToString();
    if (!arm.ok()) return {};
    EXPECT_TRUE((*arm)->PoisonOutput().ok());
    EXPECT_TRUE((*arm)->Run(0).ok());
    const auto output = (*arm)->ReadOutput();
    EXPECT_EQ(output->size(), size_t{spec.linear->n} * spec.linear->batch);
    return *(*arm)->Compare(*output);
  }

  quantfleet::cpu::CpuDevice device_;
  std::unique_ptr<engine::Operation> operation_;
};

INSTANTIATE_TEST_SUITE_P(Threads, LinearOnCpu, ::testing::Values(1U, 2U, 3U));

TEST_P(LinearOnCpu, EveryKernelAgreesWithFp64AtOddSizes) {
  for (const engine::KernelSupport& entry : operation_->Support()) {
    if (!entry.supported) continue;
    for (const auto& [n, k] : std::vector<std::pair<uint32_t, uint32_t>>{
             {1, 256}, {3, 128}, {17, 192}, {33, 1024}, {5, 1}, {7, 67}, {16, 515}, {37, 512}}) {
      if (!formats::FindFormat(entry.format)->CheckShape(n, k).ok()) continue;
      for (const uint32_t batch : {1U, 2U, 3U, 4U, 5U, 6U, 7U, 8U, 9U, 16U, 17U, 33U, 64U}) {
        const engine::OutputError error = RunOnce(Spec(entry.format, entry.kernel, {n, k, batch}));
        EXPECT_LE(error.kernel_relative, error.kernel_tolerance)
            << entry.format << " " << entry.kernel << " " << n << "x" << k << " batch " << batch;
      }
    }
  }
}

TEST_P(LinearOnCpu, OutputErrorIsThatOfTheFormat) {
  for (const engine::KernelSupport& entry : operation_->Support()) {
    if (!entry.supported) continue;
    const formats::Format& format = *formats::FindFormat(entry.format);
    const engine::OutputError error = RunOnce(Spec(entry.format, entry.kernel, {192, 768, 9}));
    // Kernels that round the activations as the weights are add an error as large as theirs.
    const bool rounds =
        (entry.kernel == "fused" && (entry.format == "w8a8" || entry.format == "llm_int8")) ||
        (entry.kernel == "dense" && entry.format == "bf16");
    const double expected = format.info().relative_error * (rounds ? std::sqrt(2.0) : 1);
    EXPECT_GE(error.output_relative, 0.7 * expected) << entry.format << " " << entry.kernel;
    EXPECT_LE(error.output_relative, 1.4 * expected + error.kernel_tolerance)
        << entry.format << " " << entry.kernel;
    EXPECT_LE(error.output_relative, error.output_tolerance);
    EXPECT_EQ(error.weight_sqnr_decibel.has_value(), !format.lossless());
  }
}

TEST_P(LinearOnCpu, TheSupportTableIsExactlyWhatIsRegistered) {
  std::set<std::pair<std::string, std::string>> supported;
  for (const engine::KernelSupport& entry : operation_->Support()) {
    EXPECT_EQ(entry.supported, entry.reason.empty()) << entry.format << " " << entry.kernel;
    EXPECT_NE(entry.kernel, "auto");
    if (entry.supported) supported.insert({entry.format, entry.kernel});
    const auto arm = operation_->Prepare(Spec(entry.format, entry.kernel, {8, 256, 1}));
    EXPECT_EQ(arm.ok(), entry.supported);
    if (!arm.ok()) {
      EXPECT_EQ(arm.status().code(), StatusCode::kUnimplemented);
    }
  }
  for (const formats::Format* format : formats::AllFormats()) {
    const std::string name(format->name());
    EXPECT_TRUE(supported.contains({name, "reference"})) << name;
    EXPECT_EQ(supported.contains({name, "dense"}),
              format->lossless() || (name == "bf16" && MultipliesBf16()))
        << name;
    EXPECT_EQ(supported.contains({name, "fused"}), !format->lossless()) << name;
    EXPECT_EQ(supported.contains({name, "dequantize_then_gemm"}), !format->lossless()) << name;
  }
}

TEST_P(LinearOnCpu, AutoNamesTheKernelItBecame) {
  for (const auto& [format, batch, kernel] :
       std::vector<std::tuple<std::string, uint32_t, std::string>>{
           {"fp32", 1, "dense"},
           {"nf4", 1, "fused"},
           {"nf4", 4096, "dequantize_then_gemm"},
           {"bf16", 1, MultipliesBf16() ? "dense" : "fused"},
           {"bf16", 4096, MultipliesBf16() ? "dense" : "dequantize_then_gemm"}}) {
    const auto arm = operation_->Prepare(Spec(format, "auto", {16, 64, batch}));
    ASSERT_TRUE(arm.ok());
    EXPECT_EQ(std::string((*arm)->kernel_used()).substr(0, kernel.size()), kernel);
  }
}

TEST_P(LinearOnCpu, RefusesWhatItCannotRun) {
  EXPECT_EQ(operation_->Prepare(Spec("nf4", "fused", {8, 65, 1})).status().code(),
            StatusCode::kUnimplemented);
  for (const ArmSpec& bad :
       {Spec("int3", "fused", {8, 64, 1}), Spec("nf4", "magic", {8, 64, 1}),
        Spec("nf4", "fused", {0, 64, 1}), Spec("nf4", "fused", {1U << 20, 1U << 20, 1}),
        ArmSpec{"linear", "nf4", "fused", "lukewarm", 1, LinearShape{8, 64, 1}},
        ArmSpec{"linear", "nf4", "fused", "cold", 1, std::nullopt}}) {
    EXPECT_EQ(operation_->Prepare(bad).status().code(), StatusCode::kInvalidArgument);
  }
}

TEST_P(LinearOnCpu, ColdCopiesSpanFourCachesAndAllGiveTheSameOutput) {
  ArmSpec spec = Spec("nf4", "fused", {768, 768, 1});
  spec.cache = "cold";
  const auto arm = operation_->Prepare(spec);
  ASSERT_TRUE(arm.ok()) << arm.status().ToString();
  const engine::ArmCost& cost = (*arm)->cost();
  EXPECT_GE(cost.working_set_bytes, 4 * device_.info().cache_bytes);
  EXPECT_GE(cost.working_set_bytes, uint64_t{128} << 20);
  EXPECT_DOUBLE_EQ(cost.bits_per_weight, 4.5);
  EXPECT_EQ(cost.operations, 2U * 768 * 768);
  EXPECT_EQ(cost.moved_bytes, cost.weight_bytes + 2 * 768 * 4);
  ASSERT_TRUE((*arm)->Run(0).ok());
  const auto first = *(*arm)->ReadOutput();
  for (const uint32_t copy : {1U, cost.rotation_copies / 2, cost.rotation_copies - 1}) {
    ASSERT_TRUE((*arm)->PoisonOutput().ok());
    ASSERT_TRUE((*arm)->Run(copy).ok());
    EXPECT_EQ(*(*arm)->ReadOutput(), first);
  }
}

TEST_P(LinearOnCpu, ArmsThatShareWeightsShareTheRotation) {
  ArmSpec spec = Spec("int8", "fused", {768, 768, 1});
  spec.cache = "cold";
  const auto one = operation_->Prepare(spec);
  spec.kernel = "dequantize_then_gemm";
  const auto other = operation_->Prepare(spec);
  EXPECT_EQ((*one)->TakeCopies(5), 0U);
  EXPECT_EQ((*other)->TakeCopies(3), 5U);
  EXPECT_EQ((*one)->TakeCopies(1), 8U);
}

TEST_P(LinearOnCpu, PoisonedOutputIsInfinitelyWrong) {
  const auto arm = operation_->Prepare(Spec("fp32", "dense", {8, 64, 2}));
  ASSERT_TRUE((*arm)->PoisonOutput().ok());
  const auto output = *(*arm)->ReadOutput();
  for (const float value : output) EXPECT_TRUE(std::isnan(value));
  EXPECT_TRUE(std::isinf((*arm)->Compare(output)->kernel_relative));
}

TEST(CpuDispatch, CoversEveryBatchWithRegisteredKernels) {
  quantfleet::cpu::ThreadPool pool(1);
  const KernelTable table = cpu::RegisterCpuKernels(pool);
  for (const bool multiplies_bf16 : {false, true}) {
    std::map<std::string_view, uint32_t> last;
    for (const DispatchRow& row : cpu::CpuDispatch(multiplies_bf16)) {
      const bool has = table.Find(row.format, row.kernel) != nullptr;
      EXPECT_EQ(has, row.kernel != "dense" || MultipliesBf16()) << row.format << " " << row.kernel;
      EXPECT_GT(row.max_batch, last[row.format]) << row.format;
      last[row.format] = row.max_batch;
    }
    for (const auto& [format, batch] : last) EXPECT_EQ(batch, UINT32_MAX) << format;
    for (const formats::Format* format : formats::AllFormats()) {
      EXPECT_EQ(last.contains(format->name()), !format->lossless()) << format->name();
    }
  }
}

TEST(LinearProblem, IsTheSameForEverySmallerBatchAndDiffersBySeed) {
  Problem small(7, 12, 64);
  Problem large(7, 12, 64);
  Problem other(8, 12, 64);
  const std::vector<float> few = small.Activations(2);
  const std::vector<float> many = large.Activations(9);
  EXPECT_TRUE(std::equal(few.begin(), few.end(), many.begin()));
  EXPECT_EQ(small.weights(), large.weights());
  EXPECT_NE(small.weights(), other.weights());
  // The first weights of seed 7, as every machine must make them.
  EXPECT_FLOAT_EQ(small.weights()[0], Problem(7, 1, 1).weights()[0]);
}

TEST(LinearProblem, ReferencesGrownByRowsEqualThoseMadeAtOnce) {
  Problem grown(3, 10, 128);
  Problem at_once(3, 10, 128);
  const formats::Format& nf4 = *formats::FindFormat("nf4");
  quantfleet::cpu::ThreadPool pool(1);
  const KernelTable table = cpu::RegisterCpuKernels(pool);
  const LinearKernel* const kernel = table.Find("nf4", "fused");
  const std::vector<float> output(70, 0.25F);
  const std::vector<float> part(output.begin(), output.begin() + 20);
  ASSERT_TRUE(grown.Compare(nf4, *kernel, 2, part).ok());
  const auto one = grown.Compare(nf4, *kernel, 7, output);
  const auto two = at_once.Compare(nf4, *kernel, 7, output);
  EXPECT_EQ(one->kernel_relative, two->kernel_relative);
  EXPECT_EQ(one->output_relative, two->output_relative);
}

TEST(LinearSimd, DecodesTheVeryFloatsOfTheFormats) {
  constexpr uint64_t kRows = 5;
  for (const uint64_t columns : {64U, 320U, 131U}) {
    Problem problem(11, kRows, static_cast<uint32_t>(columns));
    for (const auto& [name, code] : std::vector<std::pair<std::string, cpu::WeightCode>>{
             {"fp32", cpu::WeightCode::kFp32},
             {"fp16", cpu::WeightCode::kFp16},
             {"fp8_e4m3", cpu::WeightCode::kFp8E4m3},
             {"fp8_e5m2", cpu::WeightCode::kFp8E5m2},
             {"fp4", cpu::WeightCode::kFp4},
             {"bf16", cpu::WeightCode::kBf16},
             {"int8", cpu::WeightCode::kInt8},
             {"fp4_double_quant", cpu::WeightCode::kFp4DoubleQuant},
             {"nf4_double_quant", cpu::WeightCode::kNf4DoubleQuant},
             {"nf4", cpu::WeightCode::kNf4}}) {
      const formats::Format& format = *formats::FindFormat(name);
      if (!format.CheckShape(kRows, columns).ok()) continue;
      const auto encoded = problem.Encoded(format);
      std::vector<float> expected(kRows * columns);
      ASSERT_TRUE(format.Decode((*encoded)->packed, kRows, columns, expected).ok());
      std::vector<float> decoded(expected.size());
      cpu::DecodeRows({code, (*encoded)->packed.data(), kRows, columns}, {0, kRows},
                      decoded.data());
      EXPECT_EQ(std::memcmp(decoded.data(), expected.data(), expected.size() * sizeof(float)), 0)
          << format.name() << " " << columns;
    }
  }
}

TEST(Activations, NarrowToNearestEvenAndWidenExactly) {
  const std::vector<float> values = {0.0F,       -1.5F,    65504.0F,       65519.9F,  0x1p-24F,
                                     0x1.8p-25F, 0x1p-26F, 1.00048828125F, 3.1415926F};
  const std::vector<float> expected = {0.0F,     -1.5F, 65504.0F, 65504.0F, 0x1p-24F,
                                       0x1p-24F, 0.0F,  1.0F,     3.140625F};
  EXPECT_EQ(
      WidenActivations(NarrowActivations(values, ActivationType::kFp16), ActivationType::kFp16),
      expected);
  EXPECT_EQ(
      WidenActivations(NarrowActivations(values, ActivationType::kFp32), ActivationType::kFp32),
      values);
  EXPECT_TRUE(std::isinf(
      WidenActivations(NarrowActivations(std::vector<float>{65520.0F}, ActivationType::kFp16),
                       ActivationType::kFp16)[0]));
}

TEST(ThreadPool, RunsEachThreadOnceAndManyTimes) {
  for (const uint32_t threads : {1U, 2U, 5U}) {
    quantfleet::cpu::ThreadPool pool(threads);
    std::vector<uint32_t> counts(threads);
    for (int i = 0; i < 500; ++i) pool.Run([&](uint32_t thread) { ++counts[thread]; });
    for (const uint32_t count : counts) EXPECT_EQ(count, 500U);
  }
}

}  // namespace
}  // namespace quantfleet::linear
