// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/engine/output_error.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/status.hpp"

namespace quantfleet::engine {
namespace {

double RelativeDistance(double squared_difference, double squared_norm) {
  if (squared_difference == 0) return 0;
  return std::sqrt(squared_difference / std::max(squared_norm, std::numeric_limits<double>::min()));
}

}  // namespace

OutputError CompareOutput(std::span<const float> output, std::span<const double> decoded,
                          std::span<const double> exact) {
  QF_CHECK(output.size() == decoded.size() && output.size() == exact.size());
  OutputError error;
  double kernel = 0, kernel_norm = 0, total = 0, exact_norm = 0, norm = 0, dot = 0;
  for (size_t i = 0; i < output.size(); ++i) {
    const double y = output[i];
    // NaN must not vanish in a maximum: poisoned output is infinitely wrong.
    if (!std::isfinite(y)) {
      error.kernel_relative = error.output_relative = std::numeric_limits<double>::infinity();
      error.kernel_max_absolute = std::numeric_limits<double>::infinity();
      return error;
    }
    const double from_kernel = y - decoded[i];
    const double from_exact = y - exact[i];
    kernel += from_kernel * from_kernel;
    kernel_norm += decoded[i] * decoded[i];
    total += from_exact * from_exact;
    exact_norm += exact[i] * exact[i];
    norm += y * y;
    dot += y * exact[i];
    error.kernel_max_absolute = std::max(error.kernel_max_absolute, std::abs(from_kernel));
  }
  error.kernel_relative = RelativeDistance(kernel, kernel_norm);
  error.output_relative = RelativeDistance(total, exact_norm);
  error.cosine = dot / std::max(std::sqrt(norm * exact_norm), std::numeric_limits<double>::min());
  return error;
}

double SqnrDecibel(double signal, double noise) {
  constexpr double kMost = 200;  // A finite number for values that happen to be exact.
  return noise > 0 ? std::min(kMost, 10 * std::log10(signal / noise)) : kMost;
}

}  // namespace quantfleet::engine
