// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/ops/linear/cuda/act_order/kernel.hpp"

#include <memory>
#include <utility>
#include <vector>

#include "kernels/cuda/runtime/error.hpp"
#include "kernels/ops/linear/cuda/cuda_kernel.hpp"
#include "kernels/ops/linear/cuda/tiling/act_order.hpp"

namespace quantfleet::linear::cuda {
namespace {

using engine::LinearShape;

class ActOrderKernel final : public CudaKernel {
 public:
  explicit ActOrderKernel(const KernelContext& context)
      : CudaKernel(context, "gptq_int4_act_order", "fused"),
        tiling_(*FindTiling("gptq_int4")),
        fused_(FindFused("gptq_int4")) {}

  std::string_view variant(const LinearShape& shape) const override {
    return PlanOf(shape).kernel == FusedKernel::kGemv ? "reorder_gemv" : "reorder_tensor_core";
  }
  std::string_view layout() const override { return "tiled"; }
  Result<std::vector<std::byte>> Repack(const LinearShape& shape,
                                        std::vector<std::byte> packed) const override {
    QF_ASSIGN_OR_RETURN(ActOrderWeights weights, TileActOrder(shape.n, shape.k, packed));
    return std::move(weights.tiled);
  }
  uint64_t ScratchBytes(const LinearShape& shape) const override {
    return ReorderedBytes(shape) + SplitBytes(PlanOf(shape), shape);
  }
  Status Run(const LinearCall& call) override {
    const LinearShape& shape = call.shape;
    const auto* const order =
        reinterpret_cast<const uint32_t*>(call.weights + ShapeOf(tiling_, shape.n, shape.k).bytes);
    QF_RETURN_IF_CUDA_ERROR(
        LaunchReorder(call.x, order, shape.batch, shape.k, call.scratch, context().stream));
    LinearCall ordered = call;
    ordered.x = call.scratch;
    ordered.scratch = call.scratch + ReorderedBytes(shape);
    const FusedPlan plan = PlanOf(shape);
    return QF_CUDA_STATUS(fused_(FusedArgumentsOf(tiling_, plan, ordered), activation_type(), plan,
                                 context().stream));
  }

 private:
  FusedPlan PlanOf(const LinearShape& shape) const {
    return PlanFused(context().capability, context().multiprocessors, shape);
  }
  // k is a multiple of 128: what follows is aligned to 256.
  static uint64_t ReorderedBytes(const LinearShape& shape) {
    return uint64_t{shape.batch} * shape.k * sizeof(uint16_t);
  }

  const Tiling& tiling_;
  FusedLauncher fused_;
};

}  // namespace

void RegisterActOrder(KernelTable& table, const KernelContext& context) {
  table.Register(std::make_unique<ActOrderKernel>(context));
}

}  // namespace quantfleet::linear::cuda
