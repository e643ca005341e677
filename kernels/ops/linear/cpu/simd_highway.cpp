// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cctype>
#include <string>
#include <type_traits>

#include "kernels/ops/linear/cpu/simd.hpp"

// Vectors of unknown length cannot be members or array elements, which the tiles below need.
#define HWY_DISABLED_TARGETS (HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128 | HWY_RVV)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/ops/linear/cpu/simd_highway.cpp"
#include <hwy/foreach_target.h>  // NOLINT: must come before highway.h
#include <hwy/highway.h>

#include "kernels/ops/linear/cpu/readers-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace quantfleet::linear::cpu {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// R rows of W times B rows of x, decoded in registers. Two sums for each pair of rows hide the
// latency of the multiply-add; R rows share the loads of x.
template <size_t R, size_t B, class Reader>
HWY_INLINE void RowsTimesBatch(const Reader& reader, uint64_t k, const float* HWY_RESTRICT x,
                               float* y, uint64_t y_stride, uint64_t row) {
  constexpr size_t kChains = R * B == 1 ? 4 : (R * B < 4 ? 2 : 1);
  V sums[R][B][kChains];
  for (auto& of_row : sums) {
    for (auto& of_pair : of_row) {
      for (V& sum : of_pair) sum = hn::Zero(D());
    }
  }
  uint64_t i = 0;
  for (; i + kUnit <= k; i += kUnit) {
    // Several rows: the next ones, in memory order, so that it stays one stream. One row is a
    // stream that the hardware follows by itself; asking for what comes next starts its misses
    // earlier.
    PrefetchUnits<R>(reader, R > 1 ? (row + R) * k + R * i : row * k + i + kUnit);
    V w[R][kVectors];
    for (size_t r = 0; r < R; ++r) {
      const auto unit = reader.At(row + r, i);
      for (size_t j = 0; j < kVectors; j += 2) unit.Pair(j / 2, w[r][j], w[r][j + 1]);
    }
    for (size_t b = 0; b < B; ++b) {
      for (size_t j = 0; j < kVectors; ++j) {
        const V activations = hn::LoadU(D(), x + b * k + i + j * kLanes);
        for (size_t r = 0; r < R; ++r) {
          V& sum = sums[r][b][j % kChains];
          sum = hn::MulAdd(w[r][j], activations, sum);
        }
      }
    }
  }
  for (size_t r = 0; r < R; ++r) {
    const float scale = reader.Scale(row + r);
    for (size_t b = 0; b < B; ++b) {
      V total = sums[r][b][0];
      for (size_t c = 1; c < kChains; ++c) total = hn::Add(total, sums[r][b][c]);
      float value = hn::GetLane(hn::SumOfLanes(D(), total));
      for (uint64_t t = i; t < k; ++t) value += reader.One(row + r, t) * x[b * k + t];
      y[b * y_stride + row + r] = value * scale;
    }
  }
}

// Measured on Zen 4: one row at a time reads memory fastest, several share the loads of x and keep
// the decoder busy.
constexpr size_t RowsAtOnce(size_t batch, size_t bits) {
  if (batch == 1) return 1;
  if (batch == 2 && bits >= 16) return 1;
  if (!kManyRegisters) return batch == 2 ? 2 : 1;
  return batch == 2 ? 4 : 2;
}

// A longer row of x does not stay in the first cache, and misses on x take the place of misses on
// weights: two rows that share it then beat one (int8 and nf4 of 14336 columns by 1.3 and 1.5).
constexpr uint64_t kLongRow = 8192;

template <size_t kRows, size_t B, class Reader>
void MultiplyByRows(const Reader& reader, const PackedMatrix& m, const float* x, float* y,
                    RowRange rows) {
  uint64_t row = rows.begin;
  for (; row + kRows <= rows.end; row += kRows) {
    RowsTimesBatch<kRows, B>(reader, m.k, x, y, m.n, row);
  }
  for (; row < rows.end; ++row) RowsTimesBatch<1, B>(reader, m.k, x, y, m.n, row);
}

