// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/ops/linear/cuda/halves.cuh"

namespace quantfleet::linear::cuda {

// 4-bit codes of any 16 values, two neighbouring weights a byte, the first in the high nibble: a
// table of all 256 pairs turns a byte into two 16-bit values with one read of shared memory. Every
// bank holds the whole table, so that lanes never wait for each other: 32 KiB.
template <typename Values>
struct PairTable {
  // The addresses of the look-ups take the registers that a second tile of rows would need.
  static constexpr int kWideTilesM = 1;
  static constexpr uint32_t kTableBytes = 256 * 32 * 4;

  template <typename Half>
  static __device__ void FillTable(uint32_t* table) {
    uint4* rows = reinterpret_cast<uint4*>(table);
    for (uint32_t i = threadIdx.x; i < kTableBytes / 16; i += blockDim.x) {
      const uint32_t byte = i / 8;
      const uint32_t pair = Half::Pack(Values::At(byte >> 4), Values::At(byte & 15U));
      rows[i] = {pair, pair, pair, pair};
    }
  }

  // Pairs of run `run` of a unit's 16 bytes.
  static __device__ void LookUp(const uint4& codes, int run, const uint32_t* table,
                                uint32_t (&pairs)[8]) {
    const uint32_t* bank = table + threadIdx.x % 32;
    const uint32_t words[2] = {run == 0 ? codes.x : codes.z, run == 0 ? codes.y : codes.w};
#pragma unroll
    for (int i = 0; i < 8; ++i) pairs[i] = bank[(words[i / 4] >> (8 * (i % 4)) & 0xFFU) * 32];
  }
};

}  // namespace quantfleet::linear::cuda
