// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "cli/verbs/verbs.hpp"

// The verbs of nightly runs; exit codes as in verbs.hpp.
namespace quantfleet::cli {

struct TrendOptions {
  std::string file;  // see trend_file.hpp
};
// Exit code 1 if a change point is to slower.
int ShowTrend(const Common& common, const TrendOptions& options);

}  // namespace quantfleet::cli
