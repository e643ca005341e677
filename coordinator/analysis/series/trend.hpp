// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "quantfleet/v1/trend.pb.h"

namespace quantfleet::analysis {

// Fills in what is to be said of the points of `trend`: marks those whose anchor is out of band
// (anchor.hpp), then finds the change points of the rest (change_point.hpp), judged against
// minimum_detectable_effect. Values must be finite; points that are excluded already stay so.
void JudgeTrend(v1::Trend* trend);

}  // namespace quantfleet::analysis
