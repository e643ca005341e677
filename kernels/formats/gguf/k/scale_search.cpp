// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/formats/gguf/k/scale_search.hpp"

#include <algorithm>
#include <cmath>

#include "kernels/formats/float_bits.hpp"

namespace quantfleet::formats::k_quants {
namespace {

// Below this all weights of a sub-block count as zero.
constexpr float kNothing = 1e-15F;
constexpr int32_t kPasses = 5;

// Codes as floats: each sum multiplies by them.
using Codes = float[kMaxSubBlock];

void Store(const Codes& from, size_t count, float offset, uint8_t* codes) {
  for (size_t i = 0; i < count; ++i) codes[i] = static_cast<uint8_t>(from[i] + offset);
}

float LargestWithSign(std::span<const float> weights) {
  float largest = 0;
  for (const float weight : weights) {
    if (std::abs(weight) > std::abs(largest)) largest = weight;
  }
  return largest;
}

// ---- scale and minimum

// Sums over a sub-block that do not depend on the grid, and those that do.
struct FixedSums {
  float w = 0, wx = 0;
};
struct GridSums {
  float wq = 0, wqq = 0, wqx = 0;
};

void QuantizeFrom(std::span<const float> weights, float min, float inverse, int32_t largest,
                  Codes& q) {
  for (size_t i = 0; i < weights.size(); ++i) {
    q[i] = static_cast<float>(NearestInteger(inverse * (weights[i] - min), 0, largest));
  }
}

GridSums SumsOf(std::span<const float> weights, const float* importance, const Codes& q) {
  GridSums sums;
  for (size_t i = 0; i < weights.size(); ++i) {
    const float wq = importance[i] * q[i];
    sums.wq += wq;
    sums.wqq += wq * q[i];
    sums.wqx += wq * weights[i];
  }
  return sums;
}

float ErrorOf(std::span<const float> weights, const float* importance, const Codes& q, float scale,
              float min, bool absolute) {
  Codes errors;
  for (size_t i = 0; i < weights.size(); ++i) {
    const float difference = scale * q[i] + min - weights[i];
    errors[i] = importance[i] * (absolute ? std::abs(difference) : difference * difference);
  }
  float sum = 0;
  for (size_t i = 0; i < weights.size(); ++i) sum += errors[i];
  return sum;
}

// Weighted least squares for w = scale q + min with min at most 0. False if the codes are all
// equal.
bool Solve(const FixedSums& fixed, const GridSums& sums, float* scale, float* min) {
  const float determinant = fixed.w * sums.wqq - sums.wq * sums.wq;
  if (!(determinant > 0)) return false;
  *scale = (fixed.w * sums.wqx - fixed.wx * sums.wq) / determinant;
  *min = (sums.wqq * fixed.wx - sums.wq * sums.wqx) / determinant;
  if (*min > 0) {
    *min = 0;
    *scale = sums.wqx / sums.wqq;
  }
  return true;
}

// ---- one by one

// Sums of a fit w = scale q through the origin.
struct OriginSums {
  float wqx = 0, wqq = 0;

