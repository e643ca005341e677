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

// One block of groups that each have a float scale of their own.
template <class Isa, class Format, uint32_t kBatch>
inline void MultiplyGroupedBlock(const uint8_t* body, const uint8_t* head, uint64_t block,
                                 const Activations& x, uint64_t row, typename Isa::Floats* totals) {
  constexpr BlockLayout kLayout = Format::kLayout;
  constexpr uint32_t kGroups = kLayout.block / kLayout.group;
  constexpr uint32_t kGroupQuads = kLayout.group / 4;
  typename Isa::Floats sums[kBatch];
  QF_UNROLL
  for (auto& sum : sums) sum = Isa::SetFloat(0);
  for (uint32_t unit = 0; unit < kLayout.block / 32; ++unit) {
    typename Isa::Bytes quads[8];
    Format::Decode(body + unit * kLayout.unit_bytes * Isa::kRows, quads);
    QF_UNROLL
    for (uint32_t part = 0; part < 32 / kLayout.group; ++part) {
      const uint32_t group = unit * (32 / kLayout.group) + part;
      const auto scale = Format::Scale(head, group);
      QF_UNROLL
      for (uint32_t b = 0; b < kBatch; ++b) {
        const uint64_t at = (row + b) * x.blocks + block;
        const auto dot = Isa::template Dot<kGroupQuads, Format::kMost>(
            quads + part * kGroupQuads, x.codes + at * kLayout.block + group * kLayout.group,
            Isa::Set(x.sums[at * kGroups + group]));
        sums[b] = Isa::FusedMulAdd(Isa::ToFloat(dot), scale, sums[b]);
      }
    }
  }
  QF_UNROLL
  for (uint32_t b = 0; b < kBatch; ++b) {
    const float scale_of_x = x.scales[(row + b) * x.blocks + block];
    totals[b] = Isa::FusedMulAdd(sums[b], Isa::SetFloat(scale_of_x), totals[b]);
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

// What a tile adds to: y[b * stride + lane] for the first `valid` lanes, which the tiles of panels
// before this one have begun, or nobody.
struct Outputs {
  float* y;
  uint64_t stride;
  uint32_t valid;
  bool begun;
};

// kBatch rows of x from `row` times one tile of a panel.
template <class Isa, class Format, uint32_t kBatch>
void MultiplyTile(const uint8_t* tile, const Panel& panel, const Activations& x, uint64_t row,
                  const Outputs& to) {
  constexpr BlockLayout kLayout = Format::kLayout;
  constexpr uint32_t kBody = kLayout.body_bytes() * Isa::kRows;
  constexpr uint32_t kHead = kLayout.head_bytes * Isa::kRows;
  constexpr uint32_t kRun = BlocksOfRun(kLayout, Isa::kRows);
  const uint8_t* head = tile;
  const uint8_t* body = tile;
  float lanes[Isa::kRows] = {};
  typename Isa::Floats totals[kBatch];
  QF_UNROLL
  for (uint32_t b = 0; b < kBatch; ++b) {
    if (to.begun) __builtin_memcpy(lanes, to.y + b * to.stride, to.valid * sizeof(float));
    totals[b] = Isa::LoadFloats(lanes);
  }
  for (uint64_t block = panel.begin_block; block < panel.end_block;
       ++block, head += kHead, body += kBody) {
    if ((block - panel.begin_block) % kRun == 0) {
      head = body;
      body += kHeadBytes;
    }
    if constexpr (Format::kBlockScales) {
      MultiplyScaledBlock<Isa, Format, kBatch>(body, head, block, x, row, totals);
    } else if constexpr (kLayout.group < 32) {
      MultiplyGroupedBlock<Isa, Format, kBatch>(body, head, block, x, row, totals);
    } else if constexpr (kLayout.block > 32) {
      MultiplyZeroBlock<Isa, Format, kBatch>(body, head, block, x, row, totals);
    } else {
      MultiplyFloatBlock<Isa, Format, kBatch>(body, head, block, x, row, totals);
    }
  }
  QF_UNROLL
  for (uint32_t b = 0; b < kBatch; ++b) {
    Isa::StoreFloats(lanes, totals[b]);
    __builtin_memcpy(to.y + b * to.stride, lanes, to.valid * sizeof(float));
  }
}

template <class Isa, class Format, uint32_t kBatch>
void MultiplyRest(const uint8_t* tile, const Panel& panel, const Activations& x, uint64_t row,
                  const Outputs& to) {
  if constexpr (kBatch > 0) {
    if (x.batch - row == kBatch) {
      return MultiplyTile<Isa, Format, kBatch>(tile, panel, x, row, to);
    }
    MultiplyRest<Isa, Format, kBatch - 1>(tile, panel, x, row, to);
  }
}

// As MultiplyTiles.
template <class Isa, template <class> class Format>
void Multiply(const uint8_t* tiles, const Activations& x, uint64_t n, RowRange rows, float* y) {
  constexpr BlockLayout kLayout = Format<Isa>::kLayout;
  const uint64_t columns = x.blocks * kLayout.block;
  for (uint64_t p = 0; p < Panels(columns); ++p) {
    const Panel panel = PanelAt(kLayout, Isa::kRows, n, columns, p);
    for (uint64_t row = rows.begin; row < rows.end; row += Isa::kRows) {
      const uint8_t* const tile = tiles + panel.offset + row / Isa::kRows * panel.stride;
      const auto valid = static_cast<uint32_t>(n - row < Isa::kRows ? n - row : Isa::kRows);
      Outputs to = {y + row, n, valid, p > 0};
      uint64_t b = 0;
      for (; b + Isa::kMostBatch <= x.batch; b += Isa::kMostBatch) {
        MultiplyTile<Isa, Format<Isa>, Isa::kMostBatch>(tile, panel, x, b, to);
        to.y += Isa::kMostBatch * n;
      }
      MultiplyRest<Isa, Format<Isa>, Isa::kMostBatch - 1>(tile, panel, x, b, to);
    }
  }
}

// As UnpackTiles.
template <class Isa, template <class> class Format>
void Unpack(const uint8_t* tiles, uint64_t n, uint64_t k, RowRange rows, uint32_t* mixed) {
  constexpr BlockLayout kLayout = Format<Isa>::kLayout;
  constexpr uint32_t kScales = kLayout.scale_bytes * Isa::kRows;
  constexpr uint32_t kUnit = kLayout.unit_bytes * Isa::kRows;
  constexpr uint32_t kRun = BlocksOfRun(kLayout, Isa::kRows);
  auto sum = Isa::Set(0);
  for (uint64_t p = 0; p < Panels(k); ++p) {
    const Panel panel = PanelAt(kLayout, Isa::kRows, n, k, p);
    for (uint64_t row = rows.begin; row < rows.end; row += Isa::kRows) {
      const uint8_t* body = tiles + panel.offset + row / Isa::kRows * panel.stride;
      for (uint64_t block = 0; block < panel.end_block - panel.begin_block; ++block) {
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
  }
  uint32_t lanes[Isa::kRows];
  static_assert(sizeof(lanes) == sizeof(sum));
  __builtin_memcpy(lanes, &sum, sizeof(lanes));
  *mixed = 0;
  for (const uint32_t lane : lanes) *mixed += lane;
}

template <class Isa, template <class> class Format>
constexpr BlockMultiply Entry() {
  return {Isa::kRows, &Multiply<Isa, Format>, &Unpack<Isa, Format>};
}

template <class Isa>
constexpr KernelSet MakeKernelSet(const char* name) {
  return {name,
          &Quantize,
          {Entry<Isa, Q8_0>(), Entry<Isa, Q4_0>(), Entry<Isa, Q4_1>(), Entry<Isa, Q5_0>(),
           Entry<Isa, Q5_1>(), Entry<Isa, Mxfp4>(), Entry<Isa, Nvfp4>(), Entry<Isa, Q4K>(),
           Entry<Isa, Q5K>(), Entry<Isa, Q6K>(), Entry<Isa, Q3K>(), Entry<Isa, Q2K>(),
           Entry<Isa, Iq2Xxs>(), Entry<Isa, Int4>(), Entry<Isa, Int4>(), Entry<Isa, Int4>()}};
}

}  // namespace
}  // namespace quantfleet::linear::cpu::blocks
