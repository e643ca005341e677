// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/analysis/roofline.hpp"

#include <string_view>

namespace quantfleet::analysis {

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

}  // namespace quantfleet::analysis
