// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "kernels/engine/messages.hpp"

namespace quantfleet::engine {

// What was seen beside the samples while an arm was measured.
struct Evidence {
  // Visits' clocks: slowest and fastest over the session's reference. Fractions; 0 if unknown.
  double slowest_clock = 0;
  double fastest_clock = 0;
  // The device reported that it was held down, or samples were set aside for it.
  bool throttled = false;
  bool foreign_process = false;
  // Processors that others kept busy on this host during the run, over those it has. Fraction.
  double host_busy = 0;
};

// Fills grade and grade_reasons of a measured arm. A finding that can move the result (throttled,
// foreign_process, host_overloaded: others took half of the processors, few_samples below 3) gives
// D; of the minor ones (clock_spread above 10 %, few_samples below 10, host_busy above 15 %,
// multimodal, noise_stable, round_cap, time_cap, warm_cache, set_aside) one gives B, more give C.
// No sample at all gives F.
void GradeMeasurement(const ArmSpec& spec, const Evidence& evidence, Measurement* measurement);

}  // namespace quantfleet::engine
