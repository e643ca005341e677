// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/ops/attention/cuda/register.hpp"

#include <memory>

#include "kernels/cuda/runtime/error.hpp"
#include "kernels/ops/attention/cuda/launch.hpp"
#include "kernels/ops/attention/cuda/plan.hpp"
#include "kernels/ops/attention/shape.hpp"

namespace quantfleet::attention::cuda {
namespace {

using engine::AttentionShape;

class CudaKernel : public AttentionKernel {
 public:
  CudaKernel(const KernelContext& context, const KvFormat& kv_format, std::string_view kernel)
      : context_(context), kv_format_(kv_format), kernel_(kernel) {}

  std::string_view format() const override { return kv_format_.name; }
  std::string_view kernel() const override { return kernel_; }
  std::string_view variant(const AttentionShape& shape) const override {
    if (UsesTensorCores(attended(), shape)) return "tensor_core_fp16";
    return attended() == KvCode::kFp32 ? "split_kv_fp32" : "split_kv_fp16";
  }
  Status SupportedOnDevice() const override { return DeviceStatus(context_.capability); }
  Status SupportsShape(const AttentionShape& shape) const override { return ShapeStatus(shape); }
  ActivationType activation_type() const override { return ActivationOf(kv_format_.code); }

 protected:
  // What the attention itself reads.
  virtual KvCode attended() const { return kv_format_.code; }

  uint64_t PartialBytes(const AttentionShape& shape) const {
    return PartialFloats(shape, SplitsOf(shape, context_.multiprocessors)) * sizeof(float);
  }

  Status Attend(const AttentionCall& call, const CachePointers& cache) const {
    const auto& [query_heads, heads, dimension, context, query_tokens, batch, window] = call.shape;
    const bool tensor_cores = UsesTensorCores(attended(), call.shape);
    const AttendArguments arguments = {
        cache,        call.queries, call.output, reinterpret_cast<float*>(call.scratch),
        query_heads,  heads,        dimension,   context,
        query_tokens, window,       batch,       SplitsOf(call.shape, context_.multiprocessors)};
    return tensor_cores ? QF_CUDA_STATUS(LaunchPrefill(attended(), arguments, context_.stream))
                        : QF_CUDA_STATUS(LaunchSplitKv(attended(), arguments, context_.stream));
  }

  CachePointers PointersOf(const AttentionCall& call) const {
    const KvLayout layout = LayoutOf(kv_format_, call.shape);
    const auto* const at = reinterpret_cast<const uint8_t*>(call.cache);
    const auto scales = [&](uint64_t offset) {
      return kv_format_.scaled ? reinterpret_cast<const uint16_t*>(at + offset) : nullptr;
    };
    return {at, at + layout.values, scales(layout.key_scales), scales(layout.value_scales)};
  }

  const KernelContext context_;
  const KvFormat& kv_format_;
  const std::string_view kernel_;
};

class FusedKernel final : public CudaKernel {
 public:
  FusedKernel(const KernelContext& context, const KvFormat& format)
      : CudaKernel(context, format, "fused") {}
  uint64_t ScratchBytes(const AttentionShape& shape) const override { return PartialBytes(shape); }
  double Tolerance(const AttentionShape& shape) const override {
    return ToleranceOf(kv_format_.code, shape);
  }
  Status Run(const AttentionCall& call) override { return Attend(call, PointersOf(call)); }
};

// The whole cache becomes fp16 in memory first, as transformers' quantized caches do at each step.
class DequantizeKernel final : public CudaKernel {
 public:
  DequantizeKernel(const KernelContext& context, const KvFormat& format)
      : CudaKernel(context, format, "dequantize_then_attention") {}
  uint64_t ScratchBytes(const AttentionShape& shape) const override {
    return DecodedOffset(shape) + 2 * DecodedBytes(shape);
  }
  double Tolerance(const AttentionShape& shape) const override {
    // Keys and values are rounded to fp16 besides, each like the queries.
    return 1.5 * ToleranceOf(kv_format_.code, shape);
  }
  Status Run(const AttentionCall& call) override {
    const CachePointers from = PointersOf(call);
    auto* const keys = reinterpret_cast<uint8_t*>(call.scratch) + DecodedOffset(call.shape);
    uint8_t* const values = keys + DecodedBytes(call.shape);
    const uint64_t vectors = CacheVectors(call.shape);
    const uint32_t dimension = call.shape.head_dimension;
    QF_RETURN_IF_CUDA_ERROR(LaunchMaterialize(kv_format_.code, from.keys, from.key_scales, vectors,
                                              dimension, keys, context_.stream));
    QF_RETURN_IF_CUDA_ERROR(LaunchMaterialize(kv_format_.code, from.values, from.value_scales,
                                              vectors, dimension, values, context_.stream));
    return Attend(call, {keys, values, nullptr, nullptr});
  }

 protected:
  KvCode attended() const override { return KvCode::kFp16; }

 private:
  // Partial results come first, then keys and values, aligned as the kernels read them.
  uint64_t DecodedOffset(const AttentionShape& shape) const {
    return (PartialBytes(shape) + 255) / 256 * 256;
  }
  static uint64_t DecodedBytes(const AttentionShape& shape) {
    return CacheVectors(shape) * shape.head_dimension * sizeof(uint16_t);
  }
};

}  // namespace

KernelTable RegisterCudaKernels(const KernelContext& context) {
  KernelTable table;
  for (const KvFormat& format : AllKvFormats()) {
    table.Register(std::make_unique<FusedKernel>(context, format));
    if (format.bits >= 16) continue;
    table.Register(std::make_unique<DequantizeKernel>(context, format));
  }
  table.SetDispatch(DispatchRows());
  return table;
}

}  // namespace quantfleet::attention::cuda
