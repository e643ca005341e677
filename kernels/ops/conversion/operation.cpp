// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/ops/conversion/operation.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <span>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "base/units.hpp"
#include "kernels/engine/fault.hpp"
#include "kernels/formats/format.hpp"
#include "kernels/ops/linear/problem.hpp"
#include "kernels/ops/linear/weight_cache.hpp"

namespace quantfleet::conversion {
namespace {

using engine::ArmSpec;
using engine::MatrixShape;
using linear::EncodedWeights;
using linear::Problem;
using linear::WeightCopies;

constexpr std::string_view kKernelNames[] = {"parallel", "reference"};
constexpr uint64_t kProblemCacheBytes = kGibibyte;
// As those of workload linear.
constexpr uint32_t kMostRows = 1U << 20;
constexpr uint64_t kMostWeights = uint64_t{1} << 30;

// What the floats `decoded` are to `exact`.
engine::OutputError ErrorOf(std::span<const float> decoded, std::span<const float> exact) {
  engine::OutputError error;
  double noise = 0, signal = 0, norm = 0, dot = 0;
  for (size_t i = 0; i < decoded.size(); ++i) {
    const double y = decoded[i];
    const double x = exact[i];
    noise += (y - x) * (y - x);
    signal += x * x;
    norm += y * y;
    dot += x * y;
  }
  const double smallest = std::numeric_limits<double>::min();
  // Poison is NaN, which must not vanish.
  error.output_relative = std::isfinite(noise) ? std::sqrt(noise / std::max(signal, smallest))
                                               : std::numeric_limits<double>::infinity();
  error.cosine = dot / std::max(std::sqrt(norm * signal), smallest);
  return error;
}

// One conversion, ready to run.
class ConversionArm final : public engine::PreparedArm {
 public:
  struct Parts {
    std::shared_ptr<Problem> problem;
    std::shared_ptr<WeightCopies> sources;
    std::unique_ptr<engine::DeviceBuffer> output;
    std::unique_ptr<engine::DeviceBuffer> scratch;
    engine::ArmCost cost;
  };

  ConversionArm(engine::Device& device, ConversionKernel& kernel, const formats::Format& format,
                const MatrixShape& shape, Parts parts)
      : device_(device),
        kernel_(kernel),
        format_(format),
        parts_(std::move(parts)),
        name_(std::string(kernel.kernel()) + "/" + std::string(kernel.variant())) {
    call_.shape = shape;
    call_.to = parts_.output->data();
    call_.scratch = parts_.scratch ? parts_.scratch->data() : nullptr;
  }

  std::string_view kernel_used() const override { return name_; }
  const engine::ArmCost& cost() const override { return parts_.cost; }
  std::string_view weight_distribution() const override { return linear::kWeightDistribution; }

  Status Run(uint32_t copy) override {
    call_.from = parts_.sources->buffer->data() + copy * parts_.sources->stride;
    return kernel_.Run(call_);
  }

  uint32_t TakeCopies(uint32_t count) override {
    WeightCopies& sources = *parts_.sources;
    const uint32_t first = sources.next;
    sources.next = static_cast<uint32_t>((uint64_t{first} + count) % sources.copies);
    return first;
  }

  Status PoisonOutput() override {
    const std::vector<std::byte> poison(parts_.output->bytes(), std::byte{0xFF});
    return device_.Upload(*parts_.output, 0, poison);
  }

  // Floats to dequantize; of packed bytes each as a number from 0 to 255.
  Result<std::vector<float>> ReadOutput() override {
    std::vector<std::byte> bytes(parts_.output->bytes());
    QF_RETURN_IF_ERROR(device_.Download(*parts_.output, 0, bytes));
    std::vector<float> values;
    if (kernel_.direction() == Direction::kQuantize) {
      for (const std::byte byte : bytes) values.push_back(std::to_integer<uint8_t>(byte));
    } else {
      values.resize(bytes.size() / sizeof(float));
      std::memcpy(values.data(), bytes.data(), bytes.size());
    }
    return values;
  }

