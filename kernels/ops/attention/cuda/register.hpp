// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include <cuda_runtime_api.h>

#include "kernels/cuda/host/naming.hpp"
#include "kernels/ops/attention/kernel.hpp"

namespace quantfleet::attention::cuda {

// What the kernels of one device share.
struct KernelContext {
  cudaStream_t stream = nullptr;
  ::quantfleet::cuda::Capability capability;
  uint32_t multiprocessors = 0;
};

// Every CUDA kernel of attention and the dispatch of "auto".
KernelTable RegisterCudaKernels(const KernelContext& context);

}  // namespace quantfleet::attention::cuda
