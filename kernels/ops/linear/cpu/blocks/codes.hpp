// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/ops/linear/cpu/blocks/isa/unroll.hpp"
#include "kernels/ops/linear/cpu/blocks/layout.hpp"

// How each format's units and sub-scales become codes and integers, over any instruction set.
namespace quantfleet::linear::cpu::blocks {
namespace {

// The eight quads of a unit from its 4-bit plane.
template <class Isa>
inline void DecodeNibbles(const uint8_t* unit, typename Isa::Bytes* quads) {
  QF_UNROLL
  for (uint32_t v = 0; v < 4; ++v) {
    const auto pairs = Isa::Load(unit + v * 4 * Isa::kRows);
    quads[v] = Isa::And(pairs, 0x0F);
    quads[v + 4] = Isa::And(Isa::template ShiftRight<4>(pairs), 0x0F);
  }
}

// The bits of `a` that `mask` selects, once shifted right.
template <class Isa, int kShift>
inline typename Isa::Bytes Field(typename Isa::Bytes a, uint8_t mask) {
  return Isa::And(Isa::template ShiftRight<kShift>(a), mask);
}

// Quads of 3, 5 and 6 bits: BitFields (tile_writer.cpp), backwards.
template <class Isa>
inline void DecodeThreeBits(const uint8_t* unit, typename Isa::Bytes* quads) {
  typename Isa::Bytes v[3];
  QF_UNROLL
  for (uint32_t i = 0; i < 3; ++i) {
    v[i] = Isa::Load(unit + i * 4 * Isa::kRows);
    quads[i] = Isa::And(v[i], 7);
    quads[i + 3] = Field<Isa, 3>(v[i], 7);
  }
  quads[6] = Isa::AndOr(Isa::template ShiftRight<4>(v[2]), 4, Field<Isa, 6>(v[0], 3));
  quads[7] = Isa::AndOr(Isa::template ShiftRight<5>(v[2]), 4, Field<Isa, 6>(v[1], 3));
}

template <class Isa>
inline void DecodeFiveBits(const uint8_t* unit, typename Isa::Bytes* quads) {
  typename Isa::Bytes v[5];
  QF_UNROLL
  for (uint32_t i = 0; i < 5; ++i) {
    v[i] = Isa::Load(unit + i * 4 * Isa::kRows);
    quads[i] = Isa::And(v[i], 31);
  }
  quads[5] = Isa::AndOr(Isa::template ShiftRight<2>(v[1]), 0x18, Field<Isa, 5>(v[0], 7));
  quads[6] = Isa::AndOr(Isa::template ShiftRight<2>(v[3]), 0x18, Field<Isa, 5>(v[2], 7));
  const auto low = Isa::AndOr(Isa::template ShiftRight<4>(v[1]), 0x08, Field<Isa, 5>(v[4], 7));
  quads[7] = Isa::AndOr(Isa::template ShiftRight<3>(v[3]), 0x10, low);
}

template <class Isa>
inline void DecodeSixBits(const uint8_t* unit, typename Isa::Bytes* quads) {
  QF_UNROLL
  for (uint32_t half = 0; half < 2; ++half) {
    typename Isa::Bytes v[3];
    QF_UNROLL
    for (uint32_t i = 0; i < 3; ++i) {
      v[i] = Isa::Load(unit + (3 * half + i) * 4 * Isa::kRows);
      quads[4 * half + i] = Isa::And(v[i], 63);
    }
    const auto low = Isa::AndOr(Isa::template ShiftRight<4>(v[1]), 0x0C, Field<Isa, 6>(v[0], 3));
    quads[4 * half + 3] = Isa::AndOr(Isa::template ShiftRight<2>(v[2]), 0x30, low);
  }
}

// The eight quads of a unit from its 2-bit plane.
template <class Isa>
inline void DecodePairs(const uint8_t* plane, typename Isa::Bytes* quads) {
  QF_UNROLL
  for (uint32_t v = 0; v < 2; ++v) {
    const auto bits = Isa::Load(plane + v * 4 * Isa::kRows);
    quads[v] = Isa::And(bits, 3);
    quads[v + 2] = Isa::And(Isa::template ShiftRight<2>(bits), 3);
    quads[v + 4] = Isa::And(Isa::template ShiftRight<4>(bits), 3);
    quads[v + 6] = Isa::And(Isa::template ShiftRight<6>(bits), 3);
  }
}

// Sub-scales of a block widened to bytes: [group][row].
template <class Isa, uint32_t kGroups>
struct ByteScales {
  uint8_t of[kGroups * Isa::kRows];
  typename Isa::Ints Get(uint32_t group) const {
    return Isa::WidenUnsigned(of + group * Isa::kRows);
  }
};

// Formats. kMost: largest code. kBlockScales: sub-scales are integers (K-quants), else the float
// scale of the block is all there is. kMinimum: groups have a minimum that is taken away (K) or
// blocks one that is added. kFactor: what the float scale of a block is multiplied with. Scales
// are made from a block's units and its sub-scales.

template <class Isa>
struct Q8_0 {
  static constexpr BlockLayout kLayout = kQ8_0Layout;
  static constexpr bool kSigned = true, kBlockScales = false, kMinimum = false;
  static constexpr uint32_t kMost = 255;
  static void Decode(const uint8_t* unit, typename Isa::Bytes* quads) {
    QF_UNROLL
    for (uint32_t q = 0; q < 8; ++q) quads[q] = Isa::Load(unit + q * 4 * Isa::kRows);
  }
  static typename Isa::Floats Scale(const uint8_t* head) { return Isa::LoadHalf(head); }
};

template <class Isa>
struct Q4_0 {
  static constexpr BlockLayout kLayout = kQ4_0Layout;
  static constexpr bool kSigned = false, kBlockScales = false, kMinimum = false;
  static constexpr uint32_t kMost = 15;
  static void Decode(const uint8_t* unit, typename Isa::Bytes* quads) {
    DecodeNibbles<Isa>(unit, quads);
  }
  static typename Isa::Floats Scale(const uint8_t* head) { return Isa::LoadHalf(head); }
};

template <class Isa>
struct Q4_1 : Q4_0<Isa> {
  static constexpr BlockLayout kLayout = kQ4_1Layout;
  static constexpr bool kMinimum = true;
};

template <class Isa>
struct Q5_0 : Q4_0<Isa> {
  static constexpr BlockLayout kLayout = kQ5_0Layout;
  static constexpr uint32_t kMost = 31;
  static void Decode(const uint8_t* unit, typename Isa::Bytes* quads) {
    DecodeFiveBits<Isa>(unit, quads);
  }
};

template <class Isa>
struct Q5_1 : Q5_0<Isa> {
  static constexpr BlockLayout kLayout = kQ5_1Layout;
  static constexpr bool kMinimum = true;
};

// E2M1 values, doubled, plus 12.
inline constexpr uint8_t kMxfp4Codes[16] = {12, 13, 14, 15, 16, 18, 20, 24,
                                            12, 11, 10, 9,  8,  6,  4,  0};

template <class Isa>
struct Mxfp4 : Q4_0<Isa> {
  static constexpr BlockLayout kLayout = kMxfp4Layout;
  static constexpr uint32_t kMost = 24;
  static void Decode(const uint8_t* unit, typename Isa::Bytes* quads) {
    DecodeNibbles<Isa>(unit, quads);
    QF_UNROLL
    for (uint32_t q = 0; q < 8; ++q) quads[q] = Isa::Lookup16(kMxfp4Codes, quads[q]);
  }
  static typename Isa::Floats Scale(const uint8_t* head) { return Isa::LoadHalvedE8M0(head); }
};

// The same codes; four float scales a block.
template <class Isa>
struct Nvfp4 : Mxfp4<Isa> {
  static constexpr BlockLayout kLayout = kNvfp4Layout;
  static typename Isa::Floats Scale(const uint8_t* head, uint32_t group) {
    return Isa::LoadHalvedE4M3(head + group * Isa::kRows);
  }
};

// 6-bit scales and minima of Q4_K and Q5_K: 4-bit planes of the scales of groups 0..3 (low) and
// 4..7 (high), the same of the minima, then one plane with their upper bits: scales 0..3, 4..7,
// minima 0..3, 4..7 from the lowest bit pair up.
template <class Isa>
struct SixBitScales {
  ByteScales<Isa, 8> scales;
  ByteScales<Isa, 8> minima;
  SixBitScales(const uint8_t*, const uint8_t* from) {
    constexpr uint32_t kPlane = 4 * Isa::kRows;
    const auto low = Isa::Load(from);
    const auto low_minima = Isa::Load(from + kPlane);
    const auto high = Isa::Load(from + 2 * kPlane);
    Isa::Store(scales.of, Isa::AndOr(Isa::template ShiftLeft<4>(high), 0x30, Isa::And(low, 0x0F)));
    Isa::Store(scales.of + kPlane, Isa::AndOr(Isa::template ShiftLeft<2>(high), 0x30,
                                              Isa::And(Isa::template ShiftRight<4>(low), 0x0F)));
    Isa::Store(minima.of, Isa::AndOr(high, 0x30, Isa::And(low_minima, 0x0F)));
    Isa::Store(minima.of + kPlane,
               Isa::AndOr(Isa::template ShiftRight<2>(high), 0x30,
                          Isa::And(Isa::template ShiftRight<4>(low_minima), 0x0F)));
  }
  typename Isa::Ints Scale(uint32_t group) const { return scales.Get(group); }
  typename Isa::Ints Minimum(uint32_t group) const { return minima.Get(group); }
};

template <class Isa>
struct Q4K {
  static constexpr BlockLayout kLayout = kQ4KLayout;
  static constexpr bool kSigned = false, kBlockScales = true, kMinimum = true;
  static constexpr uint32_t kMost = 15;
  static constexpr float kFactor = 1;
  using Scales = SixBitScales<Isa>;
  static void Decode(const uint8_t* unit, typename Isa::Bytes* quads) {
    DecodeNibbles<Isa>(unit, quads);
  }
};

template <class Isa>
struct Q5K : Q4K<Isa> {
  static constexpr BlockLayout kLayout = kQ5KLayout;
  static constexpr uint32_t kMost = 31;
  static void Decode(const uint8_t* unit, typename Isa::Bytes* quads) {
    DecodeFiveBits<Isa>(unit, quads);
  }
};

// Signed bytes as they are.
template <class Isa>
struct SignedScales {
  const uint8_t* from;
  SignedScales(const uint8_t*, const uint8_t* scales) : from(scales) {}
  typename Isa::Ints Scale(uint32_t group) const {
    return Isa::WidenSigned(from + group * Isa::kRows);
  }
};

template <class Isa>
struct Q6K {
  static constexpr BlockLayout kLayout = kQ6KLayout;
  static constexpr bool kSigned = false, kBlockScales = true, kMinimum = false;
  static constexpr uint32_t kMost = 63;
  static constexpr float kFactor = 1;
  using Scales = SignedScales<Isa>;
  static void Decode(const uint8_t* unit, typename Isa::Bytes* quads) {
    DecodeSixBits<Isa>(unit, quads);
  }
};

// 6-bit scales less 32 of Q3_K: 4-bit planes of groups 0..3 and 4..7, 8..11 and 12..15, then one
// plane of upper bits, groups 0..3, 4..7, 8..11, 12..15 from the lowest bit pair up.
template <class Isa>
struct CentredScales {
  ByteScales<Isa, 16> scales;
  CentredScales(const uint8_t*, const uint8_t* from) {
    constexpr uint32_t kPlane = 4 * Isa::kRows;
    const auto first = Isa::Load(from);
    const auto second = Isa::Load(from + kPlane);
    const auto high = Isa::Load(from + 2 * kPlane);
    Isa::Store(scales.of,
               Isa::AndOr(Isa::template ShiftLeft<4>(high), 0x30, Isa::And(first, 0x0F)));
    Isa::Store(scales.of + kPlane, Isa::AndOr(Isa::template ShiftLeft<2>(high), 0x30,
                                              Isa::And(Isa::template ShiftRight<4>(first), 0x0F)));
    Isa::Store(scales.of + 2 * kPlane, Isa::AndOr(high, 0x30, Isa::And(second, 0x0F)));
    Isa::Store(scales.of + 3 * kPlane,
               Isa::AndOr(Isa::template ShiftRight<2>(high), 0x30,
                          Isa::And(Isa::template ShiftRight<4>(second), 0x0F)));
  }
  typename Isa::Ints Scale(uint32_t group) const {
    return Isa::Add(scales.Get(group), Isa::Set(-32));
  }
};

template <class Isa>
struct Q3K {
  static constexpr BlockLayout kLayout = kQ3KLayout;
  static constexpr bool kSigned = false, kBlockScales = true, kMinimum = false;
  static constexpr uint32_t kMost = 7;
  static constexpr float kFactor = 1;
  using Scales = CentredScales<Isa>;
  static void Decode(const uint8_t* unit, typename Isa::Bytes* quads) {
    DecodeThreeBits<Isa>(unit, quads);
  }
};

// 4-bit scales (low nibbles) and minima (high) of Q2_K, group by group.
template <class Isa>
struct FourBitScales {
  ByteScales<Isa, 16> scales;
  ByteScales<Isa, 16> minima;
  FourBitScales(const uint8_t*, const uint8_t* from) {
    constexpr uint32_t kPlane = 4 * Isa::kRows;
    QF_UNROLL
    for (uint32_t v = 0; v < 4; ++v) {
      const auto both = Isa::Load(from + v * kPlane);
      Isa::Store(scales.of + v * kPlane, Isa::And(both, 0x0F));
      Isa::Store(minima.of + v * kPlane, Isa::And(Isa::template ShiftRight<4>(both), 0x0F));
    }
  }
  typename Isa::Ints Scale(uint32_t group) const { return scales.Get(group); }
  typename Isa::Ints Minimum(uint32_t group) const { return minima.Get(group); }
};

template <class Isa>
struct Q2K {
  static constexpr BlockLayout kLayout = kQ2KLayout;
  static constexpr bool kSigned = false, kBlockScales = true, kMinimum = true;
  static constexpr uint32_t kMost = 3;
  static constexpr float kFactor = 1;
  using Scales = FourBitScales<Isa>;
  static void Decode(const uint8_t* unit, typename Isa::Bytes* quads) {
    DecodePairs<Isa>(unit, quads);
  }
};

// w = (code - zero) * scale, both for 128 weights of a row.
template <class Isa>
struct Int4 : Q4_0<Isa> {
  static constexpr BlockLayout kLayout = kInt4Layout;
};

// Scales that lie among the signs of each unit.
template <class Isa>
struct UnitScales {
  const uint8_t* units;
  UnitScales(const uint8_t* from, const uint8_t*) : units(from) {}
  typename Isa::Ints Scale(uint32_t group) const {
    return Iq2XxsUnit<Isa>::Scale(units + group * kIq2XxsLayout.unit_bytes * Isa::kRows);
  }
};

template <class Isa>
struct Iq2Xxs {
  static constexpr BlockLayout kLayout = kIq2XxsLayout;
  static constexpr bool kSigned = false, kBlockScales = true, kMinimum = false;
  static constexpr uint32_t kMost = 64 + 43;
  static constexpr float kFactor = 0.125F;
  using Scales = UnitScales<Isa>;
  static void Decode(const uint8_t* unit, typename Isa::Bytes* quads) {
    Iq2XxsUnit<Isa>::Decode(unit, quads);
  }
};

}  // namespace
}  // namespace quantfleet::linear::cpu::blocks
