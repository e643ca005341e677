// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "quantfleet/v1/trend.pb.h"

namespace quantfleet::cli {

// A judged trend for people: a line of bars, one a night, "x" for one that takes no part and a
// space for one without a value, with "^" below the nights a level changed; then a line for each
// change. Of more than 100 nights the newest 100 have a bar.
std::string TrendText(const v1::Trend& trend);

// Several: a line each, with the newest nights as bars, then the changes.
std::string TrendTable(const std::vector<v1::Trend>& trends);

// A line for each night of each: series, device class, arm, index, time, value, seconds, anchor,
// excluded, level, change ("slower", "faster" or nothing).
std::string TrendCsv(const std::vector<v1::Trend>& trends);

}  // namespace quantfleet::cli
