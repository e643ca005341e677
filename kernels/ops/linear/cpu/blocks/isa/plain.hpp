// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "kernels/formats/ieee/fp16.hpp"

// The instruction set that every machine has: loops over the lanes of a tile. It says what the
// others do; compilers vectorize much of it.
namespace quantfleet::linear::cpu::blocks {
namespace {

struct Plain {
  // Rows of a tile, and rows of x multiplied at once.
  static constexpr uint32_t kRows = 8;
  static constexpr uint32_t kMostBatch = 4;
  // A quad; one sum for each row.
  struct Bytes {
    uint8_t of[4 * kRows];
  };
  struct Ints {
    int32_t of[kRows];
  };
  struct Floats {
    float of[kRows];
  };

  static Bytes Load(const uint8_t* from) {
    Bytes bytes;
    __builtin_memcpy(bytes.of, from, sizeof(bytes.of));
    return bytes;
  }
  static void Store(uint8_t* to, const Bytes& bytes) {
    __builtin_memcpy(to, bytes.of, sizeof(bytes.of));
  }
  static Bytes And(Bytes a, uint8_t mask) {
    for (uint8_t& byte : a.of) byte &= mask;
    return a;
  }
  // Bits may come from or go to the neighbour byte in other instruction sets: callers mask them.
  template <int kShift>
  static Bytes ShiftRight(Bytes a) {
    for (uint8_t& byte : a.of) byte = static_cast<uint8_t>(byte >> kShift);
    return a;
  }
  template <int kShift>
  static Bytes ShiftLeft(Bytes a) {
    for (uint8_t& byte : a.of) byte = static_cast<uint8_t>(byte << kShift);
    return a;
  }
  // (a & mask) | b.
  static Bytes AndOr(Bytes a, uint8_t mask, const Bytes& b) {
    for (uint32_t i = 0; i < 4 * kRows; ++i) {
      a.of[i] = static_cast<uint8_t>((a.of[i] & mask) | b.of[i]);
    }
    return a;
  }
  // table[byte] of bytes below 16.
  static Bytes Lookup16(const uint8_t* table, Bytes low_nibbles) {
    for (uint8_t& byte : low_nibbles.of) byte = table[byte & 15U];
    return low_nibbles;
  }

  // A sum that depends on every byte of the quad.
  static Ints Mix(Ints sum, const Bytes& quad) {
    for (uint32_t i = 0; i < 4 * kRows; ++i) sum.of[i / 4] += quad.of[i];
    return sum;
  }
  static Ints Set(int32_t value) {
    Ints ints;
    for (int32_t& lane : ints.of) lane = value;
    return ints;
  }
  static Ints Add(Ints a, const Ints& b) {
    for (uint32_t i = 0; i < kRows; ++i) a.of[i] += b.of[i];
    return a;
  }
  static Ints MulAdd(const Ints& a, const Ints& b, Ints sum) {
    for (uint32_t i = 0; i < kRows; ++i) sum.of[i] += a.of[i] * b.of[i];
    return sum;
  }
  static Ints WidenUnsigned(const uint8_t* from) {
    Ints ints;
    for (uint32_t i = 0; i < kRows; ++i) ints.of[i] = from[i];
    return ints;
  }
  static Ints WidenSigned(const uint8_t* from) {
    Ints ints;
    for (uint32_t i = 0; i < kRows; ++i) ints.of[i] = static_cast<int8_t>(from[i]);
    return ints;
  }

  // sum + the products of kQuads quads, no byte above kMost, with 4 kQuads activations.
  template <uint32_t kQuads, uint32_t kMost>
  static Ints Dot(const Bytes* quads, const int8_t* x, Ints sum) {
    for (uint32_t q = 0; q < kQuads; ++q) {
      for (uint32_t i = 0; i < 4 * kRows; ++i) {
        sum.of[i / 4] += quads[q].of[i] * x[4 * q + i % 4];
      }
    }
    return sum;
  }
  // The same with signed bytes; where kSignedByOffset, `sum` starts from -128 times the sum of x.
  template <uint32_t kQuads>
  static Ints DotSigned(const Bytes* quads, const int8_t* x, Ints sum) {
    for (uint32_t q = 0; q < kQuads; ++q) {
      for (uint32_t i = 0; i < 4 * kRows; ++i) {
        sum.of[i / 4] += static_cast<int8_t>(quads[q].of[i]) * x[4 * q + i % 4];
      }
    }
    return sum;
  }
  static constexpr bool kSignedByOffset = false;

  static Floats SetFloat(float value) {
    Floats floats;
    for (float& lane : floats.of) lane = value;
    return floats;
  }
  static Floats LoadFloats(const float* from) {
    Floats floats;
    __builtin_memcpy(floats.of, from, sizeof(floats.of));
    return floats;
  }
  static Floats ToFloat(const Ints& a) {
    Floats floats;
    for (uint32_t i = 0; i < kRows; ++i) floats.of[i] = static_cast<float>(a.of[i]);
    return floats;
  }
  static Floats Mul(Floats a, const Floats& b) {
    for (uint32_t i = 0; i < kRows; ++i) a.of[i] *= b.of[i];
    return a;
  }
  static Floats FusedMulAdd(const Floats& a, const Floats& b, Floats c) {
    for (uint32_t i = 0; i < kRows; ++i) c.of[i] += a.of[i] * b.of[i];
    return c;
  }
  static Floats LoadHalf(const uint8_t* from) {
    Floats floats;
    for (uint32_t i = 0; i < kRows; ++i) {
      uint16_t bits = 0;
      __builtin_memcpy(&bits, from + 2 * i, sizeof(bits));
      floats.of[i] = formats::DecodeFp16(bits);
    }
    return floats;
  }
  static Floats LoadHalvedE8M0(const uint8_t* from) {
    Floats floats;
    for (uint32_t i = 0; i < kRows; ++i) {
      const uint32_t bits = uint32_t{from[i]} << 23;
      __builtin_memcpy(&floats.of[i], &bits, sizeof(bits));
      floats.of[i] *= 0.5F;
    }
    return floats;
  }
  // Half of the unsigned E4M3 bytes' values; 0x7F is not among them.
  static Floats LoadHalvedE4M3(const uint8_t* from) {
    Floats floats;
    for (uint32_t i = 0; i < kRows; ++i) {
      const uint32_t bits = uint32_t{from[i]} << 20;
      __builtin_memcpy(&floats.of[i], &bits, sizeof(bits));
      floats.of[i] *= 0x1p119F;
    }
    return floats;
  }
  static void StoreFloats(float* to, const Floats& a) { __builtin_memcpy(to, a.of, sizeof(a.of)); }
};

}  // namespace
}  // namespace quantfleet::linear::cpu::blocks
