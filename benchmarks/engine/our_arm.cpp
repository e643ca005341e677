// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/engine/our_arm.hpp"

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "kernels/ops/linear/activations.hpp"
#include "kernels/ops/linear/cpu/kernels.hpp"

namespace quantfleet::bench {
namespace {

constexpr uint64_t kAlignment = 256;

class OurArm final : public Arm {
 public:
  OurArm(OurKernelsByThreads& kernels, cpu::MemoryPool& memory, const OurProduct& product)
      : kernels_(kernels), memory_(memory), product_(product) {
    call_.shape = product.shape;
  }

  std::string_view layout() const override { return layout_; }
  std::string_view kernel() const override { return name_; }
  uint32_t copies() const override { return product_.copies; }

  Status UseThreads(uint32_t threads) override {
    const linear::KernelTable& table = kernels_.at(threads)->table;
    const std::string_view name = product_.kernel == "auto"
                                      ? table.ResolveAuto(product_.format, product_.shape.batch)
                                      : product_.kernel;
    kernel_ = table.Find(product_.format, name);
    if (kernel_ == nullptr) return NotFound("no kernel is registered");
    QF_RETURN_IF_ERROR(kernel_->SupportedOnDevice());
    QF_RETURN_IF_ERROR(kernel_->SupportsShape(product_.shape));
    name_ = std::string(kernel_->kernel()) + "/" + std::string(kernel_->variant(product_.shape));
    if (!weights_ || layout_ != kernel_->layout()) QF_RETURN_IF_ERROR(Load());
    return Allocate();
  }

  void Poison() override { std::memset(y_->data(), 0xFF, y_bytes()); }

  Status Run(uint32_t copy) override {
    call_.weights = weights_->data() + copy * stride_;
    return kernel_->Run(call_);
  }

  std::vector<float> Output() const override {
    return linear::WidenActivations({y_->data(), y_bytes()}, kernel_->activation_type());
  }

 private:
  uint64_t y_bytes() const {
    return uint64_t{product_.shape.batch} * product_.shape.n *
           linear::ActivationBytes(kernel_->activation_type());
  }

  // Copies of the weights in the kernel's layout.
  Status Load() {
    weights_.reset();
    std::vector<std::byte> bytes(product_.packed.begin(), product_.packed.end());
    if (kernel_->layout() != "packed") {
      QF_ASSIGN_OR_RETURN(bytes, kernel_->Repack(product_.shape, std::move(bytes)));
    }
    stride_ = (bytes.size() + kAlignment - 1) / kAlignment * kAlignment;
    QF_ASSIGN_OR_RETURN(weights_, memory_.Allocate(stride_ * product_.copies));
    for (uint64_t copy = 0; copy < product_.copies; ++copy) {
      std::memcpy(weights_->data() + copy * stride_, bytes.data(), bytes.size());
    }
    layout_ = kernel_->layout();
    return OkStatus();
  }

  // Activations, outputs and scratch, which depend on the kernel.
  Status Allocate() {
    const std::vector<std::byte> x =
        linear::NarrowActivations(product_.x, kernel_->activation_type());
    QF_ASSIGN_OR_RETURN(x_, memory_.Allocate(x.size()));
    std::memcpy(x_->data(), x.data(), x.size());
    QF_ASSIGN_OR_RETURN(y_, memory_.Allocate(y_bytes()));
    const uint64_t scratch_bytes = kernel_->ScratchBytes(product_.shape);
    scratch_.reset();
    if (scratch_bytes > 0) {
      QF_ASSIGN_OR_RETURN(scratch_, memory_.Allocate(scratch_bytes));
    }
    call_.x = x_->data();
    call_.y = y_->data();
    call_.scratch = scratch_ ? scratch_->data() : nullptr;
    return OkStatus();
  }

  OurKernelsByThreads& kernels_;
  cpu::MemoryPool& memory_;
  const OurProduct product_;
  linear::LinearKernel* kernel_ = nullptr;
  std::string name_;
  std::string layout_;
  std::unique_ptr<engine::DeviceBuffer> weights_;
  std::unique_ptr<engine::DeviceBuffer> x_;
  std::unique_ptr<engine::DeviceBuffer> y_;
  std::unique_ptr<engine::DeviceBuffer> scratch_;
  uint64_t stride_ = 0;
  linear::LinearCall call_;
};

}  // namespace

OurKernels::OurKernels(uint32_t threads)
    : pool(threads), table(linear::cpu::RegisterCpuKernels(pool)) {}

std::unique_ptr<Arm> MakeOurArm(OurKernelsByThreads& kernels, cpu::MemoryPool& memory,
                                const OurProduct& product) {
  return std::make_unique<OurArm>(kernels, memory, product);
}

}  // namespace quantfleet::bench
