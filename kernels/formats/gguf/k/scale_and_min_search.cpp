// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/formats/gguf/k/scale_and_min_search.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

#include "kernels/formats/gguf/k/nearest_integer.hpp"

namespace quantfleet::formats::k_quants {
namespace {

constexpr uint32_t kMaxCount = 32;

// A number for each sub-block, in the vector extension that GCC and Clang share: arithmetic and
// comparisons go lane by lane, and every lane rounds as a scalar does.
using Lane = float __attribute__((vector_size(kLanes * sizeof(float))));
using Bits = int32_t __attribute__((vector_size(kLanes * sizeof(int32_t))));

Lane Splat(float value) {
  return Lane{} + value;
}

// NearestInteger, clamped.
Lane Quantize(Lane x, Lane largest) {
  const Bits integer = (std::bit_cast<Bits>(x + 12582912.0F) & 0x7FFFFF) - 0x400000;
  Lane code = __builtin_convertvector(integer, Lane);
  code = code < largest ? code : largest;
  return code > Lane{} ? code : Lane{};
}

Lane Magnitude(Lane x) {
  return std::bit_cast<Lane>(std::bit_cast<Bits>(x) & 0x7FFFFFFF);
}

struct SubBlocks {
  uint32_t count = 0;
  Lane x[kMaxCount] = {};
  Lane w[kMaxCount] = {};
  // Codes of the grid that is being tried.
  Lane q[kMaxCount] = {};
  // Over all weights.
  Lane min = {}, max = {}, sum_w = {}, sum_wx = {};
};

// One choice of scale and minimum for each sub-block.
struct Fit {
  Lane scale = {}, min = {}, error = {};
  // The grid that gave the codes: q = (x - from) * inverse.
  Lane inverse = {}, from = {};
};

void Load(const float* weights, const float* importance, SubBlocks* blocks) {
  const uint32_t count = blocks->count;
  for (uint32_t i = 0; i < count; ++i) {
    for (uint32_t l = 0; l < kLanes; ++l) {
      blocks->x[i][l] = weights[l * count + i];
      blocks->w[i][l] = importance[l * count + i];
    }
  }
  blocks->min = blocks->max = blocks->x[0];
  blocks->sum_w = blocks->w[0];
  blocks->sum_wx = blocks->w[0] * blocks->x[0];
  for (uint32_t i = 1; i < count; ++i) {
    const Lane x = blocks->x[i];
    blocks->min = x < blocks->min ? x : blocks->min;
    blocks->max = x > blocks->max ? x : blocks->max;
    blocks->sum_w += blocks->w[i];
    blocks->sum_wx += blocks->w[i] * x;
  }
  blocks->min = blocks->min > Lane{} ? Lane{} : blocks->min;
}

// Codes of fit's grid, and the least squares of scale and minimum for them. Where the codes are all
// equal there are none, and the lanes of the result are 0.
Bits Solve(float largest, SubBlocks* blocks, Fit* fit) {
  const Lane top = Splat(largest);
  const Lane w = blocks->sum_w, wx = blocks->sum_wx;
  Lane wq = {}, wqq = {}, wqx = {};
  for (uint32_t i = 0; i < blocks->count; ++i) {
    const Lane x = blocks->x[i];
    const Lane q = Quantize(fit->inverse * (x - fit->from), top);
    const Lane product = blocks->w[i] * q;
    blocks->q[i] = q;
    wq += product;
    wqq += product * q;
    wqx += product * x;
  }
  const Lane determinant = w * wqq - wq * wq;
  const Lane min = (wqq * wx - wq * wqx) / determinant;
  fit->scale = min > Lane{} ? wqx / wqq : (w * wqx - wx * wq) / determinant;
  fit->min = min > Lane{} ? Lane{} : min;
  return determinant > Lane{};
}

template <bool kAbsolute>
void MeasureError(const SubBlocks& blocks, Fit* fit) {
  fit->error = Lane{};
  for (uint32_t i = 0; i < blocks.count; ++i) {
    const Lane difference = fit->scale * blocks.q[i] + fit->min - blocks.x[i];
    fit->error += blocks.w[i] * (kAbsolute ? Magnitude(difference) : difference * difference);
  }
}

template <bool kAbsolute>
Fit Search(const GridSearch& search, SubBlocks* blocks) {
  const auto largest = static_cast<float>(search.largest);
  Fit fit;
  fit.from = blocks->min;
  fit.inverse = largest / (blocks->max - blocks->min);
  Solve(largest, blocks, &fit);
  fit.scale = 1 / fit.inverse;
  fit.min = blocks->min;
  MeasureError<kAbsolute>(*blocks, &fit);
  Fit best = fit;
  for (int32_t i = 0; i <= search.steps; ++i) {
    // The last winner's minimum, no longer the least weight.
    fit.from = best.min;
    fit.inverse =
        (search.first + search.step * static_cast<float>(i) + largest) / (blocks->max - best.min);
    const Bits solved = Solve(largest, blocks, &fit);
    MeasureError<kAbsolute>(*blocks, &fit);
    const Bits better = solved & (fit.error < best.error);
    best.scale = better ? fit.scale : best.scale;
    best.min = better ? fit.min : best.min;
    best.error = better ? fit.error : best.error;
    best.inverse = better ? fit.inverse : best.inverse;
    best.from = better ? fit.from : best.from;
  }
  return best;
}

}  // namespace

void SearchScaleAndMin(const float* weights, const float* importance, uint32_t count,
                       const GridSearch& search, ScaleAndMin* found, uint8_t* codes) {
  SubBlocks blocks;
  blocks.count = count;
  Load(weights, importance, &blocks);
  const Fit best = search.absolute ? Search<true>(search, &blocks) : Search<false>(search, &blocks);
  for (uint32_t l = 0; l < kLanes; ++l) {
    if (blocks.max[l] == blocks.min[l]) {
      found[l] = {0, -blocks.min[l]};
      std::fill_n(codes + size_t{l} * count, count, uint8_t{0});
      continue;
    }
    found[l] = {best.scale[l], -best.min[l]};
    for (uint32_t i = 0; i < count; ++i) {
      const float position = best.inverse[l] * (blocks.x[i][l] - best.from[l]);
      codes[l * count + i] = static_cast<uint8_t>(NearestInteger(position, 0, search.largest));
    }
  }
}

}  // namespace quantfleet::formats::k_quants
