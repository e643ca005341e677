// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/ops/linear/cuda/plan.hpp"

#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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
  for (const char* format : {"fp32", "int8", "nf4"}) {
    EXPECT_TRUE(DeviceStatus(format, "dense", {7, 5}).ok()) << format;
  }
  EXPECT_TRUE(DeviceStatus("bf16", "dense", {8, 0}).ok());
}

TEST(PlanTest, FusedKernelsRefuseRowsThatDoNotFit) {
  EXPECT_TRUE(FusedShapeStatus("int8", {5, 48, 1}).ok());
  EXPECT_TRUE(FusedShapeStatus("nf4", {5, 192, 1}).ok());
  const Status int8 = FusedShapeStatus("int8", {16, 40, 1});
  EXPECT_EQ(int8.code(), StatusCode::kUnimplemented);
  EXPECT_EQ(int8.message(),
            "fused int8 needs k to be a multiple of 16, k is 40; use dequantize_then_gemm");
  EXPECT_EQ(FusedShapeStatus("nf4", {64, 96, 1}).code(), StatusCode::kUnimplemented);
}

TEST(PlanTest, SmallBatchesTakeTheGemv) {
  EXPECT_EQ(ChooseFused(1), FusedKernel::kGemv);
  EXPECT_EQ(ChooseFused(kGemvMaxBatch), FusedKernel::kGemv);
  EXPECT_EQ(ChooseFused(kGemvMaxBatch + 1), FusedKernel::kTensorCore);
}

TEST(PlanTest, ShortRowsShareAWarp) {
  EXPECT_EQ(GemvLanes(768, 32), 8U);  // 24 chunks
  EXPECT_EQ(GemvLanes(768, 16), 8U);  // 48 chunks
  EXPECT_EQ(GemvLanes(4096, 32), 32U);
  EXPECT_EQ(GemvLanes(1024, 16), 32U);
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
  table.SetDispatch(DispatchRows());
  for (const uint32_t batch : {1U, 64U, 65U, 100'000U, std::numeric_limits<uint32_t>::max()}) {
    EXPECT_EQ(table.ResolveAuto("fp32", batch), "dense");
    EXPECT_EQ(table.ResolveAuto("bf16", batch), "dense");
    for (const char* format : {"int8", "nf4"}) {
      EXPECT_EQ(table.ResolveAuto(format, batch), batch <= 64 ? "fused" : "dequantize_then_gemm");
    }
  }
}

}  // namespace
}  // namespace quantfleet::linear::cuda
