// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/status.hpp"

#include "quantfleet/v1/trend.pb.h"

namespace quantfleet::cli {

// The points of a series in a JSON file, not judged yet. Keys:
//   values   one a night, oldest first: finite numbers, or null where nothing was measured; greater
//            is slower
//   unit     "log_ratio", "ratio" or "seconds"; without it changes are shown in the values' unit
//   minimum_detectable_effect  no smaller step counts; in the values' unit, at least 0
//   anchors  as many as values: positive numbers, or null (analysis/series/anchor.hpp)
// kInvalidArgument, in one line that says where, for anything else.
Result<v1::Trend> ReadTrend(const std::string& text);

}  // namespace quantfleet::cli
