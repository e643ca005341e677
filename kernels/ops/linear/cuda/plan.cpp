// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/ops/linear/cuda/plan.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string>

namespace quantfleet::linear::cuda {
namespace {

using ::quantfleet::cuda::ArchitectureName;
using ::quantfleet::cuda::Capability;

constexpr Capability kOldest = {7, 5};
constexpr Capability kFirstBf16 = {8, 0};
constexpr uint32_t kAnyBatch = std::numeric_limits<uint32_t>::max();
constexpr uint32_t kStep = 128;  // k that a warp takes at once
constexpr uint32_t kWarps = 8;   // of a block
constexpr uint32_t kMostSplits = 16;
constexpr uint32_t kTileRows = 16;  // of the smallest tile

uint32_t CeilDivide(uint32_t a, uint32_t b) {
  return (a + b - 1) / b;
}

uint32_t Tiles(const TileShape& tile, const engine::LinearShape& shape) {
  return CeilDivide(shape.n, tile.rows) * CeilDivide(shape.batch, tile.columns);
}

// Two blocks for each multiprocessor, if every warp still gets two steps.
uint32_t SplitsFor(uint32_t tiles, uint32_t k, uint32_t multiprocessors) {
  const uint32_t wanted = 2 * multiprocessors / tiles;
  const uint32_t possible = CeilDivide(k, kStep) / (2 * kWarps);
  return std::clamp(std::min(wanted, possible), 1U, kMostSplits);
}

}  // namespace

ActivationType HalfTypeOf(Capability capability) {
  return capability < kFirstBf16 ? ActivationType::kFp16 : ActivationType::kBf16;
}

Status DeviceStatus(std::string_view format, std::string_view kernel, Capability capability) {
  const std::string here = "; this device is " + ArchitectureName(capability);
  if (capability < kOldest) return Unimplemented("the CUDA kernels need sm_75" + here);
  if (format == "bf16" && kernel == "dense" && capability < kFirstBf16) {
    return Unimplemented("bf16 multiplication needs sm_80" + here);
  }
  return OkStatus();
}

Status FusedShapeStatus(std::string_view format, const engine::LinearShape& shape) {
  if (shape.k % 16 == 0) return OkStatus();
  return Unimplemented("fused " + std::string(format) + " needs k to be a multiple of 16, k is " +
                       std::to_string(shape.k) + "; use dequantize_then_gemm");
}

std::span<const GemvRow> GemvRows() {
  static constexpr std::array rows = {GemvRow{{7, 5}, 2}, GemvRow{{8, 0}, 0}, GemvRow{{8, 6}, 2},
                                      GemvRow{{9, 0}, 0}, GemvRow{{12, 0}, 2}};
  return rows;
}

TileShape TensorCoreTile(uint32_t batch) {
  if (batch <= 8) return {16, 8};
  if (batch <= 16) return {16, 16};
  if (batch <= 32) return {32, 32};
  return {32, 64};
}

FusedPlan PlanFused(Capability capability, uint32_t multiprocessors,
                    const engine::LinearShape& shape) {
  uint32_t gemv_max_batch = 0;
  for (const GemvRow& row : GemvRows()) {
    if (!(capability < row.from)) gemv_max_batch = row.max_batch;
  }
  FusedPlan plan;
  const bool gemv = shape.batch <= gemv_max_batch;
  plan.kernel = gemv ? FusedKernel::kGemv : FusedKernel::kTensorCore;
  plan.tile = gemv ? TileShape{kTileRows, shape.batch} : TensorCoreTile(shape.batch);
  plan.splits = SplitsFor(Tiles(plan.tile, shape), shape.k, multiprocessors);
  return plan;
}

uint64_t SplitSumsBytes(const FusedPlan& plan, const engine::LinearShape& shape) {
  if (plan.splits == 1) return 0;
  const uint64_t values = uint64_t{plan.tile.rows} * plan.tile.columns;
  return uint64_t{Tiles(plan.tile, shape)} * values * plan.splits * sizeof(float);
}

uint64_t SplitBytes(const FusedPlan& plan, const engine::LinearShape& shape) {
  if (plan.splits == 1) return 0;
  // Some formats take half of the widest tile.
  const uint64_t tiles = Tiles({kTileRows, plan.tile.columns}, shape);
  return SplitSumsBytes(plan, shape) + tiles * sizeof(uint32_t);
}

double ToleranceOf(ActivationType type, const engine::LinearShape& shape) {
  // fp32 sums of k terms err by about sqrt(k) roundings of 2^-24 (Higham, Accuracy and Stability of
  // Numerical Algorithms, 2.8); four times that is the limit. Rounding of weights, activations and
  // outputs to 16 bits adds half a unit each, at most 2^-9 (bf16) or 2^-12 (fp16) of the value and
  // about half of that in the root mean square, and more where a minimum cancels part of the
  // weight: four whole ones leave room.
  double unit = 0;
  if (type == ActivationType::kBf16) unit = std::ldexp(1.0, -9);
  if (type == ActivationType::kFp16) unit = std::ldexp(1.0, -12);
  const double sums = 4 * std::sqrt(static_cast<double>(shape.k)) * std::ldexp(1.0, -24);
  // Few outputs may all be small by chance, and their error large beside them.
  const double outputs = static_cast<double>(shape.n) * shape.batch;
  return (sums + 4 * unit) * (1 + 4 / std::sqrt(outputs));
}

double Int8ActivationTolerance(const engine::LinearShape& shape) {
  const double absmax = std::sqrt(2 * std::log(static_cast<double>(shape.k))) + 1;
  const double outputs = static_cast<double>(shape.n) * shape.batch;
  return 1.5 * absmax / 127 / std::sqrt(12.0) * (1 + 4 / std::sqrt(outputs));
}

std::vector<DispatchRow> DispatchRows(Capability) {
  // Up to which batch a format is multiplied from its codes; beyond, it is decoded first. From
  // rooflines and peers' tables until measured on a card: decoding costs one more pass over the
  // weight, which about as many tokens hide as the device takes to be bound by arithmetic in 16
  // bits (peers: 64 rows on sm_80 and sm_90, 128 on sm_75, 256 on sm_89 and sm_120; bitsandbytes
  // 0.50, backends/cuda/ops.py). Above 64 tokens our tile reads the weight again for each 64.
  constexpr uint32_t kFusedMaxBatch = 64;
  std::vector<DispatchRow> rows = {
      {"fp32", kAnyBatch, "dense"}, {"fp16", kAnyBatch, "dense"}, {"bf16", kAnyBatch, "dense"}};
  for (const std::string_view format : {"fp8_e4m3",
                                        "fp8_e5m2",
                                        "int8",
                                        "nf4",
                                        "fp4",
                                        "nf4_double_quant",
                                        "fp4_double_quant",
                                        "awq_int4",
                                        "gptq_int4",
                                        "gptq_int4_act_order",
                                        "q8_0",
                                        "q4_0",
                                        "q4_1",
                                        "q5_0",
                                        "q5_1",
                                        "q2_k",
                                        "q3_k",
                                        "q4_k",
                                        "q5_k",
                                        "q6_k",
                                        "iq2_xxs",
                                        "mxfp4",
                                        "nvfp4"}) {
    rows.push_back({format, kFusedMaxBatch, "fused"});
    rows.push_back({format, kAnyBatch, "dequantize_then_gemm"});
  }
  return rows;
}

}  // namespace quantfleet::linear::cuda
