// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda_runtime_api.h>

#include "kernels/cuda/host/naming.hpp"
#include "kernels/cuda/runtime/lt_matmul.hpp"
#include "kernels/ops/linear/kernel.hpp"

namespace quantfleet::linear::cuda {

// What the kernels of one device share; outlives them.
struct KernelContext {
  cudaStream_t stream = nullptr;
  ::quantfleet::cuda::LtMatmul* matmul = nullptr;
  ::quantfleet::cuda::Capability capability;
  uint32_t multiprocessors = 0;
};

// Fills `table` with every CUDA kernel, those the device cannot run included (they say why), and
// the dispatch of "auto".
void RegisterCudaKernels(KernelTable& table, const KernelContext& context);

}  // namespace quantfleet::linear::cuda
