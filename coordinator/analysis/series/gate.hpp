// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "base/status.hpp"

#include "quantfleet/v1/trend.pb.h"

namespace quantfleet::analysis {

// A gate fails a series whose newest level is slower, by more than `max_slowdown` (a fraction),
// than the level that was in force on the night of place `first`, as change points have them: what
// is within the noise of nights fails nothing. A series with fewer than six nights cannot be
// judged. kInvalidArgument: the trend's unit does not say what a relative change is, and its levels
// are not positive.
Result<v1::GateCase> GateOf(const v1::Trend& trend, int first, double max_slowdown);

// The report of all cases.
v1::GateReport ReportOf(std::span<const v1::GateCase> cases, double max_slowdown);

}  // namespace quantfleet::analysis
