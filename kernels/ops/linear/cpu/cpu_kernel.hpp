// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <optional>
#include <string_view>
#include <utility>

#include "kernels/cpu/thread_pool.hpp"
#include "kernels/formats/format.hpp"
#include "kernels/ops/linear/cpu/simd.hpp"
#include "kernels/ops/linear/kernel.hpp"

namespace quantfleet::linear::cpu {

// Largest relative error of fp32 sums of k products in any order: it grows like sqrt(k) times the
// unit roundoff (Higham, Accuracy and Stability of Numerical Algorithms, 2.8 "statistical" bound);
// 16 leaves room for the worst row of small outputs.
inline double Fp32Tolerance(const engine::LinearShape& shape) {
  return 16 * 0x1p-24 * std::sqrt(static_cast<double>(shape.k) + 16);
}

// The vector code of simd.hpp that knows the format, if any does.
inline std::optional<WeightCode> SimdCode(std::string_view format) {
  constexpr std::pair<std::string_view, WeightCode> kCodes[] = {
      {"fp32", WeightCode::kFp32},
      {"fp16", WeightCode::kFp16},
      {"bf16", WeightCode::kBf16},
      {"fp8_e4m3", WeightCode::kFp8E4m3},
      {"fp8_e5m2", WeightCode::kFp8E5m2},
      {"int8", WeightCode::kInt8},
      // The same bytes.
      {"w8a8", WeightCode::kInt8},
      {"nf4", WeightCode::kNf4},
      {"nf4_double_quant", WeightCode::kNf4DoubleQuant},
      {"fp4_double_quant", WeightCode::kFp4DoubleQuant},
      {"fp4", WeightCode::kFp4}};
  for (const auto& [name, code] : kCodes) {
    if (name == format) return code;
  }
  return std::nullopt;
}

// What the kernels of the CPU have in common: fp32 activations, every shape, fp32 sums. `pool`
// outlives the kernel.
class CpuKernel : public LinearKernel {
 public:
  CpuKernel(quantfleet::cpu::ThreadPool& pool, const formats::Format& format,
            std::string_view kernel)
      : pool_(pool), format_(format), code_(SimdCode(format.name())), kernel_(kernel) {}

  std::string_view format() const override { return format_.name(); }
  std::string_view kernel() const override { return kernel_; }
  std::string_view variant(const engine::LinearShape&) const override { return SimdTarget(); }
  Status SupportedOnDevice() const override { return OkStatus(); }
  Status SupportsShape(const engine::LinearShape&) const override { return OkStatus(); }
  ActivationType activation_type() const override { return ActivationType::kFp32; }
  double Tolerance(const engine::LinearShape& shape) const override { return Fp32Tolerance(shape); }

 protected:
  // Scratch of MultiplyDense and MultiplyRows for all threads.
  uint64_t TileBytes() const { return pool_.threads() * MultiplyScratchFloats() * sizeof(float); }
  // Decodes `rows` of the call's matrix into consecutive rows from `to`.
  void Decode(const LinearCall& call, RowRange rows, float* to) const {
    const auto [n, k, batch] = call.shape;
    if (code_) {
      return DecodeRows({*code_, call.weights, n, k}, rows, to - rows.begin * k);
    }
    for (uint64_t row = rows.begin; row < rows.end; ++row, to += k) {
      format_.DecodeRow(call.weights, n, k, row, to);
    }
  }

  quantfleet::cpu::ThreadPool& pool_;
  const formats::Format& format_;
  const std::optional<WeightCode> code_;
  const std::string_view kernel_;
};

}  // namespace quantfleet::linear::cpu
