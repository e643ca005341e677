// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/ops/linear/cpu/kernels.hpp"

#include <algorithm>
#include <utility>

#include "kernels/formats/format.hpp"
#include "kernels/formats/ieee/fp32.hpp"
#include "kernels/ops/linear/cpu/ablation/ablation.hpp"
#include "kernels/ops/linear/cpu/bf16/kernel.hpp"
#include "kernels/ops/linear/cpu/blocks/kernel.hpp"
#include "kernels/ops/linear/cpu/cpu_kernel.hpp"
#include "kernels/ops/linear/cpu/dispatch.hpp"
#include "kernels/ops/linear/cpu/int8/kernels.hpp"
#include "kernels/ops/linear/cpu/simd.hpp"
#include "kernels/ops/linear/cpu/split.hpp"

namespace quantfleet::linear::cpu {
namespace {

using engine::LinearShape;
using quantfleet::cpu::ThreadPool;

// The weights as they are: fp32 only.
class DenseKernel final : public CpuKernel {
 public:
  explicit DenseKernel(ThreadPool& pool) : CpuKernel(pool, formats::Fp32(), "dense") {}
  std::string_view variant(const LinearShape& shape) const override { return DenseVariant(shape); }
  uint64_t ScratchBytes(const LinearShape&) const override { return TileBytes(); }
  Status Run(const LinearCall& call) override {
    MultiplyDense(pool_, call.shape, reinterpret_cast<const float*>(call.weights),
                  static_cast<const float*>(call.x), static_cast<float*>(call.y),
                  reinterpret_cast<float*>(call.scratch));
    return OkStatus();
  }
};

// The whole weight is decoded to fp32 in memory, then multiplied: what bitsandbytes does past one
// row (MatMul4Bit in autograd/_functions.py, up to 0.49.2).
class DequantizeKernel final : public CpuKernel {
 public:
  DequantizeKernel(ThreadPool& pool, const formats::Format& format)
      : CpuKernel(pool, format, "dequantize_then_gemm") {}
  std::string_view variant(const LinearShape& shape) const override { return DenseVariant(shape); }
  uint64_t ScratchBytes(const LinearShape& shape) const override {
    return TileBytes() + uint64_t{shape.n} * shape.k * sizeof(float);
  }
  Status Run(const LinearCall& call) override {
    auto* const whole = reinterpret_cast<float*>(call.scratch + TileBytes());
    ForRows(pool_, call.shape.n, [&](uint32_t, RowRange rows) {
      Decode(call, rows, whole + rows.begin * call.shape.k);
    });
    MultiplyDense(pool_, call.shape, whole, static_cast<const float*>(call.x),
                  static_cast<float*>(call.y), reinterpret_cast<float*>(call.scratch));
    return OkStatus();
  }
};

// Decodes on the way into the product: in registers for small batches, by tiles for larger ones.
class FusedKernel final : public CpuKernel {
 public:
  FusedKernel(ThreadPool& pool, const formats::Format& format) : CpuKernel(pool, format, "fused") {
    QF_CHECK(code_.has_value());
  }
  uint64_t ScratchBytes(const LinearShape& shape) const override {
    const uint64_t arranged = uint64_t{shape.batch} * shape.k * sizeof(float);
    return TileBytes() + (NeedsArranging(*code_) ? arranged : 0);
  }
  Status Run(const LinearCall& call) override {
    const auto* x = static_cast<const float*>(call.x);
    if (NeedsArranging(*code_)) {
      auto* const arranged = reinterpret_cast<float*>(call.scratch + TileBytes());
      ArrangeActivations(x, call.shape.batch, call.shape.k, arranged);
      x = arranged;
    }
    const PackedMatrix matrix = {*code_, call.weights, call.shape.n, call.shape.k};
    auto* const scratch = reinterpret_cast<float*>(call.scratch);
    ForRows(pool_, call.shape.n, [&](uint32_t thread, RowRange rows) {
      MultiplyRows(matrix, x, call.shape.batch, static_cast<float*>(call.y), rows,
                   scratch + thread * MultiplyScratchFloats());
    });
    return OkStatus();
  }
};

// Decodes a few rows at a time by the format's own scalar code and multiplies them while they lie
// in the cache: what every format has before it gets a kernel of its own.
class TiledKernel final : public CpuKernel {
 public:
  TiledKernel(ThreadPool& pool, const formats::Format& format) : CpuKernel(pool, format, "fused") {}
  std::string_view variant(const LinearShape&) const override { return "tiled"; }
  uint64_t ScratchBytes(const LinearShape& shape) const override {
    return pool_.threads() * ThreadFloats(shape) * sizeof(float);
  }
  Status Run(const LinearCall& call) override {
    const auto [n, k, batch] = call.shape;
    ForRows(pool_, n, [&](uint32_t thread, RowRange rows) {
      float* const tile =
          reinterpret_cast<float*>(call.scratch) + thread * ThreadFloats(call.shape);
      for (uint64_t row = rows.begin; row < rows.end; row += kTileRows) {
        const RowRange part = {row, std::min(row + kTileRows, rows.end)};
        Decode(call, part, tile);
        // The tile stands for rows `part` of the whole matrix.
        const PackedMatrix decoded = {
            WeightCode::kFp32, reinterpret_cast<const std::byte*>(tile - part.begin * k), n, k};
        MultiplyRows(decoded, static_cast<const float*>(call.x), batch, static_cast<float*>(call.y),
                     part, tile + kTileRows * k);
      }
    });
    return OkStatus();
  }

