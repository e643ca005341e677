// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// As much of CUDA as the kernels of kernels/ops/linear/cuda use, on a CPU: the headers beside this
// one stand in for the toolkit's, each CUDA thread is a host thread, blocks run one after the
// other. Index arithmetic, predicates, shared memory and warp collectives are the kernels' own, so
// that a machine without a GPU can check them; rounding of mma sums and all timing are not the
// device's.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <functional>

#define __global__
#define __device__
#define __host__
#define __constant__
#define __launch_bounds__(...)
// Blocks run one at a time: what a block shares can be shared by all.
#define __shared__ static

struct dim3 {
  unsigned x = 1;
  unsigned y = 1;
  unsigned z = 1;
  dim3() = default;
  dim3(unsigned x_size, unsigned y_size = 1, unsigned z_size = 1)  // NOLINT: as CUDA's
      : x(x_size), y(y_size), z(z_size) {}
};
struct uint2 {
  uint32_t x, y;
};
struct uint4 {
  uint32_t x, y, z, w;
};
struct float2 {
  float x, y;
};
struct float4 {
  float x, y, z, w;
};

enum cudaError_t { cudaSuccess = 0, cudaErrorInvalidValue = 1 };
using cudaStream_t = struct CUstream_st*;

extern thread_local dim3 threadIdx;
extern thread_local dim3 blockIdx;
extern dim3 blockDim;
extern dim3 gridDim;

void __syncthreads();
void __syncwarp();
float __shfl_xor_sync(unsigned mask, float value, int distance);

// Threads run as the host orders them: what one has written the others see.
inline void __threadfence() {}
inline uint32_t atomicAdd(uint32_t* address, uint32_t value) {
  return __atomic_fetch_add(address, value, __ATOMIC_SEQ_CST);
}
inline int __popc(uint32_t bits) {
  return __builtin_popcount(bits);
}
inline uint32_t min(uint32_t a, uint32_t b) {
  return std::min(a, b);
}
template <typename T>
T __ldg(const T* address) {
  return *address;
}
template <typename T>
T __ldcs(const T* address) {
  return *address;
}
template <typename T>
T __ldcg(const T* address) {
  return *address;
}
inline float __uint_as_float(uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, sizeof(value));
  return value;
}
inline uint32_t __float_as_uint(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  return bits;
}
// PTX prmt, default mode without sign replication: nibble i of the selector picks byte i of the
// result from the eight bytes of (y, x).
inline uint32_t __byte_perm(uint32_t x, uint32_t y, uint32_t selector) {
  const uint64_t bytes = static_cast<uint64_t>(y) << 32 | x;
  uint32_t result = 0;
  for (int i = 0; i < 4; ++i) {
    const uint32_t pick = selector >> (4 * i) & 7;
    result |= static_cast<uint32_t>(bytes >> (8 * pick) & 0xFF) << (8 * i);
  }
  return result;
}

namespace emulation {

// Runs `thread` once for every thread of every block.
void Run(dim3 grid, unsigned threads, const std::function<void()>& thread);

// D += A B as the PTX ISA defines mma.m16n8k16 (fragments: "Matrix Fragments for mma.m16n8k16 with
// floating point type"), for 16-bit operands that `widen` turns into floats.
void Mma(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2], float (*widen)(uint16_t));

// The same for mma.m16n8k32 with int8 operands and int32 sums.
void Mma(int32_t (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]);

}  // namespace emulation
