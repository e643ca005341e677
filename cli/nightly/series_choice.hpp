// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/status.hpp"
#include "cli/nightly/nightly.hpp"

#include "quantfleet/v1/trend.pb.h"

namespace quantfleet::cli {

// Where a choice begins: seconds since 1970 or, of a file without times, so many of its nights.
struct Since {
  std::optional<int64_t> time;
  std::optional<int> nights;
};
// kInvalidArgument: neither a time nor "14d". `now` in seconds since 1970.
Result<Since> ReadSince(const std::string& text, int64_t now);

// The judged series that are chosen, all nights of them. kNotFound: none is.
Result<std::vector<v1::Trend>> ChosenTrends(const Common& common, const SeriesChoice& choice);

// Place of the last night before `since`; 0 without one.
int FirstPlace(const v1::Trend& trend, const Since& since);

}  // namespace quantfleet::cli
