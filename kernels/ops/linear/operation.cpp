// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/ops/linear/operation.hpp"

#include <algorithm>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/units.hpp"
#include "kernels/engine/fault.hpp"
#include "kernels/formats/format.hpp"
#include "kernels/ops/linear/activations.hpp"
#include "kernels/ops/linear/problem.hpp"
#include "kernels/ops/linear/weight_cache.hpp"

namespace quantfleet::linear {
namespace {

using engine::ArmSpec;
using engine::LinearShape;

// Kernels that exist on some device. Support() lists each for each format, but no ablation: it is
// no choice for a product.
constexpr std::string_view kKernelNames[] = {
    "dense",         "dequantize_then_gemm", "fused",           "reference",     "ablation_launch",
    "ablation_read", "ablation_unpack",      "ablation_decode", "ablation_dense"};
// Host memory for sources and references of shapes used before.
constexpr uint64_t kProblemCacheBytes = kGibibyte;
// Largest dimension and matrix. Beyond, the fp64 check alone would take minutes.
constexpr uint32_t kMostRows = 1U << 20;
constexpr uint64_t kMostWeights = uint64_t{1} << 30;

// Relative error of rows of normal activations in 8 bits, with room: absmax / 127 / sqrt(12) over
// the deviation is 0.5 % for blocks of 32, 0.7 % for 256, 0.9 % for rows of 4096.
constexpr double kRoundedActivations = 1.5e-2;

struct ArmBuffers {
  std::unique_ptr<engine::DeviceBuffer> x;
  std::unique_ptr<engine::DeviceBuffer> y;
  std::unique_ptr<engine::DeviceBuffer> scratch;
};

class LinearArm final : public engine::PreparedArm {
 public:
  LinearArm(engine::Device& device, LinearKernel& kernel, const formats::Format& format,
            const LinearShape& shape, std::shared_ptr<Problem> problem,
            std::shared_ptr<WeightCopies> weights, ArmBuffers buffers, engine::ArmCost cost)
      : device_(device),
        kernel_(kernel),
        format_(format),
        problem_(std::move(problem)),
        weights_(std::move(weights)),
        buffers_(std::move(buffers)),
        cost_(cost),
        name_(std::string(kernel.kernel()) + "/" + std::string(kernel.variant(shape))) {
    call_.shape = shape;
    call_.x = buffers_.x->data();
    call_.y = buffers_.y->data();
    call_.scratch = buffers_.scratch ? buffers_.scratch->data() : nullptr;
  }

  std::string_view kernel_used() const override { return name_; }
  const engine::ArmCost& cost() const override { return cost_; }
  std::string_view weight_distribution() const override { return kWeightDistribution; }
  std::string_view activation_distribution() const override {
    return ActivationDistribution(ActivationKindOf(format_));
  }
  bool has_output() const override { return kernel_.has_output(); }

  Status Run(uint32_t copy) override {
    call_.weights = weights_->buffer->data() + copy * weights_->stride;
    return kernel_.Run(call_);
  }

  uint32_t TakeCopies(uint32_t count) override {
    const uint32_t first = weights_->next;
    weights_->next = static_cast<uint32_t>((uint64_t{first} + count) % weights_->copies);
    return first;
  }

  Status PoisonOutput() override {
    // All bits set is NaN in every activation type.
    const std::vector<std::byte> poison(buffers_.y->bytes(), std::byte{0xFF});
    return device_.Upload(*buffers_.y, 0, poison);
  }

  Result<std::vector<float>> ReadOutput() override {
    std::vector<std::byte> bytes(uint64_t{call_.shape.batch} * call_.shape.n *
                                 ActivationBytes(kernel_.activation_type()));
    QF_RETURN_IF_ERROR(device_.Download(*buffers_.y, 0, bytes));
    return WidenActivations(bytes, kernel_.activation_type());
  }

  Result<engine::OutputError> Compare(const std::vector<float>& output) override {
    QF_ASSIGN_OR_RETURN(engine::OutputError error,
                        problem_->Compare(format_, kernel_, call_.shape.batch, output));
    error.kernel_tolerance = kernel_.Tolerance(call_.shape);
    error.output_tolerance =
        OutputTolerance(format_, output.size(), kernel_.ActivationError(call_.shape)) +
        error.kernel_tolerance;
    return error;
  }

