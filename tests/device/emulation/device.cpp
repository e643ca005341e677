// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "tests/device/emulation/device.hpp"

#include <array>
#include <barrier>
#include <memory>
#include <thread>
#include <vector>

thread_local dim3 threadIdx;
thread_local dim3 blockIdx;
dim3 blockDim;
dim3 gridDim;

namespace emulation {
namespace {

constexpr unsigned kWarp = 32;

// What the lanes of a warp show each other.
struct Warp {
  std::barrier<> barrier{kWarp};
  std::array<float, kWarp> values{};
  std::array<std::array<uint32_t, 4>, kWarp> a{};
  std::array<std::array<uint32_t, 2>, kWarp> b{};
};

std::unique_ptr<std::barrier<>> block_barrier;
std::vector<std::unique_ptr<Warp>> warps;

Warp& ThisWarp() {
  return *warps[threadIdx.x / kWarp];
}

uint16_t HalfOf(uint32_t pair, unsigned index) {
  return static_cast<uint16_t>(index == 0 ? pair & 0xFFFF : pair >> 16);
}

}  // namespace

void Run(dim3 grid, unsigned threads, const std::function<void()>& thread) {
  gridDim = grid;
  blockDim = dim3(threads);
  block_barrier = std::make_unique<std::barrier<>>(threads);
  warps.clear();
  for (unsigned i = 0; i < threads / kWarp; ++i) warps.push_back(std::make_unique<Warp>());
  std::vector<std::jthread> pool;
  for (unsigned i = 0; i < threads; ++i) {
    pool.emplace_back([&, i] {
      const unsigned blocks = grid.x * grid.y * grid.z;
      for (unsigned block = 0; block < blocks; ++block) {
        threadIdx = dim3(i);
        blockIdx = dim3(block % grid.x, block / grid.x % grid.y, block / grid.x / grid.y);
        thread();
        block_barrier->arrive_and_wait();
      }
    });
  }
}

void Mma(float (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2], float (*widen)(uint16_t)) {
  Warp& warp = ThisWarp();
  const unsigned lane = threadIdx.x % kWarp;
  std::copy(std::begin(a), std::end(a), warp.a[lane].begin());
  std::copy(std::begin(b), std::end(b), warp.b[lane].begin());
  warp.barrier.arrive_and_wait();
  for (unsigned i = 0; i < 4; ++i) {
    const unsigned row = lane / 4 + (i < 2 ? 0 : 8);
    const unsigned column = lane % 4 * 2 + i % 2;
    float sum = 0;
    for (unsigned k = 0; k < 16; ++k) {
      // Element k sits with the lane k % 8 / 2 of its group of four, in register pair k / 8.
      const unsigned member = k % 8 / 2;
      const uint32_t a_pair = warp.a[row % 8 * 4 + member][(k / 8) * 2 + row / 8];
      const uint32_t b_pair = warp.b[column * 4 + member][k / 8];
      sum += widen(HalfOf(a_pair, k % 2)) * widen(HalfOf(b_pair, k % 2));
    }
    d[i] += sum;
  }
  warp.barrier.arrive_and_wait();
}

void Mma(int32_t (&d)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
  Warp& warp = ThisWarp();
  const unsigned lane = threadIdx.x % kWarp;
  std::copy(std::begin(a), std::end(a), warp.a[lane].begin());
  std::copy(std::begin(b), std::end(b), warp.b[lane].begin());
  warp.barrier.arrive_and_wait();
  for (unsigned i = 0; i < 4; ++i) {
    const unsigned row = lane / 4 + (i < 2 ? 0 : 8);
    const unsigned column = lane % 4 * 2 + i % 2;
    for (unsigned k = 0; k < 32; ++k) {
      // Element k sits with the lane k % 16 / 4 of its group of four, byte k % 4 of register k
      // / 16.
      const unsigned member = k % 16 / 4;
      const uint32_t a_word = warp.a[row % 8 * 4 + member][(k / 16) * 2 + row / 8];
      const uint32_t b_word = warp.b[column * 4 + member][k / 16];
      d[i] += static_cast<int8_t>(a_word >> (8 * (k % 4))) *
              static_cast<int8_t>(b_word >> (8 * (k % 4)));
    }
  }
  warp.barrier.arrive_and_wait();
}

}  // namespace emulation

void __syncthreads() {
  emulation::block_barrier->arrive_and_wait();
}

void __syncwarp() {
  emulation::ThisWarp().barrier.arrive_and_wait();
}

float __shfl_xor_sync(unsigned, float value, int distance) {
  emulation::Warp& warp = emulation::ThisWarp();
  const unsigned lane = threadIdx.x % emulation::kWarp;
  warp.values[lane] = value;
  warp.barrier.arrive_and_wait();
  const float other = warp.values[lane ^ static_cast<unsigned>(distance)];
  warp.barrier.arrive_and_wait();
  return other;
}
