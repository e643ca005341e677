// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstring>
#include <vector>

#include "kernels/formats/bitsandbytes/double_quant.hpp"
#include "kernels/formats/bitsandbytes/fp4.hpp"
#include "kernels/formats/bitsandbytes/fp4_double_quant.hpp"
#include "kernels/formats/bitsandbytes/nf4.hpp"
#include "kernels/formats/ieee/bf16.hpp"
#include "kernels/formats/ieee/fp16.hpp"
#include "kernels/formats/ieee/fp8_e4m3.hpp"
#include "kernels/formats/ieee/fp8_e5m2.hpp"
#include "kernels/formats/int8/int8.hpp"
#include "kernels/ops/linear/cpu/simd.hpp"

// For machines without Highway: correct, and as fast as the compiler makes plain loops. A GPU box
// checks its outputs with this.
namespace quantfleet::linear::cpu {
namespace {

constexpr uint64_t kBlockColumns = 1024;
// Sums kept apart, so that the compiler may use vectors without changing the order of additions.
constexpr uint64_t kSums = 16;

float LoadFloat(const std::byte* from) {
  float value = 0;
  std::memcpy(&value, from, sizeof(value));
  return value;
}

uint32_t Nibble(const PackedMatrix& m, uint64_t at) {
  const auto pair = static_cast<uint32_t>(m.packed[at / 2]);
  return at % 2 == 0 ? pair >> 4 : pair & 15U;
}

float Absmax(const PackedMatrix& m, uint64_t at) {
  const uint64_t block = at / formats::kNf4Block;
  if (m.code == WeightCode::kNf4 || m.code == WeightCode::kFp4) {
    return LoadFloat(m.packed + m.n * m.k / 2 + block * sizeof(float));
  }
  return formats::DecodeAbsmax(m.packed, formats::DoubleQuantLayout(m.n * m.k), block);
}

float DecodeOne(const PackedMatrix& m, uint64_t row, uint64_t i) {
  const uint64_t at = row * m.k + i;
  switch (m.code) {
    case WeightCode::kFp32:
      return LoadFloat(m.packed + at * sizeof(float));
    case WeightCode::kFp16: {
      uint16_t bits = 0;
      std::memcpy(&bits, m.packed + at * sizeof(bits), sizeof(bits));
      return formats::DecodeFp16(bits);
    }
    case WeightCode::kBf16: {
      uint16_t bits = 0;
      std::memcpy(&bits, m.packed + at * sizeof(bits), sizeof(bits));
      return formats::DecodeBf16(bits);
    }
    case WeightCode::kFp8E4m3:
      return formats::DecodeFp8E4m3(static_cast<uint8_t>(m.packed[at])) *
             LoadFloat(m.packed + m.n * m.k + row * sizeof(float));
    case WeightCode::kFp8E5m2:
      return formats::DecodeFp8E5m2(static_cast<uint8_t>(m.packed[at])) *
             LoadFloat(m.packed + m.n * m.k + row * sizeof(float));
    case WeightCode::kInt8:
      return formats::DecodeInt8(static_cast<int8_t>(m.packed[at]),
                                 LoadFloat(m.packed + m.n * m.k + row * sizeof(float)));
    case WeightCode::kNf4:
    case WeightCode::kNf4DoubleQuant:
      return formats::DecodeNf4(Nibble(m, at), Absmax(m, at));
    case WeightCode::kFp4:
      return formats::DecodeFp4(Nibble(m, at), Absmax(m, at));
    case WeightCode::kFp4DoubleQuant:
      return formats::DecodeFp4Signed(Nibble(m, at), Absmax(m, at));
  }
  return 0;
}

template <class Sum>
Sum Dot(const float* a, const float* b, uint64_t count) {
  Sum sums[kSums] = {};
  uint64_t i = 0;
  for (; i + kSums <= count; i += kSums) {
    for (uint64_t j = 0; j < kSums; ++j) {
      sums[j] += static_cast<Sum>(a[i + j]) * static_cast<Sum>(b[i + j]);
    }
  }
  Sum total = 0;
  for (const Sum sum : sums) total += sum;
  for (; i < count; ++i) total += static_cast<Sum>(a[i]) * static_cast<Sum>(b[i]);
  return total;
}

}  // namespace

std::string_view SimdTarget() {
  return "plain";
}

bool NeedsArranging(WeightCode) {
  return false;
}

void ArrangeActivations(const float* from, uint64_t rows, uint64_t k, float* to) {
  std::copy_n(from, rows * k, to);
}

uint64_t MultiplyScratchFloats() {
  return kBlockColumns;
}

void MultiplyRows(const PackedMatrix& m, const float* x, uint64_t batch, float* y, RowRange rows,
                  float* scratch) {
  for (uint64_t row = rows.begin; row < rows.end; ++row) {
    for (uint64_t b = 0; b < batch; ++b) y[b * m.n + row] = 0;
    for (uint64_t column = 0; column < m.k; column += kBlockColumns) {
      const uint64_t width = std::min(kBlockColumns, m.k - column);
      for (uint64_t i = 0; i < width; ++i) scratch[i] = DecodeOne(m, row, column + i);
      for (uint64_t b = 0; b < batch; ++b) {
        y[b * m.n + row] += Dot<float>(scratch, x + b * m.k + column, width);
      }
    }
  }
}

void DecodeRows(const PackedMatrix& m, RowRange rows, float* to) {
  for (uint64_t row = rows.begin; row < rows.end; ++row) {
    for (uint64_t i = 0; i < m.k; ++i) to[row * m.k + i] = DecodeOne(m, row, i);
  }
}

void MultiplyRowsFp64(const float* weights, uint64_t n, uint64_t k, const float* x, uint64_t batch,
                      double* y, RowRange rows) {
  for (uint64_t row = rows.begin; row < rows.end; ++row) {
    for (uint64_t b = 0; b < batch; ++b) {
      y[b * n + row] = Dot<double>(weights + row * k, x + b * k, k);
    }
  }
}

float SumFloats(const float* values, uint64_t count) {
  float sums[kSums] = {};
  uint64_t i = 0;
  for (; i + kSums <= count; i += kSums) {
    for (uint64_t j = 0; j < kSums; ++j) sums[j] += values[i + j];
  }
  float total = 0;
  for (const float sum : sums) total += sum;
  for (; i < count; ++i) total += values[i];
  return total;
}

}  // namespace quantfleet::linear::cpu
