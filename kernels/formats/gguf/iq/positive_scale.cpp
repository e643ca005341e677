// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/formats/gguf/iq/positive_scale.hpp"

#include <algorithm>

#include "kernels/formats/gguf/k/nearest_integer.hpp"
#include "kernels/formats/gguf/k/origin_fit.hpp"

namespace quantfleet::formats {
namespace {

using k_quants::NearestInteger;
using k_quants::OriginFit;

using Weights = std::span<const float, 32>;
// Codes as floats: each sum multiplies by them.
using Codes = float[32];

// ggml keeps these codes as bytes in places: a negative one wraps.
float Wrapped(int32_t code) {
  return static_cast<float>(static_cast<uint8_t>(code));
}

float WeightedError(Weights weights, const float* importance, const Codes& q, float scale) {
  float error = 0;
  for (size_t i = 0; i < weights.size(); ++i) {
    const float difference = weights[i] - scale * q[i];
    error += importance[i] * difference * difference;
  }
  return error;
}

// 1 / scale of the best of 9 grids.
float BestInverse(Weights weights, const float* importance, float max, int32_t largest) {
  const auto top = static_cast<float>(largest);
  Codes q;
  float inverse = top / max;
  for (size_t i = 0; i < weights.size(); ++i) q[i] = Wrapped(NearestInteger(inverse * weights[i]));
  float best = WeightedError(weights, importance, q, 1 / inverse);
  for (int32_t step = -4; step <= 4; ++step) {
    if (step == 0) continue;
    const float tried = (0.1F * static_cast<float>(step) + top) / max;
    for (size_t i = 0; i < weights.size(); ++i) {
      q[i] = static_cast<float>(std::min(largest, NearestInteger(tried * weights[i])));
    }
    const float error = WeightedError(weights, importance, q, 1 / tried);
    if (!(error < best)) continue;
    best = error;
    inverse = tried;
  }
  return inverse;
}

// One pass over the codes; false if none changed.
bool Improve(Weights weights, const float* importance, int32_t largest, Codes& q, OriginFit* fit) {
  bool changed = false;
  for (size_t i = 0; i < weights.size(); ++i) {
    OriginFit moved = *fit;
    moved.Remove(importance[i], weights[i], q[i]);
    if (!(moved.wqx > 0) || !(moved.wqq > 0)) continue;
    const int32_t code = std::min(largest, NearestInteger(weights[i] * moved.wqq / moved.wqx));
    if (static_cast<float>(code) == q[i]) continue;
    moved.Add(importance[i], weights[i], static_cast<float>(code));
    if (!moved.BetterThan(*fit)) continue;
    q[i] = Wrapped(code);
    *fit = moved;
    changed = true;
  }
  return changed;
}

}  // namespace

float FitPositiveScale(Weights weights, const float* importance, int32_t largest) {
  const float max = std::max(0.0F, *std::max_element(weights.begin(), weights.end()));
  if (max < k_quants::kNoWeight) return 0;
  const float inverse = BestInverse(weights, importance, max, largest);
  Codes q;
  OriginFit fit;
  for (size_t i = 0; i < weights.size(); ++i) {
    const int32_t code = std::min(largest, NearestInteger(inverse * weights[i]));
    q[i] = Wrapped(code);
    fit.Add(importance[i], weights[i], static_cast<float>(code));
  }
  for (int pass = 0; pass < k_quants::kImprovingPasses; ++pass) {
    if (!Improve(weights, importance, largest, q, &fit)) break;
  }
  return fit.Scale();
}

}  // namespace quantfleet::formats
