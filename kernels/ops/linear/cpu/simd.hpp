// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

// The vector code of the CPU, compiled for several instruction sets and chosen at run time
// (simd_highway.cpp), or as plain loops where Highway is not installed (simd_plain.cpp). Functions
// work on the caller's thread; callers split rows over threads. Pointers need no alignment.
namespace quantfleet::linear::cpu {

enum class WeightCode {
  kFp32,
  kFp16,
  kBf16,
  kFp8E4m3,
  kFp8E5m2,
  kInt8,
  kNf4,
  kNf4DoubleQuant,
  kFp4,
  kFp4DoubleQuant
};

// Packed weights [n, k] as formats::Format of the same name lays them out.
struct PackedMatrix {
  WeightCode code = WeightCode::kFp32;
  const std::byte* packed = nullptr;
  uint64_t n = 0;
  uint64_t k = 0;
};

// Rows of the weight matrix, [begin, end).
struct RowRange {
  uint64_t begin = 0;
  uint64_t end = 0;
};

// Instruction set in use, lower case ("avx3", "avx2", "plain").
std::string_view SimdTarget();

// Writes `rows` rows of k activations in the order in which MultiplyRows takes them for `code`
// (nf4 and fp4 split even and odd elements, as their nibbles lie); `to` may be `from` when
// NeedsArranging is false, and then nothing needs to be done.
bool NeedsArranging(WeightCode code);
void ArrangeActivations(const float* from, uint64_t rows, uint64_t k, float* to);

// Floats of scratch that MultiplyRows needs for each thread.
uint64_t MultiplyScratchFloats();

// y[b, r] = sum over i of x[b, i] * decode(W[r, i]) for r in `rows` and all b, fp32 accumulation.
// x is arranged, [batch, k]; y is [batch, n]. Small batches decode in registers, larger ones a tile
// at a time into `scratch`.
void MultiplyRows(const PackedMatrix& weights, const float* x, uint64_t batch, float* y,
                  RowRange rows, float* scratch);

// Decodes `rows` into their place in `to`, the whole matrix [n, k]. The floats are those of the
// format's own Decode.
void DecodeRows(const PackedMatrix& weights, RowRange rows, float* to);

// y[b, r] in fp64 from fp32 operands widened exactly; y is [batch, n].
void MultiplyRowsFp64(const float* weights, uint64_t n, uint64_t k, const float* x, uint64_t batch,
                      double* y, RowRange rows);

// Sum of `count` floats: the fastest way to read them all, for measuring bandwidth.
float SumFloats(const float* values, uint64_t count);

}  // namespace quantfleet::linear::cpu