template <size_t B, class Reader>
void SmallBatch(const Reader& reader, const PackedMatrix& m, const float* x, float* y,
                RowRange rows) {
  if constexpr (B == 1 && Reader::kBits <= 8) {
    if (m.k >= kLongRow) return MultiplyByRows<2, B>(reader, m, x, y, rows);
  }
  MultiplyByRows<RowsAtOnce(B, Reader::kBits), B>(reader, m, x, y, rows);
}

constexpr size_t kTileRows = kManyRegisters ? 4 : 2;
constexpr size_t kTileBatch = kManyRegisters ? 6 : 4;
// Rows and columns of W decoded at once: 32 KiB, which stays in L2 while all of x passes by.
constexpr uint64_t kBlockRows = 16;
constexpr uint64_t kBlockColumns = 512;
// Largest batch that is decoded in registers: beyond, decoding again for each tile costs more than
// the way through the scratch. Measured on Zen 4 with nf4.
constexpr uint64_t kRegisterBatch = 8;

// R rows of decoded weights times B rows of x over `count` columns, added to y.
template <size_t R, size_t B>
HWY_INLINE void Tile(const float* HWY_RESTRICT w, uint64_t w_stride, const float* HWY_RESTRICT x,
                     uint64_t x_stride, uint64_t count, float* y, uint64_t y_stride) {
  V sums[R][B];
  for (auto& of_row : sums) {
    for (V& sum : of_row) sum = hn::Zero(D());
  }
  uint64_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    V activations[B];
    for (size_t b = 0; b < B; ++b) activations[b] = hn::LoadU(D(), x + b * x_stride + i);
    for (size_t r = 0; r < R; ++r) {
      const V weights = hn::LoadU(D(), w + r * w_stride + i);
      for (size_t b = 0; b < B; ++b) {
        sums[r][b] = hn::MulAdd(weights, activations[b], sums[r][b]);
      }
    }
  }
  for (size_t r = 0; r < R; ++r) {
    for (size_t b = 0; b < B; ++b) {
      float value = hn::GetLane(hn::SumOfLanes(D(), sums[r][b]));
      for (uint64_t t = i; t < count; ++t) value += w[r * w_stride + t] * x[b * x_stride + t];
      y[b * y_stride + r] += value;
    }
  }
}

template <size_t R>
HWY_INLINE void TileOfBatch(size_t b, const float* w, uint64_t w_stride, const float* x,
                            uint64_t x_stride, uint64_t count, float* y, uint64_t y_stride) {
  switch (b) {
    case 1:
      return Tile<R, 1>(w, w_stride, x, x_stride, count, y, y_stride);
    case 2:
      return Tile<R, 2>(w, w_stride, x, x_stride, count, y, y_stride);
    case 3:
      return Tile<R, 3>(w, w_stride, x, x_stride, count, y, y_stride);
    case 4:
      return Tile<R, 4>(w, w_stride, x, x_stride, count, y, y_stride);
    case 5:
      return Tile<R, 5>(w, w_stride, x, x_stride, count, y, y_stride);
    default:
      return Tile<R, 6>(w, w_stride, x, x_stride, count, y, y_stride);
  }
}

// A decoded block of W times all rows of x, added to y at the block's rows.
void MultiplyBlock(const float* w, uint64_t w_stride, uint64_t rows, const float* x, uint64_t k,
                   uint64_t columns, uint64_t batch, float* y, uint64_t n) {
  for (uint64_t b = 0; b < batch; b += kTileBatch) {
    const size_t tile = std::min<size_t>(kTileBatch, batch - b);
    uint64_t r = 0;
    for (; r + kTileRows <= rows; r += kTileRows) {
      TileOfBatch<kTileRows>(tile, w + r * w_stride, w_stride, x + b * k, k, columns, y + b * n + r,
                             n);
    }
    for (; r < rows; ++r) {
      TileOfBatch<1>(tile, w + r * w_stride, w_stride, x + b * k, k, columns, y + b * n + r, n);
    }
  }
}

template <class Reader>
HWY_INLINE void DecodePart(const Reader& reader, uint64_t row, uint64_t begin, uint64_t end,
                           float scale, float* to) {
  uint64_t i = begin;
  for (; i + kUnit <= end; i += kUnit, to += kUnit) {
    const auto unit = reader.At(row, i);
    for (size_t j = 0; j < kVectors; j += 2) {
      V first;
      V second;
      unit.Pair(j / 2, first, second);
      hn::StoreU(hn::Mul(first, hn::Set(D(), scale)), D(), to + j * kLanes);
      hn::StoreU(hn::Mul(second, hn::Set(D(), scale)), D(), to + (j + 1) * kLanes);
    }
  }
  for (; i < end; ++i) *to++ = reader.One(row, i) * scale;
}

