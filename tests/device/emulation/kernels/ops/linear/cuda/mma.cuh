// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/formats/ieee/bf16.hpp"
#include "kernels/ops/linear/cuda/halves.cuh"
#include "tests/device/emulation/device.hpp"

namespace quantfleet::linear::cuda {

inline void MultiplyAccumulate(Bf16, float (&d)[4], const uint32_t (&a)[4],
                               const uint32_t (&b)[2]) {
  emulation::Mma(d, a, b, formats::DecodeBf16);
}
inline void MultiplyAccumulate(Fp16, float (&d)[4], const uint32_t (&a)[4],
                               const uint32_t (&b)[2]) {
  emulation::Mma(d, a, b, [](uint16_t bits) { return __half2float({bits}); });
}

inline void MultiplyAccumulate(int32_t (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
  emulation::Mma(d, a, b);
}

}  // namespace quantfleet::linear::cuda
