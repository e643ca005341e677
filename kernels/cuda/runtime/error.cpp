// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/cuda/runtime/error.hpp"

#include <string>

namespace quantfleet::cuda {
namespace {

// The error is sticky if the runtime still reports it after it was cleared.
bool ContextIsSpoilt() {
  cudaGetLastError();
  return cudaPeekAtLastError() != cudaSuccess;
}

}  // namespace

Status StatusOf(cudaError_t error, const char* expression, const char* file, int line) {
  if (error == cudaSuccess) return OkStatus();
  std::string message = std::string(cudaGetErrorName(error)) + ": " + cudaGetErrorString(error) +
                        " from " + expression + " (" + file + ":" + std::to_string(line) + ")";
  const bool spoilt = ContextIsSpoilt();
  if (error == cudaErrorMemoryAllocation) return ResourceExhausted(std::move(message));
  if (spoilt) message += "; the CUDA context is lost, only a new process helps";
  return Internal(std::move(message));
}

}  // namespace quantfleet::cuda
