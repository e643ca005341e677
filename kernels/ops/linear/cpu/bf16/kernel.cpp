// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/ops/linear/cpu/bf16/kernel.hpp"

#include "kernels/formats/ieee/bf16.hpp"
#include "kernels/ops/linear/cpu/bf16/layout.hpp"
#include "kernels/ops/linear/cpu/bf16/vector_code.hpp"
#include "kernels/ops/linear/cpu/cpu_kernel.hpp"
#include "kernels/ops/linear/cpu/split.hpp"

namespace quantfleet::linear::cpu::bf16 {
namespace {

using engine::LinearShape;
using quantfleet::cpu::ThreadPool;

// Below this many rows of x one thread rounds them faster than threads wake.
constexpr uint32_t kRowsToShare = 8;

class Kernel final : public CpuKernel {
 public:
  Kernel(ThreadPool& pool, const VectorCode& code)
      : CpuKernel(pool, formats::Bf16(), "dense"), vector_code_(code) {}

  std::string_view variant(const LinearShape&) const override { return vector_code_.name; }
  uint64_t ScratchBytes(const LinearShape& shape) const override {
    return ChunkBytes(shape.batch, shape.k);
  }
  std::string_view layout() const override { return "rows48"; }
  Result<std::vector<std::byte>> Repack(const LinearShape& shape,
                                        std::vector<std::byte> packed) const override {
    return bf16::Repack(packed.data(), shape.n, shape.k);
  }

  // Activations are rounded like weights.
  double ActivationError(const LinearShape&) const override {
    return format_.info().relative_error;
  }
  std::string_view activation_rounding() const override { return "bf16"; }
  void RoundActivations(const float* x, uint64_t rows, uint64_t k, float* rounded) const override {
    for (uint64_t i = 0; i < rows * k; ++i) {
      rounded[i] = formats::DecodeBf16(formats::EncodeBf16(x[i]));
    }
  }

  Status Run(const LinearCall& call) override {
    const uint64_t parts = Panels(call.shape.k) * DivideUp(call.shape.batch, kChunkRows);
    if (call.shape.batch < kRowsToShare) {
      RoundParts(call, 0, parts);
    } else {
      const uint64_t threads = pool_.threads();
      pool_.Run([&](uint32_t thread) {
        RoundParts(call, parts * thread / threads, parts * (thread + 1) / threads);
      });
    }
    ForRows(pool_, call.shape.n, [&](uint32_t, RowRange rows) {
      for (uint64_t panel = 0; panel < Panels(call.shape.k); ++panel) {
        MultiplyPanel(call, panel, rows);
      }
    });
    return OkStatus();
  }

 private:
  // Chunks of x in the order in which they lie.
  void RoundParts(const LinearCall& call, uint64_t begin, uint64_t end) const {
    const uint64_t k = call.shape.k, batch = call.shape.batch;
    const uint64_t chunks = DivideUp(batch, kChunkRows);
    for (uint64_t part = begin; part < end; ++part) {
      const Panel panel = PanelAt(k, part / chunks);
      const uint64_t chunk = part % chunks, row = chunk * kChunkRows;
      vector_code_.round(
          {static_cast<const float*>(call.x) + row * k + panel.begin, k,
           std::min(kChunkRows, batch - row), panel.columns,
           call.scratch + ChunkOffset(batch, part / chunks) + chunk * panel.chunk_bytes()});
    }
  }

  // `rows` begin with a tile.
  void MultiplyPanel(const LinearCall& call, uint64_t index, RowRange rows) const {
    const uint64_t n = call.shape.n, batch = call.shape.batch;
    const Panel panel = PanelAt(call.shape.k, index);
    const uint64_t tiles = DivideUp(n, kTileRows), end = DivideUp(rows.end, kTileRows);
    TileProduct product;
    product.pairs = panel.pairs();
    product.y_stride = n;
    product.begun = index > 0;
    for (uint64_t tile = rows.begin / kTileRows; tile < end; tile += product.tiles) {
      // A thread's first and last groups may be in part another's.
      const uint64_t group = tile / kGroupTiles * kGroupTiles;
      const uint64_t of_group = std::min(kGroupTiles, tiles - group);
      product.tiles = std::min(end, group + of_group) - tile;
      product.stride = of_group * kTilePairBytes;
      product.weights = call.weights + WeightOffset(n, index) +
                        (group * panel.pairs() + tile - group) * kTilePairBytes;
      product.last_rows = std::min(kTileRows, n - (tile + product.tiles - 1) * kTileRows);
      product.x = call.scratch + ChunkOffset(batch, index);
      for (uint64_t b = 0; b < batch; b += kChunkRows, product.x += panel.chunk_bytes()) {
        product.rows_of_x = std::min(kChunkRows, batch - b);
        product.y = static_cast<float*>(call.y) + b * n + tile * kTileRows;
        vector_code_.multiply(product);
      }
    }
  }

  const VectorCode& vector_code_;
};

}  // namespace

std::unique_ptr<LinearKernel> MakeKernel(ThreadPool& pool) {
  const VectorCode* const code = FindVectorCode();
  return code != nullptr ? std::make_unique<Kernel>(pool, *code) : nullptr;
}

}  // namespace quantfleet::linear::cpu::bf16
