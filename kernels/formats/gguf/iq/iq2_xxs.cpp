// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/formats/gguf/iq/iq2_xxs.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "kernels/formats/block_format.hpp"
#include "kernels/formats/gguf/iq/grid_search.hpp"
#include "kernels/formats/gguf/iq/positive_scale.hpp"
#include "kernels/formats/gguf/k/nearest_integer.hpp"
#include "kernels/formats/gguf/k/origin_fit.hpp"
#include "kernels/formats/gguf/k/packing.hpp"

namespace quantfleet::formats {
namespace {

constexpr uint32_t kGroups = Iq2Xxs::kBlock / Iq2Xxs::kGroup;
constexpr uint32_t kPoint = 8;
constexpr uint32_t kPointsPerGroup = Iq2Xxs::kGroup / kPoint;
constexpr int32_t kCodes = 3;

// The grid and the signs spelled out: eight floats each.
struct DecodeTables {
  using Eight = std::array<float, kPoint>;
  std::array<Eight, 256> magnitudes;
  std::array<Eight, 256> signs;

  DecodeTables() {
    for (uint32_t i = 0; i < 256; ++i) {
      for (uint32_t e = 0; e < kPoint; ++e) {
        const uint32_t code = (Iq2XxsGridPoint(i) >> (2 * e)) & 3U;
        magnitudes[i][e] = static_cast<float>(Iq2Xxs::Magnitude(code));
        signs[i][e] = ((i >> e) & 1U) != 0 ? -1.0F : 1.0F;
      }
    }
  }
};

void DecodeBlock(const uint8_t* block, float* weights) {
  static const DecodeTables kTables;
  for (uint32_t n = 0; n < Iq2Xxs::kBlock / kPoint; ++n) {
    const float scale = Iq2Xxs::Scale(block, n / kPointsPerGroup);
    const DecodeTables::Eight& magnitudes = kTables.magnitudes[Iq2Xxs::GridIndex(block, n)];
    const DecodeTables::Eight& signs = kTables.signs[Iq2Xxs::Signs(block, n)];
    DecodeTables::Eight decoded;
    for (uint32_t e = 0; e < kPoint; ++e) decoded[e] = scale * magnitudes[e] * signs[e];
    std::copy(decoded.begin(), decoded.end(), weights + size_t{n} * kPoint);
  }
}

// One group of 32 on its way into the block.
struct Group {
  std::array<float, Iq2Xxs::kGroup> magnitudes;
  std::array<float, Iq2Xxs::kGroup> importance;
  // Square roots of the importance.
  std::array<float, Iq2Xxs::kGroup> roots;
  // Four fields of 7 bits.
  uint32_t signs = 0;
  std::array<uint8_t, kPointsPerGroup> points = {};
  float scale = 0;
};

// Splits weights into signs and magnitudes. Each eight must have an even number of minus signs:
// else the least important weight changes its sign, and its magnitude becomes negative.
void TakeSigns(const float* weights, Group* group) {
  for (uint32_t n = 0; n < kPointsPerGroup; ++n) {
    uint32_t signs = 0;
    bool odd = false;
    uint32_t least = n * kPoint;
    float least_importance = 0;
    for (uint32_t i = n * kPoint; i < (n + 1) * kPoint; ++i) {
      const bool negative = weights[i] < 0;
      group->magnitudes[i] = negative ? -weights[i] : weights[i];
      signs |= (negative ? 1U : 0U) << (i % kPoint);
      odd = odd != negative;
      const float importance = group->importance[i] * weights[i] * weights[i];
      if (i == n * kPoint || importance < least_importance) {
        least = i;
        least_importance = importance;
      }
    }
    if (odd) {
      group->magnitudes[least] = -group->magnitudes[least];
      signs ^= 1U << (least % kPoint);
    }
    group->signs |= (signs & 127U) << (7 * n);
  }
}

using Points = std::array<uint8_t, kPointsPerGroup>;

// Grid points of a group in units of scale = 1 / inverse, where code c stands for 2 c + 1.
Points RoundToGrid(const Group& group, float inverse, float scale) {
  uint8_t codes[Iq2Xxs::kGroup];
  for (uint32_t i = 0; i < Iq2Xxs::kGroup; ++i) {
    codes[i] = static_cast<uint8_t>(
        k_quants::NearestInteger(0.5F * (inverse * group.magnitudes[i] - 1), 0, kCodes - 1));
  }
  Points points;
  for (uint32_t n = 0; n < kPointsPerGroup; ++n) {
    uint32_t word = 0;
    for (uint32_t e = 0; e < kPoint; ++e) word |= uint32_t{codes[n * kPoint + e]} << (2 * e);
    const size_t first = size_t{n} * kPoint;
    points[n] =
        Iq2XxsGridSearch::Get().Nearest(word, &group.magnitudes[first], &group.roots[first], scale);
  }
  return points;
}

// Least-squares fit of magnitude = scale (2 code + 1).
k_quants::OriginFit FitPoints(const Group& group, const Points& points) {
  k_quants::OriginFit fit;
  for (uint32_t i = 0; i < Iq2Xxs::kGroup; ++i) {
    const uint32_t code = (Iq2XxsGridPoint(points[i / kPoint]) >> (i % kPoint * 2)) & 3U;
    fit.Add(group.importance[i], group.magnitudes[i], static_cast<float>(2 * code + 1));
  }
  return fit;
}

// Finds scale and points of a group whose signs are taken; leaves both 0 for weights near 0.
void FitGroup(Group* group) {
  const float max = *std::max_element(group->magnitudes.begin(), group->magnitudes.end());
  if (max < k_quants::kNoWeight) {
    group->signs = 0;
    return;
  }
  float scale = FitPositiveScale(group->magnitudes, group->importance.data(), kCodes + 1);
  const float reach = scale * kCodes;
  if (!(reach > 0)) {
    group->signs = 0;
    return;
  }
  float best = 0;
  for (int32_t step = -6; step <= 6; ++step) {
    const float inverse = (2 * kCodes - 1 + static_cast<float>(step) * 0.1F) / reach;
    const Points points = RoundToGrid(*group, inverse, 1 / inverse);
    const k_quants::OriginFit fit = FitPoints(*group, points);
    if (!(fit.wqq > 0) || !(fit.wqx * fit.wqx > best * fit.wqq)) continue;
    scale = fit.wqx / fit.wqq;
    best = scale * fit.wqx;
    group->points = points;
  }
  if (scale > 0) {
    group->points = RoundToGrid(*group, 1 / scale, scale);
    const k_quants::OriginFit fit = FitPoints(*group, group->points);
    if (fit.wqq > 0) scale = fit.wqx / fit.wqq;
  }
  // A scale has no sign of its own.
  if (scale < 0) group->signs = ~group->signs & 0x0FFFFFFFU;
  group->scale = std::abs(scale);
}

bool EncodeBlock(const float* weights, uint8_t* block) {
  float sum = 0;
  for (uint32_t i = 0; i < Iq2Xxs::kBlock; ++i) sum += weights[i] * weights[i];
  const float variance = sum / Iq2Xxs::kBlock;
  std::array<Group, kGroups> groups;
  float largest = 0;
  for (uint32_t g = 0; g < kGroups; ++g) {
    const float* const from = weights + size_t{g} * Iq2Xxs::kGroup;
    for (uint32_t i = 0; i < Iq2Xxs::kGroup; ++i) {
      groups[g].importance[i] = std::sqrt(variance + from[i] * from[i]);
      groups[g].roots[i] = std::sqrt(groups[g].importance[i]);
    }
    TakeSigns(from, &groups[g]);
    FitGroup(&groups[g]);
    largest = std::max(largest, groups[g].scale);
  }
  std::fill(block, block + Iq2Xxs::kBytes, uint8_t{0});
  if (largest == 0) return true;
  const float d = largest / 31;
  const float inverse = 1 / d;
  for (uint32_t g = 0; g < kGroups; ++g) {
    uint8_t* const to = &block[Iq2Xxs::kGroups + Iq2Xxs::kGroupBytes * g];
    const int32_t scale = k_quants::NearestInteger(0.5F * (inverse * groups[g].scale - 1), 0, 15);
    std::copy(groups[g].points.begin(), groups[g].points.end(), to);
    Store32(groups[g].signs | (static_cast<uint32_t>(scale) << 28), to + 4);
  }
  return StoreFp16(d, block);
}

}  // namespace

const Format& Iq2XxsFormat() {
  static const BlockFormat kFormat(
      {.name = "iq2_xxs",
       .title = "GGUF IQ2_XXS, uniform importance",
       .block = Iq2Xxs::kBlock,
       .scales = "4-bit scale per 32, fp16 scale of them",
       .source = "ggml d99724f2, src/ggml-quants.c, quantize_row_iq2_xxs_impl",
       .relative_error = 3.4e-1},
      {Iq2Xxs::kBytes, &DecodeBlock, &EncodeBlock, k_quants::kLargestWeight});
  return kFormat;
}

}  // namespace quantfleet::formats
