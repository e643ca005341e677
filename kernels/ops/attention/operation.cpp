// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/ops/attention/operation.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/units.hpp"
#include "kernels/engine/fault.hpp"
#include "kernels/ops/attention/kv_cache.hpp"
#include "kernels/ops/attention/problem.hpp"
#include "kernels/ops/attention/shape.hpp"
#include "kernels/ops/linear/weight_cache.hpp"

namespace quantfleet::attention {
namespace {

using engine::ArmSpec;
using engine::AttentionShape;
// Copies in rotation are the same for a cache as for weights.
using linear::WeightCache;
using linear::WeightCopies;

// Kernels that exist on some device, sorted. Support() lists each for each format.
constexpr std::string_view kKernelNames[] = {"dequantize_then_attention", "fused", "reference"};
// Host memory for sources and references of shapes used before.
constexpr uint64_t kProblemCacheBytes = kGibibyte;

struct ArmBuffers {
  std::unique_ptr<engine::DeviceBuffer> queries;
  std::unique_ptr<engine::DeviceBuffer> output;
  std::unique_ptr<engine::DeviceBuffer> scratch;
};

class AttentionArm final : public engine::PreparedArm {
 public:
  AttentionArm(engine::Device& device, AttentionKernel& kernel, const KvFormat& format,
               const AttentionShape& shape, std::shared_ptr<Problem> problem,
               std::shared_ptr<WeightCopies> copies, ArmBuffers buffers, engine::ArmCost cost)
      : device_(device),
        kernel_(kernel),
        format_(format),
        problem_(std::move(problem)),
        copies_(std::move(copies)),
        buffers_(std::move(buffers)),
        cost_(cost),
        name_(std::string(kernel.kernel()) + "/" + std::string(kernel.variant(shape))) {
    call_.shape = shape;
    call_.queries = buffers_.queries->data();
    call_.output = buffers_.output->data();
    call_.scratch = buffers_.scratch ? buffers_.scratch->data() : nullptr;
  }

  std::string_view kernel_used() const override { return name_; }
  const engine::ArmCost& cost() const override { return cost_; }
  std::string_view weight_distribution() const override { return kCacheDistribution; }

  Status Run(uint32_t copy) override {
    call_.cache = copies_->buffer->data() + copy * copies_->stride;
    return kernel_.Run(call_);
  }

  uint32_t TakeCopies(uint32_t count) override {
    const uint32_t first = copies_->next;
    copies_->next = static_cast<uint32_t>((uint64_t{first} + count) % copies_->copies);
    return first;
  }

  Status PoisonOutput() override {
    // All bits set is NaN in every activation type.
    const std::vector<std::byte> poison(buffers_.output->bytes(), std::byte{0xFF});
    return device_.Upload(*buffers_.output, 0, poison);
  }

  Result<std::vector<float>> ReadOutput() override {
    std::vector<std::byte> bytes(QueryValues(call_.shape) *
                                 linear::ActivationBytes(kernel_.activation_type()));
    QF_RETURN_IF_ERROR(device_.Download(*buffers_.output, 0, bytes));
    return linear::WidenActivations(bytes, kernel_.activation_type());
  }

  Result<engine::OutputError> Compare(const std::vector<float>& output) override {
    QF_ASSIGN_OR_RETURN(engine::OutputError error, problem_->Compare(format_, output));
    error.kernel_tolerance = kernel_.Tolerance(call_.shape);
    error.output_tolerance = OutputTolerance(format_, call_.shape) + error.kernel_tolerance;
    return error;
  }

 private:
  engine::Device& device_;
  AttentionKernel& kernel_;
  const KvFormat& format_;
  std::shared_ptr<Problem> problem_;
  std::shared_ptr<WeightCopies> copies_;
  ArmBuffers buffers_;
  engine::ArmCost cost_;
  std::string name_;
  AttentionCall call_;
};

Status CheckSpec(const ArmSpec& spec) {
  if (!spec.attention) {
    return InvalidArgument("workload attention needs its shape in \"attention\"");
  }
  QF_RETURN_IF_ERROR(CheckShape(*spec.attention));
  if (spec.cache != "cold" && spec.cache != "warm") {
    return InvalidArgument("cache is \"cold\" or \"warm\", not \"" + spec.cache + "\"");
  }
  if (FindKvFormat(spec.format) == nullptr) {
    return InvalidArgument("a cache has no format \"" + spec.format +
                           "\"; it has fp16, fp32, fp8_e4m3, int4 and int8");
  }
  const bool known = spec.kernel == "auto" ||
                     std::find(std::begin(kKernelNames), std::end(kKernelNames), spec.kernel) !=
                         std::end(kKernelNames);
  return known ? OkStatus() : InvalidArgument("attention has no kernel \"" + spec.kernel + "\"");
}

std::string WhyMissing(std::string_view format, std::string_view kernel) {
  if (kernel == "dequantize_then_attention") {
    return std::string(format) + " has nothing to decode on this device";
  }
  return "no kernel is registered for this device";
}

// The rotation keeps caches apart by everything that shapes them.
linear::WeightKey KeyOf(const ArmSpec& spec) {
  const AttentionShape& shape = *spec.attention;
  const std::string layout = "kv_cache batch=" + std::to_string(shape.batch) +
                             " heads=" + std::to_string(shape.key_value_heads);
  return {spec.seed,   shape.context, shape.head_dimension,
          spec.format, layout,        spec.cache == "cold"};
}

// Flips a bit that the last query surely sees: in the scale of the last vector of V, or in its last
// value. Bit 6 of the highest byte belongs to the exponent wherever there is one.
void Damage(const KvFormat& format, const KvLayout& layout, std::vector<std::byte>* packed) {
  const uint64_t at = format.scaled ? layout.bytes - 1 : layout.key_scales - 1;
  (*packed)[at] ^= std::byte{0x40};
}

class AttentionOperation final : public engine::Operation {
 public:
  AttentionOperation(engine::Device& device, KernelTable kernels)
      : device_(device),
        kernels_(std::move(kernels)),
        problems_(kProblemCacheBytes),
        caches_(device) {}

