// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/status.hpp"
#include "kernels/cuda/host/naming.hpp"
#include "kernels/engine/messages.hpp"
#include "kernels/ops/attention/kernel.hpp"
#include "kernels/ops/attention/kv_cache.hpp"

// Which kernel runs what: decisions only, no CUDA, so that they are tested without a GPU.
namespace quantfleet::attention::cuda {

// fp32 beside a cache of fp32, fp16 beside all others.
ActivationType ActivationOf(KvCode code);

// kUnimplemented with the reason where nothing of this folder runs on the device.
Status DeviceStatus(::quantfleet::cuda::Capability capability);
// Kernels read 8 values at once and hold a vector in at most a warp: head_dimension is a multiple
// of 16 up to 256. kUnimplemented with the reason otherwise.
Status ShapeStatus(const engine::AttentionShape& shape);

// True where the rows that share a head of the cache fill a good part of a tile of 64: then tensor
// cores are used, which take fp16 and what becomes it exactly. The limit of 16 rows, one mma, is a
// guess until it is measured.
bool UsesTensorCores(KvCode code, const engine::AttentionShape& shape);

// Runs of tokens that the split kernel's blocks work on: as many as fill the device four times
// over, each at least 256 tokens long; at most 64, which are merged one after the other.
uint32_t SplitsOf(const engine::AttentionShape& shape, uint32_t multiprocessors);
// Floats of the partial results of that many runs; 0 for one.
uint64_t PartialFloats(const engine::AttentionShape& shape, uint32_t splits);

// Largest kernel_relative by arithmetic; see AttentionKernel::Tolerance.
double ToleranceOf(KvCode code, const engine::AttentionShape& shape);

// What "auto" stands for, for KernelTable::SetDispatch. Fused everywhere: not measured on a GPU
// yet.
std::vector<DispatchRow> DispatchRows();

}  // namespace quantfleet::attention::cuda
