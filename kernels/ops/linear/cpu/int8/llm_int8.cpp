// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/formats/int8/llm_int8.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <span>
#include <vector>

#include "kernels/formats/int8/activations.hpp"
#include "kernels/ops/linear/cpu/cpu_kernel.hpp"
#include "kernels/ops/linear/cpu/int8/dots.hpp"
#include "kernels/ops/linear/cpu/int8/kernels.hpp"
#include "kernels/ops/linear/cpu/int8/scratch.hpp"
#include "kernels/ops/linear/cpu/kernels.hpp"
#include "kernels/ops/linear/cpu/split.hpp"

namespace quantfleet::linear::cpu {
namespace {

using engine::LinearShape;
using formats::kLlmInt8Step;
using formats::kLlmInt8Threshold;
using quantfleet::cpu::ThreadPool;

// The parts of the outlier columns, after those of every int8 kernel.
struct OutlierParts {
  // Which columns are outliers, [k], and their numbers, ascending.
  uint8_t* flags = nullptr;
  uint32_t* columns = nullptr;
  // x and decoded W in those columns alone, [batch, count] and [n, count]; their product.
  float* x = nullptr;
  float* w = nullptr;
  float* product = nullptr;
  float* tile = nullptr;
  uint64_t bytes = 0;
};

class LlmInt8Kernel final : public CpuKernel {
 public:
  explicit LlmInt8Kernel(ThreadPool& pool) : CpuKernel(pool, formats::LlmInt8(), "fused") {}

  Status SupportsShape(const LinearShape& shape) const override { return CheckDotShape(shape); }
  uint64_t ScratchBytes(const LinearShape& shape) const override {
    return Lay(shape, nullptr).bytes + LayOutliers(shape, nullptr).bytes;
  }
  // Of the part below the threshold, which is less than the whole.
  double ActivationError(const LinearShape& shape) const override {
    return TokenRoundingError(shape.k);
  }
  std::string_view activation_rounding() const override { return "llm_int8"; }
  void RoundActivations(const float* x, uint64_t rows, uint64_t k, float* rounded) const override {
    const std::vector<uint32_t> outliers =
        formats::OutlierColumns({x, rows * k}, k, kLlmInt8Threshold);
    std::vector<std::byte> codes(k);
    for (uint64_t row = 0; row < rows; ++row) {
      const float* const from = x + row * k;
      float* const to = rounded + row * k;
      const float absmax =
          formats::QuantizeLlmInt8Row({from, k}, kLlmInt8Threshold, outliers, codes.data());
      for (uint64_t i = 0; i < k; ++i) {
        to[i] = formats::DecodeLlmInt8(static_cast<int8_t>(codes[i]), absmax);
      }
      for (const uint32_t column : outliers) to[column] = from[column];
    }
  }

  Status Run(const LinearCall& call) override {
    const Parts parts = Lay(call.shape, call.scratch);
    const OutlierParts outliers = LayOutliers(call.shape, parts.end);
    const uint64_t count = FindOutliers(call, outliers);
    QuantizeTokens(pool_, call.shape, parts, [&](uint64_t row, std::byte* codes) {
      const auto* const x = static_cast<const float*>(call.x) + row * call.shape.k;
      return formats::QuantizeLlmInt8Row({x, call.shape.k}, kLlmInt8Threshold,
                                         {outliers.columns, count}, codes);
    });
    ForRows(pool_, call.shape.n, [&](uint32_t, RowRange rows) {
      MultiplyCodes(reinterpret_cast<const int8_t*>(call.weights), call.shape.n, call.shape.k,
                    parts.words, call.shape.batch, rows, parts.sums);
    });
    Scale(call, parts);
    if (count > 0) AddOutliers(call, outliers, count);
    return OkStatus();
  }

