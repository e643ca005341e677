// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/status.hpp"
#include "kernels/cpu/thread_pool.hpp"
#include "kernels/ops/linear/cpu/int8/dots.hpp"
#include "kernels/ops/linear/cpu/split.hpp"
#include "kernels/ops/linear/kernel.hpp"

namespace quantfleet::linear::cpu {

// Where a kernel with int8 activations keeps what its passes hand on, in its scratch.
struct Parts {
  // Integer sums, [batch, n].
  int32_t* sums = nullptr;
  // A number of each token: its scale, or its absmax.
  float* scales = nullptr;
  // Codes of x, [batch, k], and the same widened to 16 bits.
  std::byte* codes = nullptr;
  int16_t* words = nullptr;
  // First byte after the parts above, and bytes of all, rounded up to whole lines.
  std::byte* end = nullptr;
  uint64_t bytes = 0;
};

inline uint64_t WholeLines(uint64_t bytes) {
  return (bytes + 63) / 64 * 64;
}

inline Parts Lay(const engine::LinearShape& shape, std::byte* scratch) {
  const uint64_t values = uint64_t{shape.batch} * shape.k;
  const uint64_t sums = WholeLines(uint64_t{shape.batch} * shape.n * sizeof(int32_t));
  const uint64_t scales = WholeLines(shape.batch * sizeof(float));
  const uint64_t codes = WholeLines(values);
  const uint64_t words = WholeLines(values * sizeof(int16_t));
  Parts parts;
  parts.bytes = sums + scales + codes + words;
  if (scratch == nullptr) return parts;
  parts.sums = reinterpret_cast<int32_t*>(scratch);
  parts.scales = reinterpret_cast<float*>(scratch + sums);
  parts.codes = scratch + sums + scales;
  parts.words = reinterpret_cast<int16_t*>(scratch + sums + scales + codes);
  parts.end = scratch + parts.bytes;
  return parts;
}

inline Status CheckDotShape(const engine::LinearShape& shape) {
  if (shape.k <= kMostDotColumns) return OkStatus();
  return Unimplemented("int32 sums hold at most " + std::to_string(kMostDotColumns) +
                       " columns, not " + std::to_string(shape.k));
}

// Relative error that a row of k normal values has from rounding to 127 steps of its absmax. The
// error is uniform in half a step, so its deviation is absmax / 127 / sqrt(12); the largest of k
// normal magnitudes is below sqrt(2 ln 2k) more often than not (extreme value theory; 0.9 % at
// k = 4096).
inline double TokenRoundingError(uint64_t k) {
  return std::sqrt(2 * std::log(2.0 * static_cast<double>(k))) / 127 / std::sqrt(12.0);
}

// Calls quantize(row, codes) for each token, which returns what parts.scales keeps, and widens the
// codes. Over all threads.
template <class Quantize>
void QuantizeTokens(quantfleet::cpu::ThreadPool& pool, const engine::LinearShape& shape,
                    const Parts& parts, const Quantize& quantize) {
  const uint64_t k = shape.k;
  const uint64_t threads = pool.threads();
  pool.Run([&](uint32_t thread) {
    const uint64_t end = shape.batch * (thread + uint64_t{1}) / threads;
    for (uint64_t row = shape.batch * uint64_t{thread} / threads; row < end; ++row) {
      std::byte* const codes = parts.codes + row * k;
      parts.scales[row] = quantize(row, codes);
      for (uint64_t i = 0; i < k; ++i) {
        parts.words[row * k + i] = static_cast<int8_t>(codes[i]);
      }
    }
  });
}

}  // namespace quantfleet::linear::cpu