  float Scale() const { return wqq > 0 ? wqx / wqq : 0.0F; }
  void Add(float importance, float weight, float code) {
    wqx += importance * weight * code;
    wqq += importance * code * code;
  }
  void Remove(float importance, float weight, float code) {
    wqx -= importance * weight * code;
    wqq -= importance * code * code;
  }
  bool FitsBetterThan(const OriginSums& other) const {
    return wqx * wqx * other.wqq > other.wqx * other.wqx * wqq;
  }
};

// ---- positive scale

// ggml keeps these codes as bytes in places: a negative one wraps.
float Wrapped(int32_t code) {
  return static_cast<float>(static_cast<uint8_t>(code));
}

// 1 / scale of the best of 9 grids.
float BestInverse(std::span<const float> weights, const float* importance, float max,
                  int32_t largest) {
  const auto top = static_cast<float>(largest);
  float inverse = top / max;
  float best = 0;
  for (size_t i = 0; i < weights.size(); ++i) {
    const float code = Wrapped(NearestInteger(inverse * weights[i]));
    const float difference = weights[i] - 1 / inverse * code;
    best += importance[i] * difference * difference;
  }
  for (int32_t step = -4; step <= 4; ++step) {
    if (step == 0) continue;
    const float tried = (0.1F * static_cast<float>(step) + top) / max;
    float error = 0;
    for (size_t i = 0; i < weights.size(); ++i) {
      const int32_t code = std::min(largest, NearestInteger(tried * weights[i]));
      const float difference = weights[i] - 1 / tried * static_cast<float>(code);
      error += importance[i] * difference * difference;
    }
    if (!(error < best)) continue;
    best = error;
    inverse = tried;
  }
  return inverse;
}

// One pass over the codes; false if none changed.
bool ImprovePositive(std::span<const float> weights, const float* importance, int32_t largest,
                     Codes& q, OriginSums* sums) {
  bool changed = false;
  for (size_t i = 0; i < weights.size(); ++i) {
    OriginSums moved = *sums;
    moved.Remove(importance[i], weights[i], q[i]);
    if (!(moved.wqx > 0) || !(moved.wqq > 0)) continue;
    const int32_t code = std::min(largest, NearestInteger(weights[i] * moved.wqq / moved.wqx));
    if (static_cast<float>(code) == q[i]) continue;
    moved.Add(importance[i], weights[i], static_cast<float>(code));
    if (!moved.FitsBetterThan(*sums)) continue;
    q[i] = Wrapped(code);
    *sums = moved;
    changed = true;
  }
  return changed;
}

// One pass over codes -half..half - 1 with importance w^2; false if none changed.
bool ImproveSymmetric(std::span<const float> weights, int32_t half, Codes& q, OriginSums* sums) {
  bool changed = false;
  for (size_t i = 0; i < weights.size(); ++i) {
    const float importance = weights[i] * weights[i];
    OriginSums moved = *sums;
    moved.Remove(importance, weights[i], q[i]);
    if (!(moved.wqx > 0)) continue;
    const auto code =
        static_cast<float>(NearestInteger(weights[i] * moved.wqq / moved.wqx, -half, half - 1));
    if (code == q[i]) continue;
    moved.Add(importance, weights[i], code);
    if (!(moved.wqq > 0) || !moved.FitsBetterThan(*sums)) continue;
    q[i] = code;
    *sums = moved;
    changed = true;
  }
  return changed;
}

}  // namespace

int32_t NearestInteger(float x) {
  // 1.5 * 2^23: the sum's last mantissa bit is worth 1, so that it is rounded to an integer.
  constexpr float kShift = 12582912.0F;
  return static_cast<int32_t>(BitsOfFloat(x + kShift) & 0x7FFFFFU) - 0x400000;
}

int32_t NearestInteger(float x, int32_t lowest, int32_t highest) {
  return std::max(lowest, std::min(highest, NearestInteger(x)));
}

ScaleAndMin SearchScaleAndMin(std::span<const float> weights, const float* importance,
                              const GridSearch& search, uint8_t* codes) {
  float min = weights[0], max = weights[0];
  FixedSums fixed = {importance[0], importance[0] * weights[0]};
  for (size_t i = 1; i < weights.size(); ++i) {
    min = std::min(min, weights[i]);
    max = std::max(max, weights[i]);
    fixed.w += importance[i];
    fixed.wx += importance[i] * weights[i];
  }
  if (min > 0) min = 0;
  if (max == min) {
    std::fill(codes, codes + weights.size(), uint8_t{0});
    return {0, -min};
  }
  const auto largest = static_cast<float>(search.largest);
  float inverse = largest / (max - min);
  float scale = 1 / inverse;
  Codes q;
  QuantizeFrom(weights, min, inverse, search.largest, q);
  Store(q, weights.size(), 0, codes);
  float best = ErrorOf(weights, importance, q, scale, min, search.absolute);
  for (int32_t i = 0; i <= search.steps; ++i) {
    // The last winner's minimum, no longer the least weight.
    inverse = (search.first + search.step * static_cast<float>(i) + largest) / (max - min);
    QuantizeFrom(weights, min, inverse, search.largest, q);
    float fitted_scale = 0, fitted_min = 0;
    if (!Solve(fixed, SumsOf(weights, importance, q), &fitted_scale, &fitted_min)) continue;
    const float error = ErrorOf(weights, importance, q, fitted_scale, fitted_min, search.absolute);
    if (!(error < best)) continue;
    best = error;
    scale = fitted_scale;
    min = fitted_min;
    Store(q, weights.size(), 0, codes);
  }
  return {scale, -min};
}

float SearchSymmetricScale(std::span<const float> weights, int32_t half, uint8_t* codes) {
  const float largest = LargestWithSign(weights);
  const auto offset = static_cast<float>(half);
  if (std::abs(largest) < kNothing) {
    std::fill(codes, codes + weights.size(), uint8_t{0});
    return 0;
  }
  Codes q;
  float scale = 0, best = 0;
  const auto fit = [&](float inverse) {
    OriginSums sums;
    for (size_t i = 0; i < weights.size(); ++i) {
      q[i] = static_cast<float>(NearestInteger(inverse * weights[i], -half, half - 1));
      sums.Add(weights[i] * weights[i], weights[i], q[i]);
    }
    return sums;
  };
  const auto keep = [&](const OriginSums& sums) {
    scale = sums.wqq != 0 ? sums.wqx / sums.wqq : 0.0F;
    best = scale * sums.wqx;
    Store(q, weights.size(), offset, codes);
  };
  keep(fit(-offset / largest));
  for (int32_t i = -9; i <= 9; ++i) {
    if (i == 0) continue;
    const OriginSums sums = fit(-(offset + 0.1F * static_cast<float>(i)) / largest);
    if (sums.wqq > 0 && sums.wqx * sums.wqx > best * sums.wqq) keep(sums);
  }
  return scale;
}

float RefineSymmetricScale(std::span<const float> weights, int32_t half, uint8_t* codes) {
  const float largest = LargestWithSign(weights);
  const auto offset = static_cast<float>(half);
  if (std::abs(largest) < kNothing) {
    std::fill(codes, codes + weights.size(), uint8_t{0});
    return 0;
  }
  const float inverse = -offset / largest;
  Codes q;
  OriginSums sums;
  for (size_t i = 0; i < weights.size(); ++i) {
    q[i] = static_cast<float>(NearestInteger(inverse * weights[i], -half, half - 1));
    sums.Add(weights[i] * weights[i], weights[i], q[i]);
  }
  for (int32_t pass = 0; pass < kPasses; ++pass) {
    if (!ImproveSymmetric(weights, half, q, &sums)) break;
  }
  Store(q, weights.size(), offset, codes);
  return sums.Scale();
}

float FitPositiveScale(std::span<const float> weights, const float* importance, int32_t largest) {
  float max = 0;
  for (const float weight : weights) max = std::max(max, weight);
  if (max < kNothing) return 0;
  const float inverse = BestInverse(weights, importance, max, largest);
  Codes q;
  OriginSums sums;
  for (size_t i = 0; i < weights.size(); ++i) {
    const int32_t code = std::min(largest, NearestInteger(inverse * weights[i]));
    q[i] = Wrapped(code);
    sums.Add(importance[i], weights[i], static_cast<float>(code));
  }
  for (int32_t pass = 0; pass < kPasses; ++pass) {
    if (!ImprovePositive(weights, importance, largest, q, &sums)) break;
  }
  return sums.Scale();
}

}  // namespace quantfleet::formats::k_quants