 private:
  static constexpr uint64_t kTileRows = 16;
  static uint64_t ThreadFloats(const LinearShape& shape) {
    return kTileRows * shape.k + MultiplyScratchFloats();
  }
};

// The oracle as a kernel: the format's own Decode, then one fp64 sum an output.
class ReferenceKernel final : public CpuKernel {
 public:
  ReferenceKernel(ThreadPool& pool, const formats::Format& format)
      : CpuKernel(pool, format, "reference") {}
  std::string_view variant(const LinearShape&) const override { return "fp64"; }
  uint64_t ScratchBytes(const LinearShape& shape) const override {
    return uint64_t{shape.n} * shape.k * sizeof(float);
  }
  Status Run(const LinearCall& call) override {
    const auto [n, k, batch] = call.shape;
    const std::span<float> whole(reinterpret_cast<float*>(call.scratch), uint64_t{n} * k);
    QF_RETURN_IF_ERROR(format_.Decode({call.weights, format_.PackedBytes(n, k)}, n, k, whole));
    const auto* x = static_cast<const float*>(call.x);
    auto* y = static_cast<float*>(call.y);
    for (uint64_t b = 0; b < batch; ++b) {
      for (uint64_t r = 0; r < n; ++r) {
        double sum = 0;
        for (uint64_t i = 0; i < k; ++i) {
          sum += static_cast<double>(x[b * k + i]) * static_cast<double>(whole[r * k + i]);
        }
        y[b * n + r] = static_cast<float>(sum);
      }
    }
    return OkStatus();
  }
};

}  // namespace

KernelTable RegisterCpuKernels(ThreadPool& pool) {
  KernelTable table;
  table.Register(std::make_unique<DenseKernel>(pool));
  if (auto kernel = bf16::MakeKernel(pool)) table.Register(std::move(kernel));
  for (auto& kernel : blocks::MakeBlockKernels(pool)) {
    if (formats::FindFormat(kernel->format()) != nullptr) table.Register(std::move(kernel));
  }
  table.Register(MakeW8a8Kernel(pool));
  table.Register(MakeLlmInt8Kernel(pool));
  for (auto& kernel : blocks::MakeUnpackBlockKernels(pool)) {
    if (formats::FindFormat(kernel->format()) != nullptr) table.Register(std::move(kernel));
  }
  for (const formats::Format* format : formats::AllFormats()) {
    table.Register(std::make_unique<ReferenceKernel>(pool, *format));
    if (format->lossless()) continue;
    table.Register(std::make_unique<DequantizeKernel>(pool, *format));
    if (table.Find(format->name(), "fused") != nullptr) continue;
    if (SimdCode(format->name())) {
      table.Register(std::make_unique<FusedKernel>(pool, *format));
    } else {
      table.Register(std::make_unique<TiledKernel>(pool, *format));
    }
  }
  RegisterAblations(pool, &table);
  table.SetDispatch(CpuDispatch(table.Find("bf16", "dense") != nullptr));
  return table;
}

}  // namespace quantfleet::linear::cpu
