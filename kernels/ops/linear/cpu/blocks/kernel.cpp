// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/ops/linear/cpu/blocks/kernel.hpp"

#include <cmath>
#include <string>

#include "kernels/ops/linear/cpu/blocks/quantize_rows.hpp"
#include "kernels/ops/linear/cpu/blocks/repack.hpp"
#include "kernels/ops/linear/cpu/blocks/repack_int4.hpp"
#include "kernels/ops/linear/cpu/split.hpp"

namespace quantfleet::linear::cpu::blocks {
namespace {

using engine::LinearShape;
using quantfleet::cpu::ThreadPool;

// Below this many rows of x one thread rounds them faster than threads wake.
constexpr uint64_t kRowsToShare = 8;

Result<std::vector<std::byte>> RepackChecked(const BlockFormatInfo& info, uint32_t rows,
                                             const std::byte* packed, const LinearShape& shape) {
  if (info.format == BlockFormat::kGptqInt4ActOrder &&
      ColumnsByGroup(packed, shape.n, shape.k).empty()) {
    return Unimplemented("gptq_int4_act_order: the tiles need 128 columns in every group");
  }
  return Repack(info, rows, packed, shape.n, shape.k);
}

class BlockKernel : public LinearKernel {
 public:
  BlockKernel(ThreadPool& pool, const KernelSet& set, const BlockFormatInfo& info)
      : pool_(pool),
        set_(set),
        info_(info),
        multiply_(set.formats[static_cast<size_t>(info.format)]),
        layout_("rows" + std::to_string(multiply_.rows)),
        variant_("int8_" + std::string(set.name)),
        rounding_("int8_block" + std::to_string(info.layout.block)) {}

  std::string_view format() const override { return info_.name; }
  std::string_view kernel() const override { return "fused"; }
  std::string_view variant(const LinearShape&) const override { return variant_; }
  Status SupportedOnDevice() const override { return OkStatus(); }
  Status SupportsShape(const LinearShape&) const override { return OkStatus(); }
  ActivationType activation_type() const override { return ActivationType::kFp32; }
  uint64_t ScratchBytes(const LinearShape& shape) const override {
    return QuantizedBytes(info_.layout, shape.batch, shape.k);
  }
  // Sums are exact within a block; k / block floats are added: as fp32 sums of k, with room.
  double Tolerance(const LinearShape& shape) const override {
    return 16 * 0x1p-24 * std::sqrt(static_cast<double>(shape.k) + 16);
  }
  std::string_view activation_rounding() const override { return rounding_; }
  void RoundActivations(const float* x, uint64_t rows, uint64_t k, float* rounded) const override {
    std::vector<std::byte> memory(QuantizedBytes(info_.layout, rows, k));
    Activations to = QuantizedAt(info_.layout, rows, k, memory.data());
    set_.quantize(info_.layout, x, 0, rows, &to);
    for (uint64_t i = 0; i < rows * k; ++i) {
      rounded[i] = static_cast<float>(to.codes[i]) * to.scales[i / info_.layout.block];
    }
  }
  std::string_view layout() const override { return layout_; }
  Result<std::vector<std::byte>> Repack(const LinearShape& shape,
                                        std::vector<std::byte> packed) const override {
    return RepackChecked(info_, multiply_.rows, packed.data(), shape);
  }

  Status Run(const LinearCall& call) override {
    const auto [n, k, batch] = call.shape;
    Activations x = QuantizedAt(info_.layout, batch, k, call.scratch);
    if (batch < kRowsToShare) {
      Quantize(call, {0, batch}, &x);
    } else {
      ForRows(pool_, batch, [&](uint32_t, RowRange rows) { Quantize(call, rows, &x); });
    }
    ForRows(pool_, n, [&](uint32_t, RowRange rows) {
      multiply_.multiply(reinterpret_cast<const uint8_t*>(call.weights), x, n, rows,
                         static_cast<float*>(call.y));
    });
    return OkStatus();
  }

 protected:
  // Rounds the call's rows of x.
  virtual void Quantize(const LinearCall& call, RowRange rows, Activations* to) const {
    set_.quantize(info_.layout, static_cast<const float*>(call.x), rows.begin, rows.end, to);
  }
  const BlockFormatInfo& info() const { return info_; }
  const BlockMultiply& multiply() const { return multiply_; }