  std::string_view workload() const override { return "attention"; }

  std::vector<engine::KernelSupport> Support() const override {
    std::vector<engine::KernelSupport> support;
    for (const KvFormat& format : AllKvFormats()) {
      for (const std::string_view name : kKernelNames) {
        const AttentionKernel* const kernel = kernels_.Find(format.name, name);
        const Status status = kernel != nullptr ? kernel->SupportedOnDevice()
                                                : Unimplemented(WhyMissing(format.name, name));
        support.push_back({std::string(workload()), std::string(format.name), std::string(name),
                           status.ok(), status.message()});
      }
    }
    return support;
  }

  Result<std::unique_ptr<engine::PreparedArm>> Prepare(const ArmSpec& spec) override {
    QF_RETURN_IF_ERROR(CheckSpec(spec));
    const AttentionShape& shape = *spec.attention;
    const KvFormat& format = *FindKvFormat(spec.format);
    QF_RETURN_IF_ERROR(CheckKvShape(format, shape));
    QF_ASSIGN_OR_RETURN(AttentionKernel * kernel, Choose(spec));
    std::shared_ptr<Problem> problem = problems_.Get(spec.seed, shape);
    QF_ASSIGN_OR_RETURN(std::shared_ptr<WeightCopies> copies, Copies(spec, format, *problem));
    QF_ASSIGN_OR_RETURN(ArmBuffers buffers, Buffers(*kernel, shape, *problem));
    const engine::ArmCost cost = Cost(format, *kernel, shape, *copies);
    return std::unique_ptr<engine::PreparedArm>(
        std::make_unique<AttentionArm>(device_, *kernel, format, shape, std::move(problem),
                                       std::move(copies), std::move(buffers), cost));
  }

  void DropCaches() override {
    problems_.Clear();
    caches_.Clear();
  }

 private:
  Result<AttentionKernel*> Choose(const ArmSpec& spec) const {
    const std::string_view name =
        spec.kernel == "auto" ? kernels_.ResolveAuto(spec.format, spec.attention->query_tokens)
                              : std::string_view(spec.kernel);
    AttentionKernel* const kernel = kernels_.Find(spec.format, name);
    if (kernel == nullptr) return Unimplemented(WhyMissing(spec.format, name));
    QF_RETURN_IF_ERROR(kernel->SupportedOnDevice());
    QF_RETURN_IF_ERROR(kernel->SupportsShape(*spec.attention));
    return kernel;
  }

  Result<std::shared_ptr<WeightCopies>> Copies(const ArmSpec& spec, const KvFormat& format,
                                               const Problem& problem) {
    const linear::WeightKey key = KeyOf(spec);
    if (auto held = caches_.Find(key)) return held;
    QF_ASSIGN_OR_RETURN(std::vector<std::byte> packed, problem.Encode(format));
    if (engine::FaultInFormat(spec.format)) {
      Damage(format, LayoutOf(format, *spec.attention), &packed);
    }
    return caches_.Add(key, packed);
  }

  Result<ArmBuffers> Buffers(const AttentionKernel& kernel, const AttentionShape& shape,
                             const Problem& problem) {
    const ActivationType type = kernel.activation_type();
    const std::vector<std::byte> queries = linear::NarrowActivations(problem.queries(), type);
    ArmBuffers buffers;
    QF_ASSIGN_OR_RETURN(buffers.queries, device_.Allocate(queries.size()));
    QF_RETURN_IF_ERROR(device_.Upload(*buffers.queries, 0, queries));
    QF_ASSIGN_OR_RETURN(buffers.output,
                        device_.Allocate(QueryValues(shape) * linear::ActivationBytes(type)));
    const uint64_t scratch = kernel.ScratchBytes(shape);
    if (scratch > 0) {
      QF_ASSIGN_OR_RETURN(buffers.scratch, device_.Allocate(scratch));
    }
    return buffers;
  }

  static engine::ArmCost Cost(const KvFormat& format, const AttentionKernel& kernel,
                              const AttentionShape& shape, const WeightCopies& copies) {
    const KvLayout layout = LayoutOf(format, shape);
    const TokenRange touched = TouchedTokens(shape);
    engine::ArmCost cost;
    cost.weight_bytes = layout.bytes;
    cost.bits_per_weight = static_cast<double>(layout.bytes) * 8 /
                           static_cast<double>(2 * CacheVectors(shape) * shape.head_dimension);
    cost.moved_bytes = layout.bytes / shape.context * (touched.end - touched.begin) +
                       2 * QueryValues(shape) * linear::ActivationBytes(kernel.activation_type());
    cost.operations =
        4 * uint64_t{shape.batch} * shape.query_heads * shape.head_dimension * VisiblePairs(shape);
    cost.rotation_copies = copies.copies;
    cost.working_set_bytes = copies.copies * copies.stride;
    return cost;
  }

  engine::Device& device_;
  KernelTable kernels_;
  ProblemCache problems_;
  WeightCache caches_;
};

}  // namespace

std::unique_ptr<engine::Operation> MakeAttentionOperation(engine::Device& device,
                                                          KernelTable kernels) {
  return std::make_unique<AttentionOperation>(device, std::move(kernels));
}

}  // namespace quantfleet::attention
