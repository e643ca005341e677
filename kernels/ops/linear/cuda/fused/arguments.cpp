// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/ops/linear/cuda/fused/arguments.hpp"

namespace quantfleet::linear::cuda {

FusedArguments FusedArgumentsOf(const Tiling& tiling, const FusedPlan& plan,
                                const LinearCall& call) {
  const auto [n, k, batch] = call.shape;
  const TiledShape tiled = ShapeOf(tiling, n, k);
  FusedArguments arguments = {{}, tiled.steps, call.x, call.y, n, k, batch, nullptr, nullptr};
  const uint32_t parts = tiling.plane_count + (tiling.tail != nullptr ? 1 : 0);
  for (uint32_t i = 0; i < parts; ++i) {
    arguments.plane[i] = reinterpret_cast<const uint8_t*>(call.weights) + tiled.offsets[i];
  }
  if (plan.splits > 1) {
    arguments.partials = reinterpret_cast<float*>(call.scratch);
    arguments.arrivals =
        reinterpret_cast<uint32_t*>(call.scratch + SplitSumsBytes(plan, call.shape));
  }
  return arguments;
}

}  // namespace quantfleet::linear::cuda
