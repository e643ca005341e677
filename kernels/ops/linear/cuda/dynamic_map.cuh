// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/formats/bitsandbytes/dynamic_map.hpp"
#include "kernels/ops/linear/cuda/halves.cuh"

namespace quantfleet::linear::cuda {

struct DynamicMapTable {
  float positive[formats::kDynamicMapPositives];
};
constexpr DynamicMapTable CopyOfDynamicMap() {
  DynamicMapTable table{};
  for (uint32_t i = 0; i < formats::kDynamicMapPositives; ++i) {
    table.positive[i] = formats::kDynamicMapPositive[i];
  }
  return table;
}
// The host's table where device code can index it; in global memory, since the lanes of a warp ask
// for different entries.
static __device__ const DynamicMapTable kDeviceDynamicMap = CopyOfDynamicMap();

// As formats::DynamicMap()[code].
__device__ inline float DynamicMapValue(uint32_t code) {
  const auto distance = static_cast<int32_t>(code) - static_cast<int32_t>(formats::kDynamicMapZero);
  if (distance == 0) return 0;
  return distance > 0 ? kDeviceDynamicMap.positive[distance - 1]
                      : -kDeviceDynamicMap.positive[-distance - 1];
}

}  // namespace quantfleet::linear::cuda