  Result<engine::OutputError> Compare(const std::vector<float>& output) override {
    QF_ASSIGN_OR_RETURN(const EncodedWeights* encoded, parts_.problem->Encoded(format_));
    engine::OutputError error;
    if (kernel_.direction() == Direction::kQuantize) {
      QF_ASSIGN_OR_RETURN(error, ComparePacked(output, encoded->packed));
    } else {
      const std::vector<float>& expected =
          format_.lossless() ? parts_.problem->weights() : encoded->decoded;
      error = CompareFloats(output, expected);
    }
    if (!format_.lossless()) error.weight_sqnr_decibel = encoded->sqnr_decibel;
    error.output_tolerance = linear::OutputTolerance(format_, parts_.problem->weights().size());
    return error;
  }

 private:
  // kernel_relative is the share of bytes that are wrong: none may be.
  Result<engine::OutputError> ComparePacked(const std::vector<float>& output,
                                            const std::vector<std::byte>& expected) const {
    std::vector<std::byte> packed;
    for (const float value : output) packed.push_back(static_cast<std::byte>(value));
    QF_CHECK(packed.size() == expected.size());
    const auto [rows, columns] = call_.shape;
    std::vector<float> decoded(uint64_t{rows} * columns);
    QF_RETURN_IF_ERROR(format_.Decode(packed, rows, columns, decoded));
    engine::OutputError error = ErrorOf(decoded, parts_.problem->weights());
    uint64_t wrong = 0;
    for (size_t i = 0; i < packed.size(); ++i) wrong += packed[i] != expected[i] ? 1U : 0U;
    error.kernel_relative = static_cast<double>(wrong) / static_cast<double>(packed.size());
    return error;
  }

  // kernel_relative is the relative distance, or the share of wrong floats where that is 0 (-0 for
  // 0): no bit may be wrong.
  engine::OutputError CompareFloats(const std::vector<float>& output,
                                    const std::vector<float>& expected) const {
    engine::OutputError error = ErrorOf(output, parts_.problem->weights());
    QF_CHECK(output.size() == expected.size());
    uint64_t wrong = 0;
    for (size_t i = 0; i < output.size(); ++i) {
      wrong += std::memcmp(&output[i], &expected[i], sizeof(float)) != 0 ? 1U : 0U;
      error.kernel_max_absolute = std::max(error.kernel_max_absolute,
                                           static_cast<double>(std::abs(output[i] - expected[i])));
    }
    if (wrong == 0) return error;
    error.kernel_relative =
        std::max(ErrorOf(output, expected).output_relative,
                 static_cast<double>(wrong) / static_cast<double>(output.size()));
    return error;
  }

  engine::Device& device_;
  ConversionKernel& kernel_;
  const formats::Format& format_;
  Parts parts_;
  std::string name_;
  ConversionCall call_;
};

class ConversionOperation final : public engine::Operation {
 public:
  ConversionOperation(engine::Device& device, Direction direction, ConversionKernels kernels)
      : device_(device),
        direction_(direction),
        kernels_(std::move(kernels)),
        problems_(kProblemCacheBytes),
        sources_(device) {}

  std::string_view workload() const override {
    return direction_ == Direction::kQuantize ? "quantize" : "dequantize";
  }

  std::vector<engine::KernelSupport> Support() const override {
    std::vector<engine::KernelSupport> support;
    for (const formats::Format* format : formats::AllFormats()) {
      for (const std::string_view name : kKernelNames) {
        const bool found = Find(format->name(), name) != nullptr;
        support.push_back({std::string(workload()), std::string(format->name()), std::string(name),
                           found, found ? "" : kMissing});
      }
    }
    std::sort(support.begin(), support.end(), [](const auto& a, const auto& b) {
      return std::tie(a.format, a.kernel) < std::tie(b.format, b.kernel);
    });
    return support;
  }

