// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/ops/linear/cuda/plan.hpp"

#include <algorithm>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernels/formats/format.hpp"
#include "kernels/ops/linear/cuda/tiling/tiling.hpp"

namespace quantfleet::linear::cuda {
namespace {

using testing::HasSubstr;

TEST(PlanTest, SixteenBitTypeIsFp16OnlyBeforeSm80) {
  EXPECT_EQ(HalfTypeOf({7, 5}), ActivationType::kFp16);
  EXPECT_EQ(HalfTypeOf({8, 0}), ActivationType::kBf16);
  EXPECT_EQ(HalfTypeOf({12, 0}), ActivationType::kBf16);
}

TEST(PlanTest, UnsupportedOnADeviceSaysWhy) {
  const Status bf16 = DeviceStatus("bf16", "dense", {7, 5});
  EXPECT_EQ(bf16.code(), StatusCode::kUnimplemented);
  EXPECT_EQ(bf16.message(), "bf16 multiplication needs sm_80; this device is sm_75");
  const Status old = DeviceStatus("fp32", "dense", {6, 1});
  EXPECT_EQ(old.code(), StatusCode::kUnimplemented);
  EXPECT_THAT(old.message(), HasSubstr("sm_61"));
  for (const char* format : {"fp32", "fp16", "int8", "nf4"}) {
    EXPECT_TRUE(DeviceStatus(format, "dense", {7, 5}).ok()) << format;
  }
  EXPECT_TRUE(DeviceStatus("bf16", "dense", {8, 0}).ok());
  EXPECT_TRUE(DeviceStatus("bf16", "reference", {7, 5}).ok());
}

TEST(PlanTest, FusedKernelsRefuseRowsThatDoNotFit) {
  EXPECT_TRUE(FusedShapeStatus("int8", {5, 48, 1}).ok());
  const Status int8 = FusedShapeStatus("int8", {16, 40, 1});
  EXPECT_EQ(int8.code(), StatusCode::kUnimplemented);
  EXPECT_EQ(int8.message(),
            "fused int8 needs k to be a multiple of 16, k is 40; use dequantize_then_gemm");
}

TEST(PlanTest, GemvIsForSmallBatchesWhereLanesOutrunMemory) {
  constexpr engine::LinearShape kOne = {4096, 4096, 1};
  constexpr engine::LinearShape kThree = {4096, 4096, 3};
  for (const ::quantfleet::cuda::Capability gemv :
       {::quantfleet::cuda::Capability{7, 5}, {8, 6}, {8, 9}, {12, 0}}) {
    EXPECT_EQ(PlanFused(gemv, 64, kOne).kernel, FusedKernel::kGemv);
    EXPECT_EQ(PlanFused(gemv, 64, kThree).kernel, FusedKernel::kTensorCore);
  }
  for (const ::quantfleet::cuda::Capability mma :
       {::quantfleet::cuda::Capability{8, 0}, {9, 0}, {10, 0}}) {
    EXPECT_EQ(PlanFused(mma, 64, kOne).kernel, FusedKernel::kTensorCore);
  }
  for (const GemvRow& row : GemvRows()) EXPECT_LE(row.max_batch, kGemvMaxBatch);
}

TEST(PlanTest, TilesGrowWithTheBatch) {
  EXPECT_EQ(TensorCoreTile(8), (TileShape{16, 8}));
  EXPECT_EQ(TensorCoreTile(9), (TileShape{16, 16}));
  EXPECT_EQ(TensorCoreTile(32), (TileShape{32, 32}));
  EXPECT_EQ(TensorCoreTile(33), (TileShape{32, 64}));
}

// Few tiles share k between blocks, as long as each warp has two steps of 128.
TEST(PlanTest, ShortNSplitsK) {
  constexpr ::quantfleet::cuda::Capability kAda = {8, 9};
  EXPECT_EQ(PlanFused(kAda, 128, {4096, 14336, 1}).splits, 1U);
  EXPECT_EQ(PlanFused(kAda, 128, {1024, 14336, 1}).splits, 4U);
  EXPECT_EQ(PlanFused(kAda, 128, {1024, 4096, 1}).splits, 2U);
  EXPECT_EQ(PlanFused(kAda, 128, {1024, 1024, 1}).splits, 1U);
  EXPECT_EQ(PlanFused(kAda, 128, {16, 1 << 20, 1}).splits, 16U);
  const engine::LinearShape shape = {1024, 4096, 2};
  const FusedPlan plan = PlanFused(kAda, 128, shape);
  EXPECT_EQ(SplitSumsBytes(plan, shape), 2U * 1024 * 2 * sizeof(float));
  EXPECT_EQ(SplitBytes(plan, shape), 2U * 1024 * 2 * sizeof(float) + 64 * sizeof(uint32_t));
  EXPECT_EQ(SplitBytes(PlanFused(kAda, 128, {4096, 14336, 1}), {4096, 14336, 1}), 0U);
}

TEST(PlanTest, ToleranceGrowsWithLengthCoarsenessAndFewOutputs) {
  const engine::LinearShape shape = {4096, 4096, 8};
  EXPECT_LT(ToleranceOf(ActivationType::kFp32, {4096, 768, 8}),
            ToleranceOf(ActivationType::kFp32, shape));
  EXPECT_LT(ToleranceOf(ActivationType::kFp32, shape), ToleranceOf(ActivationType::kFp16, shape));
  EXPECT_LT(ToleranceOf(ActivationType::kFp16, shape), ToleranceOf(ActivationType::kBf16, shape));
  EXPECT_LT(ToleranceOf(ActivationType::kBf16, shape),
            ToleranceOf(ActivationType::kBf16, {4, 4096, 1}));
  // Tight enough to find one wrong weight in a hundred: it would move the result by a tenth.
  EXPECT_LT(ToleranceOf(ActivationType::kBf16, {4096, 14336, 1}), 0.01);
}

TEST(PlanTest, DispatchCoversEveryBatchOfEveryFormat) {
  KernelTable table;
  table.SetDispatch(DispatchRows({8, 9}));
  for (const uint32_t batch : {1U, 64U, 65U, 100'000U, std::numeric_limits<uint32_t>::max()}) {
    for (const char* format : {"fp32", "fp16", "bf16"}) {
      EXPECT_EQ(table.ResolveAuto(format, batch), "dense");
    }
    for (const char* format : {"int8", "nf4", "q4_k"}) {
      EXPECT_EQ(table.ResolveAuto(format, batch), batch <= 64 ? "fused" : "dequantize_then_gemm");
    }
  }
}

// Every format with a fused kernel has its rows, so that none is left to a default.
TEST(PlanTest, DispatchNamesEveryTiledFormat) {
  const std::vector<DispatchRow> rows = DispatchRows({8, 9});
  for (const formats::Format* format : formats::AllFormats()) {
    if (FindTiling(format->name()) == nullptr) continue;
    const auto named = [&](const DispatchRow& row) { return row.format == format->name(); };
    EXPECT_EQ(std::count_if(rows.begin(), rows.end(), named), 2) << format->name();
  }
}

}  // namespace
}  // namespace quantfleet::linear::cuda
