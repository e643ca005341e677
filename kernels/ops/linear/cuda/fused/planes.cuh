// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/ops/linear/cuda/halves.cuh"
#include "kernels/ops/linear/cuda/tiling/tiling.hpp"

namespace quantfleet::linear::cuda {

// A tiled matrix in device memory.
struct Planes {
  const uint8_t* plane[kMostPlanes];
  uint32_t steps;
  uint32_t n;
  uint32_t k;
};

// Where one lane's unit lies.
struct Place {
  uint32_t tile;
  uint32_t row;  // in the tile
  uint32_t step;
  uint32_t member;  // unit of the step

  template <typename T>
  __device__ const T* Unit(const Planes& planes, uint32_t plane) const {
    const uint64_t first = static_cast<uint64_t>(tile) * planes.steps + step;
    const uint64_t index = (first * kTileRows + row) * kStepUnits + member;
    return reinterpret_cast<const T*>(planes.plane[plane]) + index;
  }
  // Element shared by kUnits units.
  template <typename T, uint32_t kUnits>
  __device__ const T* Shared(const Planes& planes, uint32_t plane) const {
    const uint32_t elements = planes.steps * kStepUnits / kUnits;
    const uint32_t element = (step * kStepUnits + member) / kUnits;
    const uint64_t index = (static_cast<uint64_t>(tile) * elements + element) * kTileRows + row;
    return reinterpret_cast<const T*>(planes.plane[plane]) + index;
  }
};

// A codec is how the fused kernels read a format:
//   Raw                 registers of one unit, codes and scales as loaded
//   Load(planes, place, raw) fills them
//   Codes<Half>(raw, run, table, pairs)
//                       16 weights (run 0 or 1 of the unit) as 8 pairs of 16-bit values, exact but
//                       for their scale
//   kScaling            kRow: RowScale(planes, row) multiplies the finished sum; kRun:
//   Scale(planes,
//                       raw, place, run) multiplies the run
//   kHasMinimum         Minimum(planes, raw, place, run) is subtracted from each scaled weight
//   kWideTilesM         tiles of 16 rows that the widest tensor core tile takes without spilling
//   kTableBytes         shared memory that FillTable<Half>(table) fills and Codes reads
enum class Scaling { kRow, kRun };

// For codecs without a table.
struct NoTable {
  static constexpr int kWideTilesM = 2;
  static constexpr uint32_t kTableBytes = 0;
  template <typename Half>
  static __device__ void FillTable(uint32_t* table) {
    (void)table;
  }
};

}  // namespace quantfleet::linear::cuda