 private:
  engine::Device& device_;
  LinearKernel& kernel_;
  const formats::Format& format_;
  std::shared_ptr<Problem> problem_;
  std::shared_ptr<WeightCopies> weights_;
  ArmBuffers buffers_;
  engine::ArmCost cost_;
  std::string name_;
  LinearCall call_;
};

Status CheckSpec(const ArmSpec& spec) {
  if (!spec.linear) return InvalidArgument("workload linear needs its shape in \"linear\"");
  const auto [n, k, batch] = *spec.linear;
  if (n == 0 || k == 0 || batch == 0) {
    return InvalidArgument("linear needs n, k and batch of at least 1");
  }
  if (n > kMostRows || k > kMostRows || batch > kMostRows || uint64_t{n} * k > kMostWeights) {
    return InvalidArgument("linear takes n, k and batch up to 2^20 and n * k up to 2^30");
  }
  if (spec.cache != "cold" && spec.cache != "warm") {
    return InvalidArgument("cache is \"cold\" or \"warm\", not \"" + spec.cache + "\"");
  }
  if (formats::FindFormat(spec.format) == nullptr) {
    return InvalidArgument("there is no format \"" + spec.format + "\"");
  }
  const bool known = spec.kernel == "auto" ||
                     std::find(std::begin(kKernelNames), std::end(kKernelNames), spec.kernel) !=
                         std::end(kKernelNames);
  return known ? OkStatus() : InvalidArgument("there is no kernel \"" + spec.kernel + "\"");
}

std::string WhyMissing(std::string_view format, std::string_view kernel) {
  if (format == "fp32" && kernel != "reference") return "fp32 has nothing to decode";
  if (kernel == "dense") return std::string(format) + " has no dense kernel on this device";
  return "no kernel is registered for this device";
}

class LinearOperation final : public engine::Operation {
 public:
  LinearOperation(engine::Device& device, KernelTable kernels)
      : device_(device),
        kernels_(std::move(kernels)),
        problems_(kProblemCacheBytes),
        weights_(device) {}

  std::string_view workload() const override { return "linear"; }

  std::vector<engine::KernelSupport> Support() const override {
    std::vector<engine::KernelSupport> support;
    for (const formats::Format* format : formats::AllFormats()) {
      for (const std::string_view name : kKernelNames) {
        if (IsAblation(name)) continue;
        const LinearKernel* kernel = kernels_.Find(format->name(), name);
        const Status status = kernel != nullptr ? kernel->SupportedOnDevice()
                                                : Unimplemented(WhyMissing(format->name(), name));
        support.push_back({std::string(workload()), std::string(format->name()), std::string(name),
                           status.ok(), status.message()});
      }
    }
    std::sort(support.begin(), support.end(), [](const auto& a, const auto& b) {
      return std::tie(a.format, a.kernel) < std::tie(b.format, b.kernel);
    });
    return support;
  }

  Result<std::unique_ptr<engine::PreparedArm>> Prepare(const ArmSpec& spec) override {
    QF_RETURN_IF_ERROR(CheckSpec(spec));
    const LinearShape shape = *spec.linear;
    const formats::Format& format = *formats::FindFormat(spec.format);
    QF_ASSIGN_OR_RETURN(LinearKernel * kernel, Choose(spec));
    if (const Status fits = format.CheckShape(shape.n, shape.k); !fits.ok()) {
      return Unimplemented(fits.message());
    }
    std::shared_ptr<Problem> problem =
        problems_.Get(spec.seed, shape.n, shape.k, ActivationKindOf(format));
    QF_ASSIGN_OR_RETURN(std::shared_ptr<WeightCopies> weights,
                        Weights(spec, format, *kernel, *problem));
    QF_ASSIGN_OR_RETURN(ArmBuffers buffers, Buffers(*kernel, shape, *problem));
    const engine::ArmCost cost = Cost(format, *kernel, shape, *weights);
    return std::unique_ptr<engine::PreparedArm>(
        std::make_unique<LinearArm>(device_, *kernel, format, shape, std::move(problem),
                                    std::move(weights), std::move(buffers), cost));
  }

  void DropCaches() override {
    problems_.Clear();
    weights_.Clear();
  }

