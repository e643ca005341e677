// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/ops/linear/cuda/int8/kernels.hpp"

#include <memory>
#include <vector>

#include "kernels/cuda/runtime/error.hpp"
#include "kernels/ops/linear/cuda/cuda_kernel.hpp"
#include "kernels/ops/linear/cuda/int8/launch.hpp"
#include "kernels/ops/linear/cuda/tiling/tiling.hpp"

namespace quantfleet::linear::cuda {
namespace {

using engine::LinearShape;

constexpr uint64_t kAlignment = 256;

uint64_t RoundUp(uint64_t bytes) {
  return (bytes + kAlignment - 1) / kAlignment * kAlignment;
}

// Places in the scratch. Bytes.
struct Scratch {
  Scratch(const TiledShape& tiled, const LinearShape& shape)
      : row_bytes(tiled.steps * kStepWeights),
        scales(RoundUp(uint64_t{shape.batch} * row_bytes)),
        flags(scales + RoundUp(uint64_t{shape.batch} * sizeof(float))),
        outliers(flags + RoundUp(shape.k)),
        sums(outliers + RoundUp((uint64_t{shape.k} + 1) * sizeof(uint32_t))),
        end(sums + uint64_t{shape.batch} * shape.n * sizeof(int32_t)) {}
  uint32_t row_bytes;
  uint64_t scales;
  uint64_t flags;  // from here on llm_int8 only
  uint64_t outliers;
  uint64_t sums;
  uint64_t end;
};

class Int8ProductKernel : public CudaKernel {
 public:
  Int8ProductKernel(const KernelContext& context, std::string_view format)
      : CudaKernel(context, format, "fused"), tiling_(*FindTiling("int8")) {}

  Status SupportsShape(const LinearShape& shape) const override {
    return FusedShapeStatus(format(), shape);
  }
  double Tolerance(const LinearShape& shape) const override {
    return ToleranceOf(activation_type(), shape) + Int8ActivationTolerance(shape);
  }
  std::string_view layout() const override { return "tiled"; }
  Result<std::vector<std::byte>> Repack(const LinearShape& shape,
                                        std::vector<std::byte> packed) const override {
    return TileWeights(tiling_, shape.n, shape.k, packed);
  }

 protected:
  Scratch ScratchOf(const LinearShape& shape) const {
    return {ShapeOf(tiling_, shape.n, shape.k), shape};
  }
  Int8Weights WeightsOf(const LinearCall& call) const {
    const TiledShape tiled = ShapeOf(tiling_, call.shape.n, call.shape.k);
    Int8Weights weights = {{}, tiled.steps, call.shape.n};
    for (uint32_t i = 0; i < tiling_.plane_count; ++i) {
      weights.plane[i] = reinterpret_cast<const uint8_t*>(call.weights) + tiled.offsets[i];
    }
    return weights;
  }
  Int8Activations ActivationsOf(const LinearCall& call) const {
    const Scratch scratch = ScratchOf(call.shape);
    return {activation_type(),
            call.x,
            call.shape.batch,
            call.shape.k,
            scratch.row_bytes,
            reinterpret_cast<int8_t*>(call.scratch),
            reinterpret_cast<float*>(call.scratch + scratch.scales),
            reinterpret_cast<uint8_t*>(call.scratch + scratch.flags),
            reinterpret_cast<uint32_t*>(call.scratch + scratch.outliers)};
  }

 private:
  const Tiling& tiling_;
};

class W8a8Kernel final : public Int8ProductKernel {
 public:
  explicit W8a8Kernel(const KernelContext& context) : Int8ProductKernel(context, "w8a8") {}
  std::string_view variant(const LinearShape&) const override { return "quantize_int8_mma"; }
  uint64_t ScratchBytes(const LinearShape& shape) const override { return ScratchOf(shape).flags; }
  Status Run(const LinearCall& call) override {
    const Int8Activations activations = ActivationsOf(call);
    const cudaStream_t stream = context().stream;
    QF_RETURN_IF_CUDA_ERROR(LaunchQuantizeTokens(activations, stream));
    return QF_CUDA_STATUS(LaunchInt8Product(activations, WeightsOf(call), nullptr, call.y, stream));
  }
};

class LlmInt8Kernel final : public Int8ProductKernel {
 public:
  explicit LlmInt8Kernel(const KernelContext& context) : Int8ProductKernel(context, "llm_int8") {}
  Status SupportsShape(const LinearShape& shape) const override {
    // Tokens are the second dimension of a grid.
    if (shape.batch > 65535) return Unimplemented("fused llm_int8 takes batches up to 65535");
    return Int8ProductKernel::SupportsShape(shape);
  }
  std::string_view variant(const LinearShape&) const override { return "bitsandbytes_steps"; }
  uint64_t ScratchBytes(const LinearShape& shape) const override { return ScratchOf(shape).end; }
  Status Run(const LinearCall& call) override {
    const Int8Activations activations = ActivationsOf(call);
    const Int8Weights weights = WeightsOf(call);
    auto* const sums = reinterpret_cast<int32_t*>(call.scratch + ScratchOf(call.shape).sums);
    const cudaStream_t stream = context().stream;
    QF_RETURN_IF_CUDA_ERROR(LaunchFindOutliers(activations, stream));
    QF_RETURN_IF_CUDA_ERROR(LaunchQuantizeInliers(activations, stream));
    QF_RETURN_IF_CUDA_ERROR(LaunchInt8Product(activations, weights, sums, nullptr, stream));
    QF_RETURN_IF_CUDA_ERROR(LaunchScaleSums(activations, weights, sums, call.y, stream));
    return QF_CUDA_STATUS(LaunchAddOutliers(activations, weights, call.y, stream));
  }
};

}  // namespace

void RegisterInt8Products(KernelTable& table, const KernelContext& context) {
  table.Register(std::make_unique<W8a8Kernel>(context));
  table.Register(std::make_unique<LlmInt8Kernel>(context));
}

}  // namespace quantfleet::linear::cuda
