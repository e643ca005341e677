// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/status.hpp"
#include "kernels/cuda/host/naming.hpp"
#include "kernels/engine/messages.hpp"
#include "kernels/ops/linear/kernel.hpp"

// Which kernel runs what: decisions only, no CUDA, so that they are tested without a GPU.
namespace quantfleet::linear::cuda {

// Type of activations, outputs and decoded weights beside the formats that name one themselves
// (fp32, fp16): bf16, or fp16 on sm_75, which has no bf16.
ActivationType HalfTypeOf(::quantfleet::cuda::Capability capability);

// kUnimplemented with the reason where a format and kernel cannot run on the device at all.
Status DeviceStatus(std::string_view format, std::string_view kernel,
                    ::quantfleet::cuda::Capability capability);

// The fused kernels read activations in 16-byte pieces, 16 values at a time: kUnimplemented with
// the reason where k is no multiple of 16.
Status FusedShapeStatus(std::string_view format, const engine::LinearShape& shape);

// The fused kernels. kGemv multiplies without tensor cores; kUnpack only decodes, for the ablation.
enum class FusedKernel { kGemv, kTensorCore, kUnpack };

// Output of one thread block.
struct TileShape {
  uint32_t rows = 0;
  uint32_t columns = 0;
  bool operator==(const TileShape&) const = default;
};

// What runs one call: `splits` blocks share the k of each tile, so that a short n fills the device.
struct FusedPlan {
  FusedKernel kernel = FusedKernel::kGemv;
  TileShape tile;
  uint32_t splits = 1;
};

// Largest batch that the gemv takes at all.
inline constexpr uint32_t kGemvMaxBatch = 2;

// Up to which batch the gemv is chosen, from `from` on to the next row's.
struct GemvRow {
  ::quantfleet::cuda::Capability from;
  uint32_t max_batch = 0;
};
// Reasoned from rooflines until measured on a card. The gemv costs about 5 instructions a weight at
// batch 1 (decode, widening, one multiply-add) and one more for each further row; the tensor core
// kernel about 1.5, whatever the batch. A card hides, for 4.5 bits a weight, as many instructions
// as its lanes issue while that many bits arrive: T4 7, RTX 3090 11, L4 28, RTX 4090 23, RTX 5090
// 16, but A100 3.5 and H100 5 (peak rates of the vendors' data sheets).
std::span<const GemvRow> GemvRows();

FusedPlan PlanFused(::quantfleet::cuda::Capability capability, uint32_t multiprocessors,
                    const engine::LinearShape& shape);
// Tile of the tensor core kernel for a batch: wider ones decode a weight once for more tokens.
TileShape TensorCoreTile(uint32_t batch);
// Sums of the splits, then a counter a tile (see FusedArguments). Bytes; 0 without a split.
uint64_t SplitSumsBytes(const FusedPlan& plan, const engine::LinearShape& shape);
uint64_t SplitBytes(const FusedPlan& plan, const engine::LinearShape& shape);

// Largest kernel_relative by arithmetic; see LinearKernel::Tolerance.
double ToleranceOf(ActivationType type, const engine::LinearShape& shape);

// What int8 activations add to that, for standard normal x: a token's absmax is about
// sqrt(2 ln k) + 1 at most, its step the 127th part, the error of rounding 1 / sqrt(12) of a step
// in the root mean square; half as much again leaves room.
double Int8ActivationTolerance(const engine::LinearShape& shape);

// What "auto" stands for on `capability`: rows of each of `formats` as KernelTable::SetDispatch
// takes them.
std::vector<DispatchRow> DispatchRows(::quantfleet::cuda::Capability capability);

}  // namespace quantfleet::linear::cuda