 private:
  // Room for every column: how many are outliers is known only when x is.
  OutlierParts LayOutliers(const LinearShape& shape, std::byte* scratch) const {
    const uint64_t k = shape.k;
    const uint64_t sizes[] = {WholeLines(k),
                              WholeLines(k * sizeof(uint32_t)),
                              WholeLines(shape.batch * k * sizeof(float)),
                              WholeLines(shape.n * k * sizeof(float)),
                              WholeLines(uint64_t{shape.batch} * shape.n * sizeof(float)),
                              TileBytes()};
    OutlierParts parts;
    std::byte* at[std::size(sizes)] = {};
    for (size_t i = 0; i < std::size(sizes); ++i) {
      if (scratch != nullptr) at[i] = scratch + parts.bytes;
      parts.bytes += sizes[i];
    }
    parts.flags = reinterpret_cast<uint8_t*>(at[0]);
    parts.columns = reinterpret_cast<uint32_t*>(at[1]);
    parts.x = reinterpret_cast<float*>(at[2]);
    parts.w = reinterpret_cast<float*>(at[3]);
    parts.product = reinterpret_cast<float*>(at[4]);
    parts.tile = reinterpret_cast<float*>(at[5]);
    return parts;
  }

  // Step 1: the columns in which any token reaches the threshold.
  uint64_t FindOutliers(const LinearCall& call, const OutlierParts& parts) {
    const uint64_t k = call.shape.k;
    ForRows(pool_, k, [&](uint32_t, RowRange columns) {
      std::fill(parts.flags + columns.begin, parts.flags + columns.end, uint8_t{0});
      for (uint64_t b = 0; b < call.shape.batch; ++b) {
        const float* const row = static_cast<const float*>(call.x) + b * k;
        for (uint64_t i = columns.begin; i < columns.end; ++i) {
          parts.flags[i] |= std::abs(row[i]) >= kLlmInt8Threshold ? uint8_t{1} : uint8_t{0};
        }
      }
    });
    uint64_t count = 0;
    for (uint64_t i = 0; i < k; ++i) {
      if (parts.flags[i] != 0) parts.columns[count++] = static_cast<uint32_t>(i);
    }
    return count;
  }

  // Step 4: integer sums to fp32.
  void Scale(const LinearCall& call, const Parts& parts) {
    const auto [n, k, batch] = call.shape;
    const std::byte* const absmax = call.weights + uint64_t{n} * k;
    ForRows(pool_, n, [&, tokens = batch, stride = n](uint32_t, RowRange rows) {
      for (uint64_t b = 0; b < tokens; ++b) {
        for (uint64_t row = rows.begin; row < rows.end; ++row) {
          float of_row = 0;
          std::memcpy(&of_row, absmax + row * sizeof(float), sizeof(float));
          static_cast<float*>(call.y)[b * stride + row] =
              static_cast<float>(parts.sums[b * stride + row]) *
              (parts.scales[b] * of_row * (kLlmInt8Step * kLlmInt8Step));
        }
      }
    });
  }

  // Step 5: outlier columns of x and of the decoded W gathered, multiplied, added.
  void AddOutliers(const LinearCall& call, const OutlierParts& parts, uint64_t count) {
    const auto [n, k, batch] = call.shape;
    const auto* const x = static_cast<const float*>(call.x);
    for (uint64_t b = 0; b < batch; ++b) {
      for (uint64_t o = 0; o < count; ++o) parts.x[b * count + o] = x[b * k + parts.columns[o]];
    }
    const auto* const codes = reinterpret_cast<const int8_t*>(call.weights);
    const std::byte* const absmax = call.weights + uint64_t{n} * k;
    ForRows(pool_, n, [&, columns = k](uint32_t, RowRange rows) {
      for (uint64_t row = rows.begin; row < rows.end; ++row) {
        float of_row = 0;
        std::memcpy(&of_row, absmax + row * sizeof(float), sizeof(float));
        for (uint64_t o = 0; o < count; ++o) {
          parts.w[row * count + o] =
              formats::DecodeLlmInt8(codes[row * columns + parts.columns[o]], of_row);
        }
      }
    });
    MultiplyDense(pool_, {n, static_cast<uint32_t>(count), batch}, parts.w, parts.x, parts.product,
                  parts.tile);
    auto* const y = static_cast<float*>(call.y);
    for (uint64_t i = 0; i < uint64_t{batch} * n; ++i) y[i] += parts.product[i];
  }
};

}  // namespace

std::unique_ptr<LinearKernel> MakeLlmInt8Kernel(ThreadPool& pool) {
  return std::make_unique<LlmInt8Kernel>(pool);
}

}  // namespace quantfleet::linear::cpu
