// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <cstring>
#include <numeric>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "kernels/cpu/device.hpp"
#include "kernels/formats/format.hpp"
#include "kernels/ops/conversion/cpu/kernels.hpp"
#include "kernels/ops/conversion/operation.hpp"
#include "kernels/ops/linear/problem.hpp"

namespace quantfleet::conversion {
namespace {

using engine::ArmSpec;
using engine::MatrixShape;

constexpr MatrixShape kShapes[] = {{1, 256},   {3, 512}, {65, 256}, {128, 1024},
                                   {256, 512}, {17, 67}, {5, 1},    {130, 768}};

ArmSpec Spec(std::string_view workload, const std::string& format, const std::string& kernel,
             const std::string& cache, std::optional<MatrixShape> shape) {
  ArmSpec spec;
  spec.workload = workload;
  spec.format = format;
  spec.kernel = kernel;
  spec.cache = cache;
  spec.seed = 31;
  spec.matrix = shape;
  return spec;
}

class ConversionOnCpu : public ::testing::TestWithParam<uint32_t> {
 protected:
  ConversionOnCpu() : device_(GetParam()) {
    for (const Direction direction : {Direction::kQuantize, Direction::kDequantize}) {
      operations_.push_back(MakeConversionOperation(
          device_, direction, cpu::MakeCpuKernels(direction, device_.pool())));
    }
  }