 private:
  ThreadPool& pool_;
  const KernelSet& set_;
  const BlockFormatInfo& info_;
  const BlockMultiply multiply_;
  const std::string layout_;
  const std::string variant_;
  const std::string rounding_;
};

// GPTQ with act-order: x follows the columns into the order of the tiles. A row of x has one scale,
// since the columns of a block are known only with the weights.
class ActOrderKernel final : public BlockKernel {
 public:
  using BlockKernel::BlockKernel;
  std::string_view activation_rounding() const override { return "int8_row"; }
  void RoundActivations(const float* x, uint64_t rows, uint64_t k, float* rounded) const override {
    RoundRows(x, rows, k, rounded);
  }

 private:
  void Quantize(const LinearCall& call, RowRange rows, Activations* to) const override {
    const auto [n, k, batch] = call.shape;
    const std::byte* const order = call.weights + MatrixBytes(info().layout, multiply().rows, n, k);
    QuantizeRowsInOrder(static_cast<const float*>(call.x), reinterpret_cast<const uint32_t*>(order),
                        rows, to);
  }
};

// The part of BlockKernel before the multiplication, for the ledger: the same tiles are read and
// their codes brought into registers.
class UnpackBlockKernel final : public LinearKernel {
 public:
  UnpackBlockKernel(ThreadPool& pool, const KernelSet& set, const BlockFormatInfo& info)
      : pool_(pool),
        info_(info),
        entry_(set.formats[static_cast<size_t>(info.format)]),
        layout_("rows" + std::to_string(entry_.rows)),
        variant_("int8_" + std::string(set.name)) {}

  std::string_view format() const override { return info_.name; }
  std::string_view kernel() const override { return "ablation_unpack"; }
  std::string_view variant(const LinearShape&) const override { return variant_; }
  Status SupportedOnDevice() const override { return OkStatus(); }
  Status SupportsShape(const LinearShape&) const override { return OkStatus(); }
  ActivationType activation_type() const override { return ActivationType::kFp32; }
  double Tolerance(const LinearShape&) const override { return 0; }
  bool has_output() const override { return false; }
  Work WorkOf(const LinearShape&, uint64_t weight_bytes) const override {
    return {weight_bytes, 0};
  }
  uint64_t ScratchBytes(const LinearShape&) const override { return pool_.threads() * kLine; }
  std::string_view layout() const override { return layout_; }
  Result<std::vector<std::byte>> Repack(const LinearShape& shape,
                                        std::vector<std::byte> packed) const override {
    return RepackChecked(info_, entry_.rows, packed.data(), shape);
  }
  Status Run(const LinearCall& call) override {
    ForRows(pool_, call.shape.n, [&](uint32_t thread, RowRange rows) {
      entry_.unpack(reinterpret_cast<const uint8_t*>(call.weights), call.shape.n, call.shape.k,
                    rows, reinterpret_cast<uint32_t*>(call.scratch + thread * kLine));
    });
    return OkStatus();
  }

 private:
  // No two threads write to one line.
  static constexpr uint64_t kLine = 64;

  ThreadPool& pool_;
  const BlockFormatInfo& info_;
  const BlockMultiply entry_;
  const std::string layout_;
  const std::string variant_;
};

}  // namespace

std::vector<std::unique_ptr<LinearKernel>> MakeUnpackBlockKernels(ThreadPool& pool) {
  std::vector<std::unique_ptr<LinearKernel>> kernels;
  for (const BlockFormatInfo& info : BlockFormatInfos()) {
    kernels.push_back(std::make_unique<UnpackBlockKernel>(pool, *KernelSets().front(), info));
  }
  return kernels;
}

std::vector<std::unique_ptr<LinearKernel>> MakeBlockKernels(ThreadPool& pool) {
  return MakeBlockKernels(pool, KernelSets().front()->name);
}

std::vector<std::unique_ptr<LinearKernel>> MakeBlockKernels(ThreadPool& pool,
                                                            std::string_view set) {
  std::vector<std::unique_ptr<LinearKernel>> kernels;
  for (const KernelSet* candidate : KernelSets()) {
    if (candidate->name != set) continue;
    for (const BlockFormatInfo& info : BlockFormatInfos()) {
      if (info.format == BlockFormat::kGptqInt4ActOrder) {
        kernels.push_back(std::make_unique<ActOrderKernel>(pool, *candidate, info));
      } else {
        kernels.push_back(std::make_unique<BlockKernel>(pool, *candidate, info));
      }
    }
  }
  return kernels;
}

}  // namespace quantfleet::linear::cpu::blocks
