// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/formats/int8/w8a8.hpp"

#include <cstring>
#include <span>
#include <vector>

#include "kernels/formats/int8/activations.hpp"
#include "kernels/ops/linear/cpu/cpu_kernel.hpp"
#include "kernels/ops/linear/cpu/int8/dots.hpp"
#include "kernels/ops/linear/cpu/int8/kernels.hpp"
#include "kernels/ops/linear/cpu/int8/scratch.hpp"
#include "kernels/ops/linear/cpu/split.hpp"

namespace quantfleet::linear::cpu {
namespace {

using engine::LinearShape;
using quantfleet::cpu::ThreadPool;

class W8a8Kernel final : public CpuKernel {
 public:
  explicit W8a8Kernel(ThreadPool& pool) : CpuKernel(pool, formats::W8a8(), "fused") {}

  Status SupportsShape(const LinearShape& shape) const override { return CheckDotShape(shape); }
  uint64_t ScratchBytes(const LinearShape& shape) const override {
    return Lay(shape, nullptr).bytes;
  }
  double ActivationError(const LinearShape& shape) const override {
    return TokenRoundingError(shape.k);
  }
  std::string_view activation_rounding() const override { return "int8_token"; }
  void RoundActivations(const float* x, uint64_t rows, uint64_t k, float* rounded) const override {
    std::vector<std::byte> codes(k);
    for (uint64_t row = 0; row < rows; ++row) {
      const float scale = formats::QuantizeToken({x + row * k, k}, codes.data());
      for (uint64_t i = 0; i < k; ++i) {
        rounded[row * k + i] = static_cast<float>(static_cast<int8_t>(codes[i])) * scale;
      }
    }
  }

  Status Run(const LinearCall& call) override {
    const auto [n, k, batch] = call.shape;
    const Parts parts = Lay(call.shape, call.scratch);
    QuantizeTokens(pool_, call.shape, parts, [&](uint64_t row, std::byte* codes) {
      return formats::QuantizeToken(
          {static_cast<const float*>(call.x) + row * call.shape.k, call.shape.k}, codes);
    });
    const std::byte* const weight_scales = call.weights + uint64_t{n} * k;
    ForRows(pool_, n, [&, rows_of_x = batch, stride = n, columns = k](uint32_t, RowRange rows) {
      MultiplyCodes(reinterpret_cast<const int8_t*>(call.weights), stride, columns, parts.words,
                    rows_of_x, rows, parts.sums);
      for (uint64_t b = 0; b < rows_of_x; ++b) {
        for (uint64_t row = rows.begin; row < rows.end; ++row) {
          float scale = 0;
          std::memcpy(&scale, weight_scales + row * sizeof(float), sizeof(float));
          static_cast<float*>(call.y)[b * stride + row] =
              static_cast<float>(parts.sums[b * stride + row]) * (parts.scales[b] * scale);
        }
      }
    });
    return OkStatus();
  }
};

}  // namespace

std::unique_ptr<LinearKernel> MakeW8a8Kernel(ThreadPool& pool) {
  return std::make_unique<W8a8Kernel>(pool);
}

}  // namespace quantfleet::linear::cpu