template <class Reader>
void LargeBatch(const Reader& reader, const PackedMatrix& m, const float* x, uint64_t batch,
                float* y, RowRange rows, float* scratch) {
  for (uint64_t row = rows.begin; row < rows.end; row += kBlockRows) {
    const uint64_t height = std::min(kBlockRows, rows.end - row);
    for (uint64_t b = 0; b < batch; ++b) std::fill_n(y + b * m.n + row, height, 0.0F);
    for (uint64_t column = 0; column < m.k; column += kBlockColumns) {
      const uint64_t width = std::min(kBlockColumns, m.k - column);
      for (uint64_t r = 0; r < height; ++r) {
        DecodePart(reader, row + r, column, column + width, reader.Scale(row + r),
                   scratch + r * kBlockColumns);
      }
      MultiplyBlock(scratch, kBlockColumns, height, x + column, m.k, width, batch, y + row, m.n);
    }
  }
}

void MultiplyRows(const PackedMatrix& m, const float* x, uint64_t batch, float* y, RowRange rows,
                  float* scratch) {
  WithReader(m, [&](const auto& reader) {
    switch (batch) {
      case 1:
        return SmallBatch<1>(reader, m, x, y, rows);
      case 2:
        return SmallBatch<2>(reader, m, x, y, rows);
      case 3:
        return SmallBatch<3>(reader, m, x, y, rows);
      case 4:
        return SmallBatch<4>(reader, m, x, y, rows);
      case 5:
        return SmallBatch<5>(reader, m, x, y, rows);
      case 6:
        return SmallBatch<6>(reader, m, x, y, rows);
      case 7:
        return SmallBatch<7>(reader, m, x, y, rows);
      case kRegisterBatch:
        return SmallBatch<kRegisterBatch>(reader, m, x, y, rows);
      default:
        return LargeBatch(reader, m, x, batch, y, rows, scratch);
    }
  });
}

void ArrangeActivations(const float* from, uint64_t rows, uint64_t k, float* to) {
  for (uint64_t i = 0; i < rows * k; i += 2 * kLanes) {
    V even;
    V odd;
    hn::LoadInterleaved2(D(), from + i, even, odd);
    hn::StoreU(even, D(), to + i);
    hn::StoreU(odd, D(), to + i + kLanes);
  }
}

// Nibbles come out of their reader as even and odd elements; here they go back in order.
template <class Reader>
void DecodeFourBitRow(const Reader& reader, uint64_t row, uint64_t k, float* to) {
  for (uint64_t i = 0; i < k; i += kUnit) {
    const auto unit = reader.At(row, i);
    for (size_t j = 0; j < kVectors; j += 2) {
      V even;
      V odd;
      unit.Pair(j / 2, even, odd);
      hn::StoreInterleaved2(even, odd, D(), to + i + j * kLanes);
    }
  }
}

void DecodeRows(const PackedMatrix& m, RowRange rows, float* to) {
  for (uint64_t row = rows.begin; row < rows.end; ++row) {
    float* const at = to + row * m.k;
    WithReader(m, [&](const auto& reader) {
      if constexpr (std::decay_t<decltype(reader)>::kBits == 4) {
        DecodeFourBitRow(reader, row, m.k, at);
      } else {
        DecodePart(reader, row, 0, m.k, reader.Scale(row), at);
      }
    });
  }
}

