// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/ops/linear/problem.hpp"

#include <algorithm>
#include <cmath>
#include <span>
#include <utility>

#include "kernels/engine/output_error.hpp"
#include "kernels/engine/random.hpp"
#include "kernels/ops/linear/cpu/simd.hpp"

namespace quantfleet::linear {
namespace {

constexpr double kWeightDeviation = 0.02;
// Streams of the generator: one a matrix.
constexpr uint32_t kWeightStream = 1;
constexpr uint32_t kActivationStream = 2;
constexpr uint32_t kOutlierStream = 3;
constexpr uint32_t kFirstOutlierStream = 4;
constexpr uint32_t kMagnitudeStream = 5;
constexpr uint32_t kColumnsAnOutlier = 1000;

double SqnrDecibel(const std::vector<float>& exact, const std::vector<float>& decoded) {
  double signal = 0;
  double noise = 0;
  for (size_t i = 0; i < exact.size(); ++i) {
    const double value = exact[i];
    const double difference = static_cast<double>(decoded[i]) - value;
    signal += value * value;
    noise += difference * difference;
  }
  return engine::SqnrDecibel(signal, noise);
}

}  // namespace

ActivationKind ActivationKindOf(const formats::Format& format) {
  return format.name() == "llm_int8" ? ActivationKind::kOutlierColumns : ActivationKind::kNormal;
}

std::string_view ActivationDistribution(ActivationKind kind) {
  return kind == ActivationKind::kNormal
             ? "normal(0, 1)"
             : "normal(0, 1), 0.1 % of columns +-[8, 20] + normal(0, 1)";
}

Problem::Problem(uint32_t seed, uint32_t n, uint32_t k, ActivationKind kind)
    : seed_(seed), n_(n), k_(k), kind_(kind) {
  weights_.resize(size_t{n} * k);
  for (size_t i = 0; i < weights_.size(); ++i) {
    weights_[i] =
        static_cast<float>(kWeightDeviation * engine::RandomNormal(seed, kWeightStream, i));
  }
}

float Problem::MakeActivation(uint64_t index) const {
  const auto normal = static_cast<float>(engine::RandomNormal(seed_, kActivationStream, index));
  if (kind_ == ActivationKind::kNormal) return normal;
  const uint64_t column = index % k_;
  const bool outlier = engine::RandomBelow(seed_, kOutlierStream, column, kColumnsAnOutlier) == 0 ||
                       column == engine::RandomBelow(seed_, kFirstOutlierStream, 0, k_);
  if (!outlier) return std::clamp(normal, -5.9F, 5.9F);
  const uint32_t choice = engine::RandomBelow(seed_, kMagnitudeStream, column, 2U << 16);
  const float magnitude = 8 + 12 * static_cast<float>(choice >> 1) * 0x1p-16F;
  const float value = std::max(6.5F, magnitude + normal);
  return (choice & 1U) != 0 ? -value : value;
}

const std::vector<float>& Problem::Activations(uint32_t batch) {
  const size_t wanted = size_t{batch} * k_;
  for (size_t i = x_.size(); i < wanted; ++i) {
    x_.push_back(MakeActivation(i));
  }
  return x_;
}

Result<const EncodedWeights*> Problem::Encoded(const formats::Format& format) {
  const auto found = encoded_.find(&format);
  if (found != encoded_.end()) return &found->second;
  if (const Status fits = format.CheckShape(n_, k_); !fits.ok()) {
    return Unimplemented(fits.message());
  }
  EncodedWeights made;
  made.packed.resize(format.PackedBytes(n_, k_));
  QF_RETURN_IF_ERROR(format.Encode(weights_, n_, k_, made.packed));
  if (!format.lossless()) {
    made.decoded.resize(weights_.size());
    QF_RETURN_IF_ERROR(format.Decode(made.packed, n_, k_, made.decoded));
    made.sqnr_decibel = SqnrDecibel(weights_, made.decoded);
  }
  return &encoded_.emplace(&format, std::move(made)).first->second;
}

void Problem::GrowReference(const std::vector<float>& weights, uint32_t batch,
                            const LinearKernel* kernel, std::vector<double>* reference) {
  const std::vector<float>& x = Activations(batch);
  const size_t done = reference->size() / n_;
  if (done >= batch) return;
  reference->resize(size_t{batch} * n_);
  const float* from = x.data() + done * k_;
  std::vector<float> rounded;
  if (kernel != nullptr) {
    rounded.resize((batch - done) * k_);
    kernel->RoundActivations(from, batch - done, k_, rounded.data());
    from = rounded.data();
  }
  cpu::MultiplyRowsFp64(weights.data(), n_, k_, from, batch - done, reference->data() + done * n_,
                        {0, n_});
}

const std::vector<double>& Problem::Reference(const formats::Format& format,
                                              const LinearKernel& kernel, uint32_t batch) {
  const std::string rounding(kernel.activation_rounding());
  if (format.lossless() && rounding.empty()) return exact_;
  EncodedWeights& encoded = encoded_.at(&format);
  std::vector<double>& reference = encoded.references[rounding];
  GrowReference(format.lossless() ? weights_ : encoded.decoded, batch,
                rounding.empty() ? nullptr : &kernel, &reference);
  return reference;
}

Result<engine::OutputError> Problem::Compare(const formats::Format& format,
                                             const LinearKernel& kernel_of_output, uint32_t batch,
                                             const std::vector<float>& output) {
  QF_RETURN_IF_ERROR(Encoded(format).status());
  QF_CHECK(output.size() == size_t{batch} * n_);
  GrowReference(weights_, batch, nullptr, &exact_);
  const std::vector<double>& decoded = Reference(format, kernel_of_output, batch);

  const size_t size = output.size();
  engine::OutputError error =
      engine::CompareOutput(output, std::span(decoded).first(size), std::span(exact_).first(size));
  if (!format.lossless()) error.weight_sqnr_decibel = encoded_.at(&format).sqnr_decibel;
  return error;
}

uint64_t Problem::bytes() const {
  uint64_t total = (weights_.size() + x_.size()) * sizeof(float) + exact_.size() * sizeof(double);
  for (const auto& [format, encoded] : encoded_) {
    total += encoded.packed.size() + encoded.decoded.size() * sizeof(float);
    for (const auto& [rounding, reference] : encoded.references) {
      total += reference.size() * sizeof(double);
    }
  }
  return total;
}

std::shared_ptr<Problem> ProblemCache::Get(uint32_t seed, uint32_t n, uint32_t k,
                                           ActivationKind kind) {
  const Key key = {seed, n, k, kind};
  const auto found = std::find_if(entries_.begin(), entries_.end(),
                                  [&](const auto& entry) { return entry.first == key; });
  if (found != entries_.end()) {
    entries_.splice(entries_.begin(), entries_, found);
    return entries_.front().second;
  }
  uint64_t held = 0;
  for (auto entry = entries_.begin(); entry != entries_.end();) {
    held += entry->second->bytes();
    entry = held > max_bytes_ ? entries_.erase(entry) : std::next(entry);
  }
  entries_.emplace_front(key, std::make_shared<Problem>(seed, n, k, kind));
  return entries_.front().second;
}

double OutputTolerance(const formats::Format& format, uint64_t values, double activation_error) {
  const double expected = std::hypot(format.info().relative_error, activation_error);
  const double typical = std::max(1e-5, 1.5 * expected);
  return typical * (1 + 4 / std::sqrt(static_cast<double>(values)));
}

}  // namespace quantfleet::linear
