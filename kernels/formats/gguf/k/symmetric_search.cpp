// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/formats/gguf/k/symmetric_search.hpp"

#include <algorithm>
#include <cmath>

#include "kernels/formats/gguf/k/nearest_integer.hpp"
#include "kernels/formats/gguf/k/origin_fit.hpp"

namespace quantfleet::formats::k_quants {
namespace {

constexpr uint32_t kCount = kSymmetricCount;
using Weights = std::span<const float, kCount>;
// Codes as floats: each sum multiplies by them.
using Codes = float[kCount];

float LargestWithSign(Weights weights) {
  float largest = 0;
  for (const float weight : weights) {
    if (std::abs(weight) > std::abs(largest)) largest = weight;
  }
  return largest;
}

void Quantize(Weights weights, float inverse, float half, Codes& q) {
  for (uint32_t i = 0; i < kCount; ++i) {
    q[i] = NearestIntegral(inverse * weights[i], -half, half - 1);
  }
}

void Store(const Codes& q, float half, uint8_t* codes) {
  for (uint32_t i = 0; i < kCount; ++i) codes[i] = static_cast<uint8_t>(q[i] + half);
}

// The grids that are tried, side by side in the lanes of vector registers.
constexpr uint32_t kGrids = 20;
using Lane = float[kGrids];

// Sums of each grid's fit.
void FitGrids(Weights weights, const Lane& inverse, float half, Lane& wqx, Lane& wqq) {
  for (uint32_t g = 0; g < kGrids; ++g) wqx[g] = wqq[g] = 0;
  for (uint32_t i = 0; i < kCount; ++i) {
    const float w = weights[i] * weights[i];
    const float wx = w * weights[i];
    for (uint32_t g = 0; g < kGrids; ++g) {
      const float q = NearestIntegral(inverse[g] * weights[i], -half, half - 1);
      wqx[g] += wx * q;
      wqq[g] += w * q * q;
    }
  }
}

// One pass over the codes; false if none changed.
bool Improve(Weights weights, float half, Codes& q, OriginFit* fit) {
  bool changed = false;
  for (uint32_t i = 0; i < kCount; ++i) {
    const float importance = weights[i] * weights[i];
    OriginFit moved = *fit;
    moved.Remove(importance, weights[i], q[i]);
    if (!(moved.wqx > 0)) continue;
    const float code = NearestIntegral(weights[i] * moved.wqq / moved.wqx, -half, half - 1);
    if (code == q[i]) continue;
    moved.Add(importance, weights[i], code);
    if (!(moved.wqq > 0) || !moved.BetterThan(*fit)) continue;
    q[i] = code;
    *fit = moved;
    changed = true;
  }
  return changed;
}

}  // namespace

float SearchSymmetricScale(Weights weights, int32_t half_code, uint8_t* codes) {
  const float largest = LargestWithSign(weights);
  if (std::abs(largest) < kNoWeight) {
    std::fill(codes, codes + kCount, uint8_t{0});
    return 0;
  }
  const auto half = static_cast<float>(half_code);
  alignas(32) Lane inverse, wqx, wqq;
  // The plain grid first: it wins ties. Then -9..9 without 0; the last lane repeats one.
  inverse[0] = -half / largest;
  for (int32_t i = 1; i < static_cast<int32_t>(kGrids); ++i) {
    const int32_t step = std::min(9, i < 10 ? i - 10 : i - 9);
    inverse[i] = -(half + 0.1F * static_cast<float>(step)) / largest;
  }
  FitGrids(weights, inverse, half, wqx, wqq);
  uint32_t winner = 0;
  float scale = wqq[0] != 0 ? wqx[0] / wqq[0] : 0.0F;
  float best = scale * wqx[0];
  for (uint32_t g = 1; g < kGrids; ++g) {
    if (!(wqq[g] > 0) || !(wqx[g] * wqx[g] > best * wqq[g])) continue;
    winner = g;
    scale = wqx[g] / wqq[g];
    best = scale * wqx[g];
  }
  Codes q;
  Quantize(weights, inverse[winner], half, q);
  Store(q, half, codes);
  return scale;
}

float RefineSymmetricScale(Weights weights, int32_t half_code, uint8_t* codes) {
  const float largest = LargestWithSign(weights);
  if (std::abs(largest) < kNoWeight) {
    std::fill(codes, codes + kCount, uint8_t{0});
    return 0;
  }
  const auto half = static_cast<float>(half_code);
  Codes q;
  Quantize(weights, -half / largest, half, q);
  OriginFit fit;
  for (uint32_t i = 0; i < kCount; ++i) fit.Add(weights[i] * weights[i], weights[i], q[i]);
  for (int pass = 0; pass < kImprovingPasses; ++pass) {
    if (!Improve(weights, half, q, &fit)) break;
  }
  Store(q, half, codes);
  return fit.Scale();
}

}  // namespace quantfleet::formats::k_quants
