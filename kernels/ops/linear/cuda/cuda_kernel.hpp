// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

#include "kernels/ops/linear/cuda/launch.hpp"
#include "kernels/ops/linear/cuda/plan.hpp"
#include "kernels/ops/linear/cuda/register.hpp"

namespace quantfleet::linear::cuda {

using ::quantfleet::cuda::MatmulShape;
using ::quantfleet::cuda::MatmulType;

inline MatmulShape MatmulShapeOf(const engine::LinearShape& shape) {
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
  Status SupportsShape(const engine::LinearShape&) const override { return OkStatus(); }
  ActivationType activation_type() const override {
    if (format_ == "fp32") return ActivationType::kFp32;
    if (format_ == "fp16") return ActivationType::kFp16;
    return HalfTypeOf(context_.capability);
  }
  uint64_t ScratchBytes(const engine::LinearShape&) const override { return 0; }
  double Tolerance(const engine::LinearShape& shape) const override {
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

}  // namespace quantfleet::linear::cuda
