// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace quantfleet::formats::k_quants {

// Sums of a weighted least-squares fit x = scale q through the origin, fp32, in the order in which
// the encoders of ggml add.
struct OriginFit {
  float wqx = 0, wqq = 0;

  // 0 if all codes are.
  float Scale() const { return wqq > 0 ? wqx / wqq : 0.0F; }
  void Add(float importance, float x, float code) {
    wqx += importance * x * code;
    wqq += importance * code * code;
  }
  void Remove(float importance, float x, float code) {
    wqx -= importance * x * code;
    wqq -= importance * code * code;
  }
  bool BetterThan(const OriginFit& other) const {
    return wqx * wqx * other.wqq > other.wqx * other.wqx * wqq;
  }
};

// Weights of a sub-block all below this count as zeros.
inline constexpr float kNoWeight = 1e-15F;
// Passes in which codes are improved one by one.
inline constexpr int kImprovingPasses = 5;

}  // namespace quantfleet::formats::k_quants
