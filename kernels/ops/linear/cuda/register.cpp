// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/ops/linear/cuda/register.hpp"

#include <memory>
#include <string>

#include "kernels/cuda/runtime/error.hpp"
#include "kernels/formats/format.hpp"
#include "kernels/ops/linear/cuda/ablation/kernels.hpp"
#include "kernels/ops/linear/cuda/act_order/kernel.hpp"
#include "kernels/ops/linear/cuda/cuda_kernel.hpp"
#include "kernels/ops/linear/cuda/int8/kernels.hpp"
#include "kernels/ops/linear/cuda/tiling/tiling.hpp"

namespace quantfleet::linear::cuda {
namespace {

using engine::LinearShape;

// Weights as they are, through cuBLASLt.
class DenseKernel final : public CudaKernel {
 public:
  DenseKernel(const KernelContext& context, std::string_view format)
      : CudaKernel(context, format, "dense") {}

  std::string_view variant(const LinearShape&) const override {
    if (matmul_type() == MatmulType::kFp32) return "cublaslt_fp32";
    return fp16() ? "cublaslt_fp16" : "cublaslt_bf16";
  }
  Status SupportsShape(const LinearShape& shape) const override {
    return context().matmul->Plan(matmul_type(), MatmulShapeOf(shape));
  }
  Status Run(const LinearCall& call) override {
    return context().matmul->Run(matmul_type(), MatmulShapeOf(call.shape), call.x, call.weights,
                                 call.y, context().stream);
  }
};

// Weights decoded to memory in 16 bits, then as above.
class DequantizeThenGemmKernel final : public CudaKernel {
 public:
  DequantizeThenGemmKernel(const KernelContext& context, std::string_view format)
      : CudaKernel(context, format, "dequantize_then_gemm"), decode_(FindDecode(format)) {}

  std::string_view variant(const LinearShape&) const override {
    return fp16() ? "cublaslt_fp16" : "cublaslt_bf16";
  }
  Status SupportsShape(const LinearShape& shape) const override {
    return context().matmul->Plan(matmul_type(), MatmulShapeOf(shape));
  }
  uint64_t ScratchBytes(const LinearShape& shape) const override {
    return uint64_t{shape.n} * shape.k * sizeof(uint16_t);
  }
  Status Run(const LinearCall& call) override {
    QF_RETURN_IF_CUDA_ERROR(
        decode_(PackedOf(call), activation_type(), call.scratch, context().stream));
    return context().matmul->Run(matmul_type(), MatmulShapeOf(call.shape), call.x, call.scratch,
                                 call.y, context().stream);
  }

 private:
  DecodeLauncher decode_;
};

// Weights decoded in registers on their way to the multiply.
class FusedKernelOfFormat final : public CudaKernel {
 public:
  FusedKernelOfFormat(const KernelContext& context, const Tiling& tiling)
      : CudaKernel(context, tiling.format, "fused"),
        tiling_(tiling),
        fused_(FindFused(tiling.format)) {
    QF_CHECK(fused_ != nullptr);
  }

  std::string_view variant(const LinearShape& shape) const override {
    if (PlanOf(shape).kernel == FusedKernel::kGemv) return fp16() ? "gemv_fp16" : "gemv_bf16";
    return fp16() ? "tensor_core_fp16" : "tensor_core_bf16";
  }
  Status SupportsShape(const LinearShape& shape) const override {
    return FusedShapeStatus(format(), shape);
  }
  std::string_view layout() const override { return "tiled"; }
  Result<std::vector<std::byte>> Repack(const LinearShape& shape,
                                        std::vector<std::byte> packed) const override {
    return TileWeights(tiling_, shape.n, shape.k, packed);
  }
  uint64_t ScratchBytes(const LinearShape& shape) const override {
    return SplitBytes(PlanOf(shape), shape);
  }
  Status Run(const LinearCall& call) override {
    const FusedPlan plan = PlanOf(call.shape);
    return QF_CUDA_STATUS(
        fused_(FusedArgumentsOf(tiling_, plan, call), activation_type(), plan, context().stream));
  }

 private:
  FusedPlan PlanOf(const LinearShape& shape) const {
    return PlanFused(context().capability, context().multiprocessors, shape);
  }

  const Tiling& tiling_;
  FusedLauncher fused_;
};

// The oracle: weights decoded to fp32 in memory, then one fp64 sum an output.
class ReferenceKernel final : public CudaKernel {
 public:
  ReferenceKernel(const KernelContext& context, std::string_view format)
      : CudaKernel(context, format, "reference"), decode_(FindDecode(format)) {}

  std::string_view variant(const LinearShape&) const override { return "fp64"; }
  uint64_t ScratchBytes(const LinearShape& shape) const override {
    return uint64_t{shape.n} * shape.k * sizeof(float);
  }
  Status Run(const LinearCall& call) override {
    QF_RETURN_IF_CUDA_ERROR(
        decode_(PackedOf(call), ActivationType::kFp32, call.scratch, context().stream));
    return QF_CUDA_STATUS(
        LaunchReferenceProduct(call.shape, reinterpret_cast<const float*>(call.scratch),
                               activation_type(), call.x, call.y, context().stream));
  }

 private:
  DecodeLauncher decode_;
};

}  // namespace

void RegisterCudaKernels(KernelTable& table, const KernelContext& context) {
  for (const std::string_view format : {"fp32", "fp16", "bf16"}) {
    table.Register(std::make_unique<DenseKernel>(context, format));
  }
  for (const formats::Format* format : formats::AllFormats()) {
    const std::string_view name = format->name();
    if (FindDecode(name) != nullptr) {
      table.Register(std::make_unique<ReferenceKernel>(context, name));
      if (table.Find(name, "dense") == nullptr) {
        table.Register(std::make_unique<DequantizeThenGemmKernel>(context, name));
      }
    }
    if (const Tiling* tiling = FindTiling(name); tiling != nullptr) {
      table.Register(std::make_unique<FusedKernelOfFormat>(context, *tiling));
    }
  }
  RegisterInt8Products(table, context);
  RegisterActOrder(table, context);
  RegisterAblations(table, context);
  table.SetDispatch(DispatchRows(context.capability));
}

}  // namespace quantfleet::linear::cuda