 private:
  Result<LinearKernel*> Choose(const ArmSpec& spec) const {
    const std::string_view name = spec.kernel == "auto"
                                      ? kernels_.ResolveAuto(spec.format, spec.linear->batch)
                                      : std::string_view(spec.kernel);
    if (name.empty()) return Unimplemented("auto has no kernel for " + spec.format + " here");
    LinearKernel* const kernel = kernels_.Find(spec.format, name);
    if (kernel == nullptr) return Unimplemented(WhyMissing(spec.format, name));
    QF_RETURN_IF_ERROR(kernel->SupportedOnDevice());
    QF_RETURN_IF_ERROR(kernel->SupportsShape(*spec.linear));
    return kernel;
  }

  Result<std::shared_ptr<WeightCopies>> Weights(const ArmSpec& spec, const formats::Format& format,
                                                const LinearKernel& kernel, Problem& problem) {
    const LinearShape shape = *spec.linear;
    const WeightKey key = {
        spec.seed,           shape.n, shape.k, spec.format, std::string(kernel.layout()),
        spec.cache == "cold"};
    if (auto held = weights_.Find(key)) return held;
    QF_ASSIGN_OR_RETURN(const EncodedWeights* encoded, problem.Encoded(format));
    if (kernel.layout() == "packed" && !engine::FaultInFormat(spec.format)) {
      return weights_.Add(key, encoded->packed);
    }
    std::vector<std::byte> packed = encoded->packed;
    // The last byte of a word: exponent or code, whatever the format.
    if (engine::FaultInFormat(spec.format)) packed[(packed.size() / 2) | 3U] ^= std::byte{0x40};
    if (kernel.layout() != "packed") {
      QF_ASSIGN_OR_RETURN(packed, kernel.Repack(shape, std::move(packed)));
    }
    return weights_.Add(key, packed);
  }

  Result<ArmBuffers> Buffers(const LinearKernel& kernel, const LinearShape& shape,
                             Problem& problem) {
    const ActivationType type = kernel.activation_type();
    const uint64_t values = uint64_t{shape.batch} * shape.k;
    const std::span<const float> x(problem.Activations(shape.batch).data(), values);
    ArmBuffers buffers;
    const std::vector<std::byte> narrowed = NarrowActivations(x, type);
    QF_ASSIGN_OR_RETURN(buffers.x, device_.Allocate(narrowed.size()));
    QF_RETURN_IF_ERROR(device_.Upload(*buffers.x, 0, narrowed));
    QF_ASSIGN_OR_RETURN(buffers.y,
                        device_.Allocate(uint64_t{shape.batch} * shape.n * ActivationBytes(type)));
    const uint64_t scratch = kernel.ScratchBytes(shape);
    if (scratch > 0) {
      QF_ASSIGN_OR_RETURN(buffers.scratch, device_.Allocate(scratch));
      // Kernels may keep counters there, which start at 0.
      const std::vector<std::byte> zeros(scratch);
      QF_RETURN_IF_ERROR(device_.Upload(*buffers.scratch, 0, zeros));
    }
    return buffers;
  }

  static engine::ArmCost Cost(const formats::Format& format, const LinearKernel& kernel,
                              const LinearShape& shape, const WeightCopies& weights) {
    engine::ArmCost cost;
    const uint64_t values = uint64_t{shape.n} * shape.k;
    cost.weight_bytes = format.PackedBytes(shape.n, shape.k);
    cost.bits_per_weight = static_cast<double>(cost.weight_bytes) * 8 / static_cast<double>(values);
    const Work work = kernel.WorkOf(shape, cost.weight_bytes);
    cost.moved_bytes = work.moved_bytes;
    cost.operations = work.operations;
    cost.rotation_copies = weights.copies;
    cost.working_set_bytes = weights.copies * weights.stride;
    return cost;
  }

  engine::Device& device_;
  KernelTable kernels_;
  ProblemCache problems_;
  WeightCache weights_;
};

}  // namespace

std::unique_ptr<engine::Operation> MakeLinearOperation(engine::Device& device,
                                                       KernelTable kernels) {
  return std::make_unique<LinearOperation>(device, std::move(kernels));
}

}  // namespace quantfleet::linear
