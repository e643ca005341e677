// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/ops/linear/cpu/blocks/activations.hpp"
#include "kernels/ops/linear/cpu/blocks/codes.hpp"
#include "kernels/ops/linear/cpu/blocks/isa/unroll.hpp"
#include "kernels/ops/linear/cpu/blocks/kernel_set.hpp"
#include "kernels/ops/linear/cpu/blocks/quantize.hpp"

// The product of one tile of weights with rows of activations, over any instruction set and format.
namespace quantfleet::linear::cpu::blocks {
namespace {

// One block of a format whose scale is a float alone: sums of 32 products, each scaled.
template <class Isa, class Format, uint32_t kBatch>
inline void MultiplyFloatBlock(const uint8_t* body, const uint8_t* head, uint64_t block,
                               const Activations& x, uint64_t row, typename Isa::Floats* totals) {
  constexpr BlockLayout kLayout = Format::kLayout;
  typename Isa::Bytes quads[8];
  Format::Decode(body, quads);
  const auto scale = Format::Scale(head);
  QF_UNROLL
  for (uint32_t b = 0; b < kBatch; ++b) {
    const uint64_t at = (row + b) * x.blocks + block;
    const int8_t* const codes = x.codes + at * kLayout.block;
    typename Isa::Ints sum;
    if constexpr (Format::kSigned) {
      const int32_t start = Isa::kSignedByOffset ? x.sums[at] : 0;
      sum = Isa::template DotSigned<8>(quads, codes, Isa::Set(start));
    } else {
      const int32_t start = Format::kMinimum ? 0 : x.sums[at];
      sum = Isa::template Dot<8, Format::kMost>(quads, codes, Isa::Set(start));
    }
    totals[b] = Isa::FusedMulAdd(Isa::ToFloat(sum), Isa::Mul(scale, Isa::SetFloat(x.scales[at])),
                                 totals[b]);
    if constexpr (Format::kMinimum) {
      const float sum_of_x = x.scales[at] * static_cast<float>(x.sums[at]);
      totals[b] = Isa::FusedMulAdd(Isa::LoadHalf(head + 2 * Isa::kRows), Isa::SetFloat(sum_of_x),
                                   totals[b]);
    }
  }
}

// One block of several units that share a float scale and an integer zero.
template <class Isa, class Format, uint32_t kBatch>
inline void MultiplyZeroBlock(const uint8_t* body, const uint8_t* head, uint64_t block,
                              const Activations& x, uint64_t row, typename Isa::Floats* totals) {
  constexpr BlockLayout kLayout = Format::kLayout;
  const auto zero = Isa::WidenUnsigned(head + 2 * Isa::kRows);
  typename Isa::Ints sums[kBatch];
  QF_UNROLL
  for (uint32_t b = 0; b < kBatch; ++b) {
    sums[b] = Isa::MulAdd(zero, Isa::Set(x.sums[(row + b) * x.blocks + block]), Isa::Set(0));
  }
  for (uint32_t unit = 0; unit < kLayout.block / 32; ++unit) {
    typename Isa::Bytes quads[8];
    Format::Decode(body + unit * kLayout.unit_bytes * Isa::kRows, quads);
    QF_UNROLL
    for (uint32_t b = 0; b < kBatch; ++b) {
      const int8_t* const codes = x.codes + ((row + b) * x.blocks + block) * kLayout.block;
      sums[b] = Isa::template Dot<8, Format::kMost>(quads, codes + unit * 32, sums[b]);
    }
  }
  const auto scale = Format::Scale(head);
  QF_UNROLL
  for (uint32_t b = 0; b < kBatch; ++b) {
    const float scale_of_x = x.scales[(row + b) * x.blocks + block];
    totals[b] = Isa::FusedMulAdd(Isa::ToFloat(sums[b]), Isa::Mul(scale, Isa::SetFloat(scale_of_x)),
                                 totals[b]);
  }
}

// One block of 256 with integer sub-scales: all in integers until the float scale of the block.
template <class Isa, class Format, uint32_t kBatch>
inline void MultiplyScaledBlock(const uint8_t* body, const uint8_t* head, uint64_t block,
                                const Activations& x, uint64_t row, typename Isa::Floats* totals) {
  constexpr BlockLayout kLayout = Format::kLayout;
  constexpr uint32_t kGroupQuads = kLayout.group / 4;
  constexpr uint32_t kGroups = kLayout.block / kLayout.group;
  constexpr uint32_t kScales = kLayout.scale_bytes * Isa::kRows;
  const uint8_t* const units = body + kScales;
  const typename Format::Scales scales(units, body);
  typename Isa::Ints sums[kBatch];
  for (auto& sum : sums) sum = Isa::Set(0);
  for (uint32_t unit = 0; unit < 8; ++unit) {
    const uint8_t* const at_unit = units + unit * kLayout.unit_bytes * Isa::kRows;
    typename Isa::Bytes quads[8];
    Format::Decode(at_unit, quads);
    QF_UNROLL
    for (uint32_t part = 0; part < 32 / kLayout.group; ++part) {
      const uint32_t group = unit * (32 / kLayout.group) + part;
      const auto scale = scales.Scale(group);
      QF_UNROLL
      for (uint32_t b = 0; b < kBatch; ++b) {
        const uint64_t at = (row + b) * x.blocks + block;
        const int32_t start = Format::kMinimum ? 0 : x.sums[at * kGroups + group];
        const auto dot = Isa::template Dot<kGroupQuads, Format::kMost>(
            quads + part * kGroupQuads, x.codes + at * 256 + group * kLayout.group,
            Isa::Set(start));
        sums[b] = Isa::MulAdd(dot, scale, sums[b]);
      }
    }
  }
  const auto scale = Isa::LoadHalf(head);
  QF_UNROLL
  for (uint32_t b = 0; b < kBatch; ++b) {
    const uint64_t at = (row + b) * x.blocks + block;
    totals[b] =
        Isa::FusedMulAdd(Isa::ToFloat(sums[b]),
                         Isa::Mul(scale, Isa::SetFloat(Format::kFactor * x.scales[at])), totals[b]);
    if constexpr (Format::kMinimum) {
      auto minimum = Isa::Set(0);
      QF_UNROLL
      for (uint32_t group = 0; group < kGroups; ++group) {
        minimum =
            Isa::MulAdd(scales.Minimum(group), Isa::Set(x.sums[at * kGroups + group]), minimum);
      }
      const auto factor =
          Isa::Mul(Isa::LoadHalf(head + 2 * Isa::kRows), Isa::SetFloat(-x.scales[at]));
      totals[b] = Isa::FusedMulAdd(Isa::ToFloat(minimum), factor, totals[b]);
    }
  }
}

// kBatch rows of x from `row` times one tile, to y[b * stride + lane].
template <class Isa, class Format, uint32_t kBatch>
void MultiplyTile(const uint8_t* tile, const Activations& x, uint64_t row, float* y,
                  uint64_t stride, uint32_t valid) {
  constexpr BlockLayout kLayout = Format::kLayout;
  constexpr uint32_t kBody = kLayout.body_bytes() * Isa::kRows;
  constexpr uint32_t kHead = kLayout.head_bytes * Isa::kRows;
  constexpr uint32_t kRun = BlocksOfRun(kLayout, Isa::kRows);
  const uint8_t* head = tile;
  const uint8_t* body = tile;
  typename Isa::Floats totals[kBatch];
  QF_UNROLL
  for (auto& total : totals) total = Isa::Zero();
  for (uint64_t block = 0; block < x.blocks; ++block, head += kHead, body += kBody) {
    if (block % kRun == 0) {
      head = body;
      body += kHeadBytes;
    }
    if constexpr (Format::kBlockScales) {
      MultiplyScaledBlock<Isa, Format, kBatch>(body, head, block, x, row, totals);
    } else if constexpr (kLayout.block > 32) {
      MultiplyZeroBlock<Isa, Format, kBatch>(body, head, block, x, row, totals);
    } else {
      MultiplyFloatBlock<Isa, Format, kBatch>(body, head, block, x, row, totals);
    }
  }
  QF_UNROLL
  for (uint32_t b = 0; b < kBatch; ++b) {
    float lanes[Isa::kRows];
    Isa::StoreFloats(lanes, totals[b]);
    __builtin_memcpy(y + b * stride, lanes, valid * sizeof(float));
  }
}

template <class Isa, class Format, uint32_t kBatch>
void MultiplyRest(const uint8_t* tile, const Activations& x, uint64_t row, uint64_t rest, float* y,
                  uint64_t stride, uint32_t valid) {
  if constexpr (kBatch > 0) {
    if (rest == kBatch) {
      return MultiplyTile<Isa, Format, kBatch>(tile, x, row, y, stride, valid);
    }
    MultiplyRest<Isa, Format, kBatch - 1>(tile, x, row, rest, y, stride, valid);
  }
}

// As BlockKernel::multiply.
template <class Isa, template <class> class Format>
void Multiply(const uint8_t* tiles, const Activations& x, uint64_t n, RowRange rows, float* y) {
  constexpr BlockLayout kLayout = Format<Isa>::kLayout;
  const uint64_t columns = x.blocks * kLayout.block;
  const uint64_t stride = TileBytes(kLayout, Isa::kRows, columns);
  for (uint64_t row = rows.begin; row < rows.end; row += Isa::kRows) {
    const uint8_t* const tile = tiles + row / Isa::kRows * stride;
    const auto valid = static_cast<uint32_t>(n - row < Isa::kRows ? n - row : Isa::kRows);
    uint64_t b = 0;
    for (; b + Isa::kMostBatch <= x.batch; b += Isa::kMostBatch) {
      MultiplyTile<Isa, Format<Isa>, Isa::kMostBatch>(tile, x, b, y + b * n + row, n, valid);
    }
    MultiplyRest<Isa, Format<Isa>, Isa::kMostBatch - 1>(tile, x, b, x.batch - b, y + b * n + row, n,
                                                        valid);
  }
}

// As UnpackTiles.
template <class Isa, template <class> class Format>
void Unpack(const uint8_t* tiles, uint64_t k, RowRange rows, float* mixed) {
  constexpr BlockLayout kLayout = Format<Isa>::kLayout;
  constexpr uint32_t kScales = kLayout.scale_bytes * Isa::kRows;
  constexpr uint32_t kUnit = kLayout.unit_bytes * Isa::kRows;
  constexpr uint32_t kRun = BlocksOfRun(kLayout, Isa::kRows);
  const uint64_t stride = TileBytes(kLayout, Isa::kRows, k);
  auto sum = Isa::Set(0);
  for (uint64_t row = rows.begin; row < rows.end; row += Isa::kRows) {
    const uint8_t* body = tiles + row / Isa::kRows * stride;
    for (uint64_t block = 0; block < k / kLayout.block; ++block) {
      if (block % kRun == 0) body += kHeadBytes;
      for (uint32_t unit = 0; unit < kLayout.block / 32; ++unit) {
        typename Isa::Bytes quads[8];
        Format<Isa>::Decode(body + kScales + unit * kUnit, quads);
        QF_UNROLL
        for (uint32_t q = 0; q < 8; ++q) sum = Isa::Mix(sum, quads[q]);
      }
      body += kLayout.body_bytes() * Isa::kRows;
    }
  }
  float lanes[Isa::kRows];
  Isa::StoreFloats(lanes, Isa::ToFloat(sum));
  *mixed = lanes[0];
}

template <class Isa, template <class> class Format>
constexpr BlockMultiply Entry() {
  return {Isa::kRows, &Multiply<Isa, Format>, &Unpack<Isa, Format>};
}

// Wide: for formats whose units are a power of two of bytes. Narrow: for the others.
template <class Wide, class Narrow>
constexpr KernelSet MakeKernelSet(const char* name) {
  return {name,
          &Quantize,
          {Entry<Wide, Q8_0>(), Entry<Wide, Q4_0>(), Entry<Wide, Q4_1>(), Entry<Narrow, Q5_0>(),
           Entry<Narrow, Q5_1>(), Entry<Wide, Mxfp4>(), Entry<Wide, Q4K>(), Entry<Narrow, Q5K>(),
           Entry<Narrow, Q6K>(), Entry<Wide, Q3K>(), Entry<Wide, Q2K>(), Entry<Wide, Iq2Xxs>(),
           Entry<Wide, Int4>(), Entry<Wide, Int4>()}};
}

}  // namespace
}  // namespace quantfleet::linear::cpu::blocks
