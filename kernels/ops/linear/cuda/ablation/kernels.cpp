// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/ops/linear/cuda/ablation/kernels.hpp"

#include <memory>
#include <utility>
#include <vector>

#include "kernels/cuda/runtime/error.hpp"
#include "kernels/cuda/timing/probes.hpp"
#include "kernels/formats/format.hpp"
#include "kernels/ops/linear/activations.hpp"
#include "kernels/ops/linear/cuda/cuda_kernel.hpp"

namespace quantfleet::linear::cuda {
namespace {

using engine::LinearShape;

constexpr uint64_t kHalfBytes = sizeof(uint16_t);

uint64_t Weights(const LinearShape& shape) {
  return uint64_t{shape.n} * shape.k;
}

// A part that leaves no output; `scratch` takes what keeps the compiler from dropping it.
class PartKernel : public CudaKernel {
 public:
  using CudaKernel::CudaKernel;
  bool has_output() const override { return false; }
  Work WorkOf(const LinearShape&, uint64_t weight_bytes) const override {
    return {weight_bytes, 0};
  }
};

class LaunchKernel final : public PartKernel {
 public:
  LaunchKernel(const KernelContext& context, std::string_view format)
      : PartKernel(context, format, "ablation_launch") {}
  std::string_view variant(const LinearShape&) const override { return "empty"; }
  Work WorkOf(const LinearShape&, uint64_t) const override { return {}; }
  Status Run(const LinearCall&) override {
    return QF_CUDA_STATUS(::quantfleet::cuda::LaunchEmpty(context().stream));
  }
};

class ReadKernel final : public PartKernel {
 public:
  ReadKernel(const KernelContext& context, const formats::Format& format)
      : PartKernel(context, format.name(), "ablation_read"), format_(format) {}
  std::string_view variant(const LinearShape&) const override { return "stream"; }
  uint64_t ScratchBytes(const LinearShape&) const override { return Blocks() * sizeof(uint32_t); }
  Status Run(const LinearCall& call) override {
    // The probe reads whole 16 bytes.
    const uint64_t bytes = format_.PackedBytes(call.shape.n, call.shape.k) / 16 * 16;
    return QF_CUDA_STATUS(::quantfleet::cuda::LaunchRead(call.weights, bytes, 1, Blocks(),
                                                         reinterpret_cast<uint32_t*>(call.scratch),
                                                         context().stream));
  }

 private:
  uint32_t Blocks() const { return context().multiprocessors * 8; }

  const formats::Format& format_;
};

class UnpackKernel final : public PartKernel {
 public:
  UnpackKernel(const KernelContext& context, const Tiling& tiling)
      : PartKernel(context, tiling.format, "ablation_unpack"),
        tiling_(tiling),
        fused_(FindFused(tiling.format)) {}
  std::string_view variant(const LinearShape&) const override {
    return fp16() ? "registers_fp16" : "registers_bf16";
  }
  std::string_view layout() const override { return "tiled"; }
  Result<std::vector<std::byte>> Repack(const LinearShape& shape,
                                        std::vector<std::byte> packed) const override {
    return TileWeights(tiling_, shape.n, shape.k, packed);
  }
  uint64_t ScratchBytes(const LinearShape&) const override { return sizeof(uint32_t); }
  Status Run(const LinearCall& call) override {
    const LinearShape one = {call.shape.n, call.shape.k, 1};
    FusedPlan plan = PlanFused(context().capability, context().multiprocessors, one);
    plan.kernel = FusedKernel::kUnpack;
    LinearCall part = {one, call.weights, nullptr, call.scratch, call.scratch};
    return QF_CUDA_STATUS(
        fused_(FusedArgumentsOf(tiling_, plan, part), activation_type(), plan, context().stream));
  }

 private:
  const Tiling& tiling_;
  FusedLauncher fused_;
};

class DecodeKernel final : public PartKernel {
 public:
  DecodeKernel(const KernelContext& context, std::string_view format)
      : PartKernel(context, format, "ablation_decode"), decode_(FindDecode(format)) {}
  std::string_view variant(const LinearShape&) const override {
    return fp16() ? "memory_fp16" : "memory_bf16";
  }
  uint64_t ScratchBytes(const LinearShape& shape) const override {
    return Weights(shape) * kHalfBytes;
  }
  Work WorkOf(const LinearShape& shape, uint64_t weight_bytes) const override {
    return {weight_bytes + Weights(shape) * kHalfBytes, 0};
  }
  Status Run(const LinearCall& call) override {
    return QF_CUDA_STATUS(
        decode_(PackedOf(call), activation_type(), call.scratch, context().stream));
  }

 private:
  DecodeLauncher decode_;
};

// Its copies of the weights are decoded and rotate like those of any other arm: what it reads is as
// cold as the weights of the 16-bit baseline.
class DecodedDenseKernel final : public CudaKernel {
 public:
  DecodedDenseKernel(const KernelContext& context, const formats::Format& format)
      : CudaKernel(context, format.name(), "ablation_dense"), format_(format) {}
  std::string_view variant(const LinearShape&) const override {
    return fp16() ? "cublaslt_fp16" : "cublaslt_bf16";
  }
  Status SupportsShape(const LinearShape& shape) const override {
    return context().matmul->Plan(matmul_type(), MatmulShapeOf(shape));
  }
  std::string_view layout() const override { return "decoded"; }
  Result<std::vector<std::byte>> Repack(const LinearShape& shape,
                                        std::vector<std::byte> packed) const override {
    std::vector<float> decoded(Weights(shape));
    QF_RETURN_IF_ERROR(format_.Decode(packed, shape.n, shape.k, decoded));
    return NarrowActivations(decoded, activation_type());
  }
  Work WorkOf(const LinearShape& shape, uint64_t) const override {
    return CudaKernel::WorkOf(shape, Weights(shape) * kHalfBytes);
  }
  Status Run(const LinearCall& call) override {
    return context().matmul->Run(matmul_type(), MatmulShapeOf(call.shape), call.x, call.weights,
                                 call.y, context().stream);
  }

 private:
  const formats::Format& format_;
};

}  // namespace

void RegisterAblations(KernelTable& table, const KernelContext& context) {
  for (const formats::Format* format : formats::AllFormats()) {
    const std::string_view name = format->name();
    table.Register(std::make_unique<LaunchKernel>(context, name));
    table.Register(std::make_unique<ReadKernel>(context, *format));
    if (const Tiling* tiling = FindTiling(name); tiling != nullptr) {
      table.Register(std::make_unique<UnpackKernel>(context, *tiling));
    }
    // A ledger wants it in the baseline's format, which is mostly one that is used as it is.
    table.Register(std::make_unique<DecodedDenseKernel>(context, *format));
    if (FindDecode(name) == nullptr || table.Find(name, "dense") != nullptr) continue;
    table.Register(std::make_unique<DecodeKernel>(context, name));
  }
}

}  // namespace quantfleet::linear::cuda
