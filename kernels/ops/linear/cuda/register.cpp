// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/ops/linear/cuda/register.hpp"

#include <memory>
#include <string>

#include "kernels/cuda/runtime/error.hpp"
#include "kernels/formats/format.hpp"
#include "kernels/ops/linear/cuda/launch.hpp"
#include "kernels/ops/linear/cuda/plan.hpp"
#include "kernels/ops/linear/cuda/tiling/tiling.hpp"

namespace quantfleet::linear::cuda {
namespace {

using engine::LinearShape;
using ::quantfleet::cuda::MatmulShape;
using ::quantfleet::cuda::MatmulType;

MatmulShape MatmulShapeOf(const LinearShape& shape) {
  return {shape.n, shape.k, shape.batch};
}

// Everything that all kernels of this folder answer alike.
class CudaKernel : public LinearKernel {
 public:
  CudaKernel(const KernelContext& context, std::string_view format, std::string_view kernel)
      : context_(context), format_(format), kernel_(kernel) {}

  std::string_view format() const override { return format_; }
  std::string_view kernel() const override { return kernel_; }
  Status SupportedOnDevice() const override {
    return DeviceStatus(format_, kernel_, context_.capability);
  }
  Status SupportsShape(const LinearShape&) const override { return OkStatus(); }
  ActivationType activation_type() const override {
    if (format_ == "fp32") return ActivationType::kFp32;
    if (format_ == "fp16") return ActivationType::kFp16;
    return HalfTypeOf(context_.capability);
  }
  uint64_t ScratchBytes(const LinearShape&) const override { return 0; }
  double Tolerance(const LinearShape& shape) const override {
    return ToleranceOf(activation_type(), shape);
  }

 protected:
  const KernelContext& context() const { return context_; }
  bool fp16() const { return activation_type() == ActivationType::kFp16; }
  static PackedWeights PackedOf(const LinearCall& call) {
    return {reinterpret_cast<const uint8_t*>(call.weights), call.shape.n, call.shape.k};
  }
  MatmulType matmul_type() const {
    if (activation_type() == ActivationType::kFp32) return MatmulType::kFp32;
    return fp16() ? MatmulType::kFp16 : MatmulType::kBf16;
  }

 private:
  KernelContext context_;
  std::string_view format_;
  std::string_view kernel_;
};

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
  table.SetDispatch(DispatchRows(context.capability));
}

}  // namespace quantfleet::linear::cuda
