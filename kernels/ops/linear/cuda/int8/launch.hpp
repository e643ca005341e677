// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include <cuda_runtime_api.h>

#include "kernels/ops/linear/kernel.hpp"

// Products of int8 weights with int8 activations. Weights are tiled as the format int8 is
// (tiling/tiling.hpp); their steps give the length of a row of codes, zeros behind k.
namespace quantfleet::linear::cuda {

// Activations [batch, k] of `type` and what becomes of them. All in device memory.
struct Int8Activations {
  ActivationType type = ActivationType::kBf16;
  const void* x = nullptr;
  uint32_t batch = 0;
  uint32_t k = 0;
  uint32_t row_bytes = 0;         // of codes, a multiple of 128
  int8_t* codes = nullptr;        // [batch, row_bytes]
  float* scales = nullptr;        // [batch]
  uint8_t* is_outlier = nullptr;  // [k], llm_int8 only
  uint32_t* outliers = nullptr;   // [1 + k]: their number, then the columns, ascending
};

struct Int8Weights {
  const uint8_t* plane[3] = {};  // codes of both halves of a unit, fp32 a row
  uint32_t steps = 0;
  uint32_t n = 0;
};

// Codes and scale of each token, as formats::QuantizeToken.
cudaError_t LaunchQuantizeTokens(const Int8Activations& activations, cudaStream_t stream);

// LLM.int8(), as formats::OutlierColumns (threshold 6): two launches; and
// formats::QuantizeLlmInt8Row, whose absmax goes to `scales`.
cudaError_t LaunchFindOutliers(const Int8Activations& activations, cudaStream_t stream);
cudaError_t LaunchQuantizeInliers(const Int8Activations& activations, cudaStream_t stream);

// y = (codes of x) (codes of W)^T on int8 tensor cores: into `sums` [batch, n] as they are, or with
// `sums` nullptr into y [batch, n], times the scales of row and token.
cudaError_t LaunchInt8Product(const Int8Activations& activations, const Int8Weights& weights,
                              int32_t* sums, void* y, cudaStream_t stream);

// y = sums * absmax of the token * absmax of the row / 127^2.
cudaError_t LaunchScaleSums(const Int8Activations& activations, const Int8Weights& weights,
                            const int32_t* sums, void* y, cudaStream_t stream);
// y += the outlier columns of x times those of the decoded weights.
cudaError_t LaunchAddOutliers(const Int8Activations& activations, const Int8Weights& weights,
                              void* y, cudaStream_t stream);

}  // namespace quantfleet::linear::cuda