  quantfleet::cpu::CpuDevice device_;
  std::vector<std::unique_ptr<engine::Operation>> operations_;
};

INSTANTIATE_TEST_SUITE_P(Threads, ConversionOnCpu, ::testing::Values(1U, 2U, 3U));

TEST_P(ConversionOnCpu, EveryKernelMakesTheBitsOfTheFormat) {
  for (const auto& operation : operations_) {
    for (const engine::KernelSupport& entry : operation->Support()) {
      ASSERT_TRUE(entry.supported) << entry.reason;
      const formats::Format& format = *formats::FindFormat(entry.format);
      for (const MatrixShape& shape : kShapes) {
        if (!format.CheckShape(shape.rows, shape.columns).ok()) continue;
        SCOPED_TRACE(entry.workload + " " + entry.format + " " + entry.kernel + " " +
                     std::to_string(shape.rows) + "x" + std::to_string(shape.columns));
        const ArmSpec spec = Spec(entry.workload, entry.format, entry.kernel, "warm", shape);
        const auto arm = operation->Prepare(spec);
        ASSERT_TRUE(arm.ok()) << arm.status().ToString();
        ASSERT_TRUE((*arm)->PoisonOutput().ok());
        EXPECT_GT((*arm)->Compare(*(*arm)->ReadOutput())->kernel_relative, 0);
        ASSERT_TRUE((*arm)->Run(0).ok());
        const auto error = (*arm)->Compare(*(*arm)->ReadOutput());
        ASSERT_TRUE(error.ok());
        EXPECT_EQ(error->kernel_relative, 0);
        EXPECT_EQ(error->kernel_tolerance, 0);
        EXPECT_LE(error->output_relative, error->output_tolerance);
      }
    }
  }
}

TEST_P(ConversionOnCpu, OneWrongBitIsFound) {
  for (const auto& operation : operations_) {
    const ArmSpec spec = Spec(operation->workload(), "nf4", "auto", "warm", MatrixShape{16, 128});
    const auto arm = operation->Prepare(spec);
    ASSERT_TRUE((*arm)->Run(0).ok());
    std::vector<float> output = *(*arm)->ReadOutput();
    EXPECT_EQ((*arm)->Compare(output)->kernel_relative, 0);
    const bool bytes = operation->workload() == "quantize";
    for (const size_t at : {size_t{0}, output.size() / 3, output.size() - 1}) {
      std::vector<float> wrong = output;
      wrong[at] = bytes ? static_cast<float>(static_cast<uint32_t>(wrong[at]) ^ 1U) : -wrong[at];
      EXPECT_GT((*arm)->Compare(wrong)->kernel_relative, 0) << operation->workload() << " " << at;
    }
  }
}

TEST_P(ConversionOnCpu, CountsWhatItReadsAndWrites) {
  for (const auto& operation : operations_) {
    const ArmSpec spec = Spec(operation->workload(), "int8", "auto", "cold", MatrixShape{64, 256});
    const auto arm = operation->Prepare(spec);
    ASSERT_TRUE(arm.ok()) << arm.status().ToString();
    const engine::ArmCost& cost = (*arm)->cost();
    EXPECT_EQ(cost.weight_bytes, 64U * 256 + 64 * 4);
    EXPECT_EQ(cost.moved_bytes, 64U * 256 + 64 * 4 + 64 * 256 * 4);
    EXPECT_EQ(cost.operations, 0U);
    EXPECT_DOUBLE_EQ(cost.bits_per_weight, 8 + 32.0 / 256);
    EXPECT_GE(cost.working_set_bytes, device_.cold_span_bytes());
    EXPECT_EQ((*arm)->TakeCopies(3), 0U);
    EXPECT_EQ((*arm)->TakeCopies(1), 3U);
    EXPECT_EQ(std::string((*arm)->kernel_used()).substr(0, 9), "parallel/");
  }
}

TEST_P(ConversionOnCpu, RefusesWhatItCannotRun) {
  for (const auto& operation : operations_) {
    const auto code = [&](const std::string& format, const std::string& kernel,
                          std::optional<MatrixShape> shape) {
      return operation->Prepare(Spec(operation->workload(), format, kernel, "cold", shape))
          .status()
          .code();
    };
    EXPECT_EQ(code("nf4", "auto", MatrixShape{8, 65}), StatusCode::kUnimplemented);
    EXPECT_EQ(code("int3", "auto", MatrixShape{8, 64}), StatusCode::kInvalidArgument);
    EXPECT_EQ(code("nf4", "fused", MatrixShape{8, 64}), StatusCode::kInvalidArgument);
    EXPECT_EQ(code("nf4", "auto", MatrixShape{0, 64}), StatusCode::kInvalidArgument);
    EXPECT_EQ(code("nf4", "auto", MatrixShape{1U << 20, 1U << 20}), StatusCode::kInvalidArgument);
    EXPECT_EQ(code("nf4", "auto", std::nullopt), StatusCode::kInvalidArgument);
  }
}

// What the parallel kernel relies on.
TEST(RowParts, RowsPackedAloneAreThoseOfTheWholeMatrix) {
  constexpr uint32_t kRows = 12;
  constexpr uint32_t kColumns = 512;
  linear::Problem problem(5, kRows, kColumns);
  for (const formats::Format* format : formats::AllFormats()) {
    const std::vector<uint64_t> parts = format->RowParts(kColumns);
    if (parts.empty()) continue;
    SCOPED_TRACE(format->name());
    const uint64_t bytes = std::accumulate(parts.begin(), parts.end(), uint64_t{0});
    ASSERT_EQ(format->PackedBytes(kRows, kColumns), kRows * bytes);
    const std::vector<std::byte>& whole = (*problem.Encoded(*format))->packed;
    for (uint64_t row = 0; row < kRows; ++row) {
      std::vector<std::byte> alone(bytes);
      const std::span<const float> values(problem.weights());
      ASSERT_TRUE(
          format->Encode(values.subspan(row * kColumns, kColumns), 1, kColumns, alone).ok());
      uint64_t part_begin = 0;
      uint64_t alone_begin = 0;
      for (const uint64_t part : parts) {
        EXPECT_EQ(
            std::memcmp(whole.data() + part_begin + row * part, alone.data() + alone_begin, part),
            0)
            << "row " << row;
        part_begin += kRows * part;
        alone_begin += part;
      }
    }
  }
}

}  // namespace
}  // namespace quantfleet::conversion
