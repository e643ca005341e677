// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "kernels/ops/linear/cuda/plan.hpp"
#include "kernels/ops/linear/cuda/tiling/tiling.hpp"
#include "kernels/ops/linear/kernel.hpp"

namespace quantfleet::linear::cuda {

// y = x W^T with tiled weights; x [batch, k] and y [batch, n] of the kernel's 16-bit type.
struct FusedArguments {
  const uint8_t* plane[kMostPlanes];
  uint32_t steps;
  const void* x;
  void* y;
  uint32_t n;
  uint32_t k;
  uint32_t batch;
  // Where k is split over several blocks: their sums, and for each tile a count of those that have
  // come, 0 before and after the call. nullptr without a split.
  float* partials;
  uint32_t* arrivals;
};

// The arguments of one call with weights tiled by `tiling`; its scratch holds the sums of the
// splits.
FusedArguments FusedArgumentsOf(const Tiling& tiling, const FusedPlan& plan,
                                const LinearCall& call);

}  // namespace quantfleet::linear::cuda
