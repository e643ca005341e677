// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include <cuda_runtime_api.h>

namespace quantfleet::linear::cuda {

// Starts `kernel` with one-dimensional blocks of `threads` and returns the launch's error. The one
// place where kernels of this folder start, so that tests can run them on a CPU.
template <typename... Arguments>
cudaError_t Start(void (*kernel)(Arguments...), dim3 grid, uint32_t threads, cudaStream_t stream,
                  Arguments... arguments) {
  void* pointers[] = {&arguments...};
  return cudaLaunchKernel(reinterpret_cast<const void*>(kernel), grid, dim3(threads), pointers, 0,
                          stream);
}

}  // namespace quantfleet::linear::cuda
