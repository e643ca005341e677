// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "quantfleet/v1/trend.pb.h"

namespace quantfleet::cli {

// The report as a JUnit file, as Jenkins and GitLab read it: one test suite, a test case a series,
// a failure for each that fails and "skipped" for each that has too few nights.
std::string JunitOf(const v1::GateReport& report);

}  // namespace quantfleet::cli
