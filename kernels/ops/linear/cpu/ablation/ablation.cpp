// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/ops/linear/cpu/ablation/ablation.hpp"

#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "kernels/ops/linear/cpu/ablation/sums.hpp"
#include "kernels/ops/linear/cpu/cpu_kernel.hpp"
#include "kernels/ops/linear/cpu/kernels.hpp"
#include "kernels/ops/linear/cpu/split.hpp"

namespace quantfleet::linear::cpu {
namespace {

using engine::LinearShape;
using quantfleet::cpu::ThreadPool;

uint64_t Weights(const LinearShape& shape) {
  return uint64_t{shape.n} * shape.k;
}

// Each thread leaves what it found in its own line of the scratch: nothing that was read may be
// dropped by the compiler, and no two threads write to one line.
constexpr uint64_t kLine = 64;

template <class Value>
void Keep(const LinearCall& call, uint32_t thread, Value value) {
  std::memcpy(call.scratch + thread * kLine, &value, sizeof(value));
}

class PartKernel : public CpuKernel {
 public:
  using CpuKernel::CpuKernel;
  bool has_output() const override { return false; }
  uint64_t ScratchBytes(const LinearShape&) const override { return pool_.threads() * kLine; }
  Work WorkOf(const LinearShape&, uint64_t weight_bytes) const override {
    return {weight_bytes, 0};
  }
};

class LaunchKernel final : public PartKernel {
 public:
  LaunchKernel(ThreadPool& pool, const formats::Format& format)
      : PartKernel(pool, format, "ablation_launch") {}
  std::string_view variant(const LinearShape&) const override { return "threads"; }
  Work WorkOf(const LinearShape&, uint64_t) const override { return {}; }
  Status Run(const LinearCall&) override {
    pool_.Run([](uint32_t) {});
    return OkStatus();
  }
};

class ReadKernel final : public PartKernel {
 public:
  ReadKernel(ThreadPool& pool, const formats::Format& format)
      : PartKernel(pool, format, "ablation_read") {}
  Status Run(const LinearCall& call) override {
    // Whole words a thread; the last one takes the rest.
    const uint64_t bytes = format_.PackedBytes(call.shape.n, call.shape.k);
    const uint64_t part = bytes / pool_.threads() / kLine * kLine;
    pool_.Run([&](uint32_t thread) {
      const uint64_t begin = part * thread;
      const uint64_t end = thread + 1 == pool_.threads() ? bytes : begin + part;
      Keep(call, thread, XorWords(call.weights + begin, end - begin));
    });
    return OkStatus();
  }
};

// For formats that the vector code knows.
class UnpackKernel final : public PartKernel {
 public:
  UnpackKernel(ThreadPool& pool, const formats::Format& format)
      : PartKernel(pool, format, "ablation_unpack") {}
  Status Run(const LinearCall& call) override {
    const PackedMatrix matrix = {*code_, call.weights, call.shape.n, call.shape.k};
    ForRows(pool_, call.shape.n, [&](uint32_t thread, RowRange rows) {
      Keep(call, thread, SumDecodedRows(matrix, rows));
    });
    return OkStatus();
  }
};

// For the others: a row at a time by the format's own code, into a tile that stays in the cache.
class UnpackRowsKernel final : public PartKernel {
 public:
  UnpackRowsKernel(ThreadPool& pool, const formats::Format& format)
      : PartKernel(pool, format, "ablation_unpack") {}
  std::string_view variant(const LinearShape&) const override { return "rows"; }
  uint64_t ScratchBytes(const LinearShape& shape) const override {
    return pool_.threads() * TileStride(shape);
  }
  Status Run(const LinearCall& call) override {
    ForRows(pool_, call.shape.n, [&](uint32_t thread, RowRange rows) {
      auto* const tile = reinterpret_cast<float*>(call.scratch + thread * TileStride(call.shape));
      for (uint64_t row = rows.begin; row < rows.end; ++row) Decode(call, {row, row + 1}, tile);
    });
    return OkStatus();
  }

 private:
  static uint64_t TileStride(const LinearShape& shape) {
    return (shape.k * sizeof(float) + kLine - 1) / kLine * kLine;
  }
};

class DecodeKernel final : public PartKernel {
 public:
  DecodeKernel(ThreadPool& pool, const formats::Format& format)
      : PartKernel(pool, format, "ablation_decode") {}
  uint64_t ScratchBytes(const LinearShape& shape) const override {
    return Weights(shape) * sizeof(float);
  }
  Work WorkOf(const LinearShape& shape, uint64_t weight_bytes) const override {
    return {weight_bytes + Weights(shape) * sizeof(float), 0};
  }
  Status Run(const LinearCall& call) override {
    auto* const whole = reinterpret_cast<float*>(call.scratch);
    ForRows(pool_, call.shape.n, [&](uint32_t, RowRange rows) {
      Decode(call, rows, whole + rows.begin * call.shape.k);
    });
    return OkStatus();
  }
};

// Its copies of the weights are fp32 and rotate like those of any other arm: what it reads is as
// cold as the weights of the fp32 baseline.
class DecodedDenseKernel final : public CpuKernel {
 public:
  DecodedDenseKernel(ThreadPool& pool, const formats::Format& format)
      : CpuKernel(pool, format, "ablation_dense") {}
  std::string_view variant(const LinearShape& shape) const override { return DenseVariant(shape); }
  uint64_t ScratchBytes(const LinearShape&) const override { return TileBytes(); }
  std::string_view layout() const override { return "decoded"; }
  Result<std::vector<std::byte>> Repack(const LinearShape& shape,
                                        std::vector<std::byte> packed) const override {
    std::vector<float> decoded(Weights(shape));
    QF_RETURN_IF_ERROR(format_.Decode(packed, shape.n, shape.k, decoded));
    packed.resize(decoded.size() * sizeof(float));
    std::memcpy(packed.data(), decoded.data(), packed.size());
    return packed;
  }
  Work WorkOf(const LinearShape& shape, uint64_t) const override {
    return CpuKernel::WorkOf(shape, Weights(shape) * sizeof(float));
  }
  Status Run(const LinearCall& call) override {
    MultiplyDense(pool_, call.shape, reinterpret_cast<const float*>(call.weights),
                  static_cast<const float*>(call.x), static_cast<float*>(call.y),
                  reinterpret_cast<float*>(call.scratch));
    return OkStatus();
  }
};

}  // namespace

void RegisterAblations(ThreadPool& pool, KernelTable* table) {
  for (const formats::Format* format : formats::AllFormats()) {
    const auto add = [&](std::unique_ptr<LinearKernel> kernel) {
      if (table->Find(format->name(), kernel->kernel()) == nullptr) {
        table->Register(std::move(kernel));
      }
    };
    add(std::make_unique<LaunchKernel>(pool, *format));
    add(std::make_unique<ReadKernel>(pool, *format));
    if (SimdCode(format->name())) {
      add(std::make_unique<UnpackKernel>(pool, *format));
    } else {
      add(std::make_unique<UnpackRowsKernel>(pool, *format));
    }
    add(std::make_unique<DecodeKernel>(pool, *format));
    add(std::make_unique<DecodedDenseKernel>(pool, *format));
  }
}

}  // namespace quantfleet::linear::cpu
