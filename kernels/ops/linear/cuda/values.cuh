// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/formats/ieee/bf16.hpp"
#include "kernels/formats/ieee/fp16.hpp"
#include "kernels/ops/linear/cuda/halves.cuh"
#include "kernels/ops/linear/kernel.hpp"

namespace quantfleet::linear::cuda {

// Activations of a type known at run time only: for kernels that touch each value once.
__device__ inline float LoadValue(ActivationType type, const void* values, uint64_t i) {
  if (type == ActivationType::kFp32) return static_cast<const float*>(values)[i];
  const uint16_t bits = static_cast<const uint16_t*>(values)[i];
  return type == ActivationType::kBf16 ? formats::DecodeBf16(bits) : formats::DecodeFp16(bits);
}

__device__ inline void SaveValue(ActivationType type, void* values, uint64_t i, float value) {
  if (type == ActivationType::kFp32) {
    static_cast<float*>(values)[i] = value;
    return;
  }
  static_cast<uint16_t*>(values)[i] =
      type == ActivationType::kBf16 ? formats::EncodeBf16(value) : formats::EncodeFp16(value);
}

}  // namespace quantfleet::linear::cuda
