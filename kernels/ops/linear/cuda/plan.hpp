// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/status.hpp"
#include "kernels/cuda/host/naming.hpp"
#include "kernels/engine/messages.hpp"
#include "kernels/ops/linear/kernel.hpp"

// Which kernel runs what: decisions only, no CUDA, so that they are tested without a GPU.
namespace quantfleet::linear::cuda {

// Type of activations, outputs and decoded weights beside the formats other than fp32: bf16, or
// fp16 on sm_75, which has no bf16.
ActivationType HalfTypeOf(::quantfleet::cuda::Capability capability);

// kUnimplemented with the reason where a format and kernel cannot run on the device at all.
Status DeviceStatus(std::string_view format, std::string_view kernel,
                    ::quantfleet::cuda::Capability capability);

// The fused kernels read rows in 16-byte pieces: int8 wants k in multiples of 16, nf4 whole blocks
// of 64 in a row. kUnimplemented with the reason otherwise.
Status FusedShapeStatus(std::string_view format, const engine::LinearShape& shape);

enum class FusedKernel { kGemv, kTensorCore };

// Largest batch of the kernel without tensor cores. The decode costs the same for any batch, the
// multiply-adds grow with it: 2 a weight are what one cycle of decode hides. (bitsandbytes 0.50
// changes over after 3, csrc/gemm_4bit.cu; not measured here.)
inline constexpr uint32_t kGemvMaxBatch = 2;
FusedKernel ChooseFused(uint32_t batch);

// Threads that share a row of the gemv: 8 when a row has few 16-byte chunks, else a warp.
uint32_t GemvLanes(uint32_t k, uint32_t weights_per_chunk);

// Largest kernel_relative by arithmetic; see LinearKernel::Tolerance.
double ToleranceOf(ActivationType type, const engine::LinearShape& shape);

// What "auto" stands for: for each format its rows, as KernelTable::SetDispatch takes them. The
// change to dequantize_then_gemm is a guess that peers' tables support (bitsandbytes 0.50
// backends/cuda/ops.py: 64 rows on sm_80, 128 on sm_89); a measured crossover is to replace it.
std::vector<DispatchRow> DispatchRows();

}  // namespace quantfleet::linear::cuda