  Result<std::unique_ptr<engine::PreparedArm>> Prepare(const ArmSpec& spec) override {
    QF_RETURN_IF_ERROR(CheckSpec(spec));
    const MatrixShape shape = *spec.matrix;
    const formats::Format& format = *formats::FindFormat(spec.format);
    ConversionKernel* const kernel =
        Find(spec.format, spec.kernel == "auto" ? "parallel" : std::string_view(spec.kernel));
    if (kernel == nullptr) return Unimplemented(kMissing);
    if (const Status fits = format.CheckShape(shape.rows, shape.columns); !fits.ok()) {
      return Unimplemented(fits.message());
    }
    ConversionArm::Parts parts;
    parts.problem = problems_.Get(spec.seed, shape.rows, shape.columns);
    QF_ASSIGN_OR_RETURN(parts.sources, Sources(spec, format, *parts.problem));
    const uint64_t packed = format.PackedBytes(shape.rows, shape.columns);
    const uint64_t unpacked = uint64_t{shape.rows} * shape.columns * sizeof(float);
    QF_ASSIGN_OR_RETURN(parts.output,
                        device_.Allocate(direction_ == Direction::kQuantize ? packed : unpacked));
    if (const uint64_t bytes = kernel->ScratchBytes(shape); bytes > 0) {
      QF_ASSIGN_OR_RETURN(parts.scratch, device_.Allocate(bytes));
    }
    parts.cost.weight_bytes = packed;
    parts.cost.bits_per_weight =
        static_cast<double>(packed) * 8 * sizeof(float) / static_cast<double>(unpacked);
    parts.cost.moved_bytes = packed + unpacked;
    parts.cost.rotation_copies = parts.sources->copies;
    parts.cost.working_set_bytes = parts.sources->copies * parts.sources->stride;
    return std::unique_ptr<engine::PreparedArm>(
        std::make_unique<ConversionArm>(device_, *kernel, format, shape, std::move(parts)));
  }

  void DropCaches() override {
    problems_.Clear();
    sources_.Clear();
  }

 private:
  static constexpr const char* kMissing = "no kernel is registered for this device";

  ConversionKernel* Find(std::string_view format, std::string_view name) const {
    for (const auto& kernel : kernels_) {
      if (kernel->format() == format && kernel->kernel() == name) return kernel.get();
    }
    return nullptr;
  }

  Status CheckSpec(const ArmSpec& spec) const {
    const std::string name(workload());
    if (!spec.matrix) return InvalidArgument("workload " + name + " needs its shape in \"matrix\"");
    const auto [rows, columns] = *spec.matrix;
    if (rows == 0 || columns == 0 || rows > kMostRows || columns > kMostRows ||
        uint64_t{rows} * columns > kMostWeights) {
      return InvalidArgument(
          name + " takes rows and columns from 1 to 2^20 and rows * columns up to 2^30");
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

  Result<std::shared_ptr<WeightCopies>> Sources(const ArmSpec& spec, const formats::Format& format,
                                                Problem& problem) {
    const bool quantize = direction_ == Direction::kQuantize;
    const bool damaged = engine::FaultInFormat(spec.format);
    const linear::WeightKey key = {spec.seed,
                                   spec.matrix->rows,
                                   spec.matrix->columns,
                                   quantize && !damaged ? "source" : spec.format,
                                   "packed",
                                   spec.cache == "cold"};
    if (auto held = sources_.Find(key)) return held;
    if (quantize) return AddWeights(key, problem.weights(), damaged);
    QF_ASSIGN_OR_RETURN(const EncodedWeights* encoded, problem.Encoded(format));
    if (!damaged) return sources_.Add(key, encoded->packed);
    std::vector<std::byte> packed = encoded->packed;
    packed[(packed.size() / 2) | 3U] ^= std::byte{0x40};
    return sources_.Add(key, packed);
  }

  Result<std::shared_ptr<WeightCopies>> AddWeights(const linear::WeightKey& key,
                                                   std::vector<float> weights, bool damaged) {
    // The sign of the largest: no format gives both signs of it one code.
    const auto smaller = [](float a, float b) { return std::abs(a) < std::abs(b); };
    if (damaged) *std::max_element(weights.begin(), weights.end(), smaller) *= -1;
    return sources_.Add(key, std::as_bytes(std::span(weights)));
  }

  engine::Device& device_;
  const Direction direction_;
  ConversionKernels kernels_;
  linear::ProblemCache problems_;
  linear::WeightCache sources_;
};

}  // namespace

std::unique_ptr<engine::Operation> MakeConversionOperation(engine::Device& device,
                                                           Direction direction,
                                                           ConversionKernels kernels) {
  return std::make_unique<ConversionOperation>(device, direction, std::move(kernels));
}

}  // namespace quantfleet::conversion
