// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/ops/linear/cuda/register.hpp"

#include <memory>
#include <string>

#include "kernels/cuda/runtime/error.hpp"
#include "kernels/ops/linear/cuda/launch.hpp"
#include "kernels/ops/linear/cuda/plan.hpp"

namespace quantfleet::linear::cuda {
namespace {

using engine::LinearShape;
using ::quantfleet::cuda::MatmulShape;
using ::quantfleet::cuda::MatmulType;

MatmulShape MatmulShapeOf(const LinearShape& shape) {
  return {shape.n, shape.k, shape.batch};
}

HalfType HalfOf(ActivationType type) {
  return type == ActivationType::kFp16 ? HalfType::kFp16 : HalfType::kBf16;
}

// The packed layouts: codes first, then the scales (kernels/formats/int8/int8.hpp, nf4.hpp).
PackedWeights SplitPacked(WeightFormat format, const LinearCall& call) {
  const LinearShape& shape = call.shape;
  const uint64_t weights = uint64_t{shape.n} * shape.k;
  const auto* codes = reinterpret_cast<const uint8_t*>(call.weights);
  const uint64_t code_bytes = format == WeightFormat::kNf4 ? weights / 2 : weights;
  return {format, codes, codes + code_bytes, shape.n, shape.k};
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
    return format_ == "fp32" ? ActivationType::kFp32 : HalfTypeOf(context_.capability);
  }
  uint64_t ScratchBytes(const LinearShape&) const override { return 0; }
  double Tolerance(const LinearShape& shape) const override {
    return ToleranceOf(activation_type(), shape);
  }

 protected:
  const KernelContext& context() const { return context_; }
  bool fp16() const { return activation_type() == ActivationType::kFp16; }
  MatmulType matmul_type() const {
    if (activation_type() == ActivationType::kFp32) return MatmulType::kFp32;
    return fp16() ? MatmulType::kFp16 : MatmulType::kBf16;
  }
  WeightFormat weight_format() const {
    return format_ == "nf4" ? WeightFormat::kNf4 : WeightFormat::kInt8;
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
    return matmul_type() == MatmulType::kFp32 ? "cublaslt_fp32" : "cublaslt_bf16";
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
      : CudaKernel(context, format, "dequantize_then_gemm") {}

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
    QF_RETURN_IF_CUDA_ERROR(LaunchDecode(SplitPacked(weight_format(), call),
                                         HalfOf(activation_type()), call.scratch,
                                         context().stream));
    return context().matmul->Run(matmul_type(), MatmulShapeOf(call.shape), call.x, call.scratch,
                                 call.y, context().stream);
  }
};

// Weights decoded in registers on their way to the multiply.
class FusedWeightsKernel final : public CudaKernel {
 public:
  FusedWeightsKernel(const KernelContext& context, std::string_view format)
      : CudaKernel(context, format, "fused") {}

  std::string_view variant(const LinearShape& shape) const override {
    if (ChooseFused(shape.batch) == FusedKernel::kGemv) return fp16() ? "gemv_fp16" : "gemv_bf16";
    return fp16() ? "tensor_core_fp16" : "tensor_core_bf16";
  }
  Status SupportsShape(const LinearShape& shape) const override {
    return FusedShapeStatus(format(), shape);
  }
  Status Run(const LinearCall& call) override {
    const FusedCall fused = {SplitPacked(weight_format(), call), HalfOf(activation_type()), call.x,
                             call.y, call.shape.batch};
    return ChooseFused(call.shape.batch) == FusedKernel::kGemv
               ? QF_CUDA_STATUS(LaunchGemv(fused, context().stream))
               : QF_CUDA_STATUS(LaunchTensorCore(fused, context().stream));
  }
};

}  // namespace

void RegisterCudaKernels(KernelTable& table, const KernelContext& context) {
  for (const std::string_view format : {"fp32", "bf16"}) {
    table.Register(std::make_unique<DenseKernel>(context, format));
  }
  for (const std::string_view format : {"int8", "nf4"}) {
    table.Register(std::make_unique<DequantizeThenGemmKernel>(context, format));
    table.Register(std::make_unique<FusedWeightsKernel>(context, format));
  }
  table.SetDispatch(DispatchRows());
}

}  // namespace quantfleet::linear::cuda
