// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "kernels/ops/attention/cpu/simd.hpp"

// For machines without Highway: correct, and as fast as the compiler makes plain loops.
namespace quantfleet::attention::cpu {
namespace {

const KvFormat& FormatOf(KvCode code) {
  return *std::find_if(AllKvFormats().begin(), AllKvFormats().end(),
                       [&](const KvFormat& format) { return format.code == code; });
}

float Dot(const float* a, const float* b, uint32_t count) {
  // Sums kept apart, so that the compiler may use vectors without changing the order of additions.
  float sums[kDimensionUnit] = {};
  for (uint32_t i = 0; i < count; i += kDimensionUnit) {
    for (uint32_t j = 0; j < kDimensionUnit; ++j) sums[j] += a[i + j] * b[i + j];
  }
  float total = 0;
  for (const float sum : sums) total += sum;
  return total;
}

}  // namespace

std::string_view SimdTarget() {
  return "plain";
}

uint64_t AttendScratchFloats(uint32_t head_dimension, uint32_t) {
  return 2 * uint64_t{head_dimension};
}

void AttendTokens(const HeadCache& head, TokenRange tokens, const SoftmaxRows& rows,
                  float* scratch) {
  const uint32_t dimension = head.head_dimension;
  const uint64_t bytes = VectorBytes(FormatOf(head.code), dimension);
  const auto scale_at = [](const std::byte* scales, uint64_t token) {
    return scales == nullptr ? nullptr : scales + token * sizeof(uint16_t);
  };
  float* const key = scratch;
  float* const value = scratch + dimension;
  for (uint64_t token = tokens.begin; token < tokens.end; ++token) {
    DecodeVectors(head.code, head.keys + token * bytes, scale_at(head.key_scales, token), 1,
                  dimension, key);
    DecodeVectors(head.code, head.values + token * bytes, scale_at(head.value_scales, token), 1,
                  dimension, value);
    for (uint32_t row = 0; row < rows.rows; ++row) {
      if (token < rows.visible[row].begin || token >= rows.visible[row].end) continue;
      const float score = Dot(rows.queries + row * dimension, key, dimension);
      const float maximum = std::max(score, rows.maximum[row]);
      const float weight = std::exp(score - maximum);
      const float correction = std::exp(rows.maximum[row] - maximum);
      rows.maximum[row] = maximum;
      rows.sum[row] = rows.sum[row] * correction + weight;
      float* const output = rows.output + row * dimension;
      for (uint32_t i = 0; i < dimension; ++i) {
        output[i] = output[i] * correction + weight * value[i];
      }
    }
  }
}

void DecodeVectors(KvCode code, const std::byte* codes, const std::byte* scales, uint64_t count,
                   uint32_t head_dimension, float* to) {
  DecodeKvVectors(FormatOf(code), codes, scales, count, head_dimension, to);
}

}  // namespace quantfleet::attention::cpu