void MultiplyRowsFp64(const float* weights, uint64_t n, uint64_t k, const float* x, uint64_t batch,
                      double* y, RowRange rows) {
  const hn::ScalableTag<double> wide;
  const hn::Rebind<float, decltype(wide)> narrow;
  constexpr size_t kTile = 4;
  const size_t lanes = hn::Lanes(wide);
  for (uint64_t row = rows.begin; row < rows.end; ++row) {
    const float* const w = weights + row * k;
    for (uint64_t b = 0; b < batch; b += kTile) {
      const size_t count = std::min<size_t>(kTile, batch - b);
      hn::Vec<decltype(wide)> sums[kTile] = {hn::Zero(wide), hn::Zero(wide), hn::Zero(wide),
                                             hn::Zero(wide)};
      // A short last tile repeats its last row, which keeps the loop free of branches.
      const float* at[kTile];
      for (size_t t = 0; t < kTile; ++t) at[t] = x + (b + std::min(t, count - 1)) * k;
      uint64_t i = 0;
      for (; i + lanes <= k; i += lanes) {
        const auto weight = hn::PromoteTo(wide, hn::LoadU(narrow, w + i));
        for (size_t t = 0; t < kTile; ++t) {
          sums[t] = hn::MulAdd(weight, hn::PromoteTo(wide, hn::LoadU(narrow, at[t] + i)), sums[t]);
        }
      }
      for (size_t t = 0; t < count; ++t) {
        double value = hn::GetLane(hn::SumOfLanes(wide, sums[t]));
        for (uint64_t j = i; j < k; ++j) {
          value += static_cast<double>(w[j]) * static_cast<double>(at[t][j]);
        }
        y[(b + t) * n + row] = value;
      }
    }
  }
}

float SumFloats(const float* values, uint64_t count) {
  constexpr size_t kChains = 8;
  V sums[kChains];
  for (V& sum : sums) sum = hn::Zero(D());
  uint64_t i = 0;
  for (; i + kChains * kLanes <= count; i += kChains * kLanes) {
    for (size_t c = 0; c < kChains; ++c) {
      sums[c] = hn::Add(sums[c], hn::LoadU(D(), values + i + c * kLanes));
    }
  }
  for (size_t c = 1; c < kChains; ++c) sums[0] = hn::Add(sums[0], sums[c]);
  float total = hn::GetLane(hn::SumOfLanes(D(), sums[0]));
  for (; i < count; ++i) total += values[i];
  return total;
}

}  // namespace HWY_NAMESPACE
}  // namespace quantfleet::linear::cpu
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace quantfleet::linear::cpu {
namespace {
HWY_EXPORT(MultiplyRows);
HWY_EXPORT(ArrangeActivations);
HWY_EXPORT(DecodeRows);
HWY_EXPORT(MultiplyRowsFp64);
HWY_EXPORT(SumFloats);
}  // namespace

std::string_view SimdTarget() {
  static const std::string name = [] {
    // Supported targets are a bit set in which a lower bit is a better target.
    const int64_t supported = hwy::SupportedTargets() & HWY_TARGETS;
    std::string text = hwy::TargetName(supported & -supported);
    for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return text;
  }();
  return name;
}

bool NeedsArranging(WeightCode code) {
  return code == WeightCode::kNf4 || code == WeightCode::kNf4DoubleQuant ||
         code == WeightCode::kFp4 || code == WeightCode::kFp4DoubleQuant;
}

uint64_t MultiplyScratchFloats() {
  return HWY_STATIC_DISPATCH(kBlockRows) * HWY_STATIC_DISPATCH(kBlockColumns);
}

void ArrangeActivations(const float* from, uint64_t rows, uint64_t k, float* to) {
  HWY_DYNAMIC_DISPATCH(ArrangeActivations)(from, rows, k, to);
}

void MultiplyRows(const PackedMatrix& weights, const float* x, uint64_t batch, float* y,
                  RowRange rows, float* scratch) {
  HWY_DYNAMIC_DISPATCH(MultiplyRows)(weights, x, batch, y, rows, scratch);
}

void DecodeRows(const PackedMatrix& weights, RowRange rows, float* to) {
  HWY_DYNAMIC_DISPATCH(DecodeRows)(weights, rows, to);
}

void MultiplyRowsFp64(const float* weights, uint64_t n, uint64_t k, const float* x, uint64_t batch,
                      double* y, RowRange rows) {
  HWY_DYNAMIC_DISPATCH(MultiplyRowsFp64)(weights, n, k, x, batch, y, rows);
}

float SumFloats(const float* values, uint64_t count) {
  return HWY_DYNAMIC_DISPATCH(SumFloats)(values, count);
}

}  // namespace quantfleet::linear::cpu
#endif
