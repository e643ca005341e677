// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/analysis/roofline.hpp"

#include <cstdio>
#include <string>
#include <string_view>

#include "coordinator/analysis/axis_curve.hpp"

namespace quantfleet::analysis {
namespace {

// One side of a predicted crossover.
struct Roof {
  double read_seconds = 0;  // packed weights at the DRAM ceiling
  double row_seconds = 0;   // multiply of one row of activations at the peak
  double ridge() const { return read_seconds / row_seconds; }
};

std::optional<Roof> RoofOf(const v1::ComparisonRow& row, const v1::ComparisonSession& session) {
  const v1::Measurement& measurement = row.measurement();
  const v1::Ceilings& ceilings = session.ceilings();
  const auto& peaks = ceilings.matrix_operations_per_second();
  const auto peak = peaks.find(MatrixType(row.arm().spec(), measurement, session.device()));
  const double bandwidth = ceilings.dram_read_bytes_per_second();
  const uint32_t batch = row.arm().spec().linear().batch();
  if (peak == peaks.end() || !(peak->second > 0) || !(bandwidth > 0) || batch == 0 ||
      measurement.operations() == 0 || measurement.weight_bytes() == 0) {
    return std::nullopt;
  }
  return Roof{static_cast<double>(measurement.weight_bytes()) / bandwidth,
              static_cast<double>(measurement.operations()) / batch / peak->second};
}

std::string BatchText(double batch) {
  char text[32];
  std::snprintf(text, sizeof text, batch >= 1000 ? "%.0f" : "%.3g", batch);
  return text;
}

}  // namespace

std::optional<double> DramFraction(const v1::Measurement& measurement,
                                   const v1::Ceilings& ceilings) {
  const double seconds = measurement.summary().median_seconds();
  const double ceiling = ceilings.dram_read_bytes_per_second();
  if (!(seconds > 0) || !(ceiling > 0) || measurement.moved_bytes() == 0) return std::nullopt;
  return static_cast<double>(measurement.moved_bytes()) / seconds / ceiling;
}

std::string MatrixType(const v1::ArmSpec& spec, const v1::Measurement& measurement,
                       const v1::Device& device) {
  const std::string_view kernel = measurement.kernel_used();
  const size_t slash = kernel.find('/');
  const std::string_view variant =
      slash == std::string_view::npos ? std::string_view() : kernel.substr(slash + 1);
  for (const std::string_view type : {"bf16", "fp16", "tf32", "fp32", "int8", "fp8"}) {
    if (variant.find(type) != std::string_view::npos) return std::string(type);
  }
  if (device.kind() == v1::DEVICE_KIND_CPU || spec.format() == "fp32") return "fp32";
  return "bf16";
}

std::optional<double> MatrixFraction(const v1::ArmSpec& spec, const v1::Measurement& measurement,
                                     const v1::Device& device, const v1::Ceilings& ceilings) {
  const double seconds = measurement.summary().median_seconds();
  const auto& peaks = ceilings.matrix_operations_per_second();
  const auto peak = peaks.find(MatrixType(spec, measurement, device));
  if (!(seconds > 0) || peak == peaks.end() || !(peak->second > 0)) return std::nullopt;
  if (measurement.operations() == 0) return std::nullopt;
  return static_cast<double>(measurement.operations()) / seconds / peak->second;
}

std::optional<v1::PredictedCrossover> PredictCrossover(const v1::ComparisonRow& arm,
                                                       const v1::ComparisonRow& baseline,
                                                       const v1::ComparisonSession& session) {
  const std::optional<Roof> own = RoofOf(arm, session);
  const std::optional<Roof> other = RoofOf(baseline, session);
  if (!own || !other) return std::nullopt;
  v1::PredictedCrossover predicted;
  predicted.set_arm_ridge(own->ridge());
  predicted.set_baseline_ridge(other->ridge());
  const std::string name = ArmName(baseline.arm().spec());
  std::string text = "the ceilings alone let it ";
  if (own->read_seconds >= other->read_seconds) {
    text += own->row_seconds < other->row_seconds
                ? "win only where the multiply binds " + name + ": its weights are no smaller"
                : "never win: its weights are no smaller than those of " + name;
  } else if (own->row_seconds < other->row_seconds) {
    text += "win at every batch: it multiplies in a faster type than " + name;
  } else {
    predicted.set_break_even(other->read_seconds / own->row_seconds);
    text += "win up to batch " + BatchText(predicted.break_even());
  }
  predicted.set_sentence(text + " (the multiply binds it from batch " + BatchText(own->ridge()) +
                         " on, " + name + " from " + BatchText(other->ridge()) + ")");
  return predicted;
}

}  // namespace quantfleet::analysis
