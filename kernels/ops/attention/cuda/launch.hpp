// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include <cuda_runtime_api.h>

#include "kernels/ops/attention/kv_cache.hpp"

// Starts the kernels of this folder. Host code calls them; nvcc compiles their bodies. All pointers
// are the device's. Each returns the launch's error and does not wait.
namespace quantfleet::attention::cuda {

// A packed cache (kv_cache.hpp). Vectors begin at multiples of 8 bytes, of 16 where a value has 16
// bits or more: head_dimension is a multiple of 16.
struct CachePointers {
  const uint8_t* keys = nullptr;
  const uint8_t* values = nullptr;
  // nullptr for unscaled formats.
  const uint16_t* key_scales = nullptr;
  const uint16_t* value_scales = nullptr;
};

// Queries and output are fp32 for a cache of fp32 and fp16 for all others, laid out as
// AttentionCall says.
struct AttendArguments {
  CachePointers cache;
  const void* queries = nullptr;
  void* output = nullptr;
  // PartialFloats(...) floats (plan.hpp) when splits > 1.
  float* partials = nullptr;
  uint32_t query_heads = 0;
  uint32_t key_value_heads = 0;
  uint32_t head_dimension = 0;
  uint32_t context = 0;
  uint32_t query_tokens = 0;
  uint32_t window = 0;
  uint32_t batch = 0;
  // Runs of tokens that blocks of their own work on.
  uint32_t splits = 1;
};

// Decodes in registers, one group of lanes a token, no tensor cores; the tokens are split over
// blocks, whose results a second kernel merges. Any query_tokens.
cudaError_t LaunchSplitKv(KvCode code, const AttendArguments& arguments, cudaStream_t stream);

// Tensor cores: tiles of keys and values become fp16 in shared memory. Not for fp32;
// cudaErrorInvalidValue. Ignores splits.
cudaError_t LaunchPrefill(KvCode code, const AttendArguments& arguments, cudaStream_t stream);

// Decodes `vectors` vectors of a scaled or 8-bit format to fp16, nearest even.
cudaError_t LaunchMaterialize(KvCode code, const uint8_t* codes, const uint16_t* scales,
                              uint64_t vectors, uint32_t head_dimension, void* to,
                              cudaStream_t stream);

}  // namespace quantfleet::attention::cuda
