// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/status.hpp"
#include "coordinator/analysis/dispatch/policy.hpp"

#include "quantfleet/v1/dispatch.pb.h"

namespace quantfleet::cli {

// The rule of this name, or all for "all". kNotFound, with their names, if there is none.
Result<std::vector<const analysis::DispatchPolicy*>> PoliciesNamed(const std::string& name);

// One line a choice, by rule and device class, then what each rule costs over all points.
std::string PolicyTable(const v1::PolicyReport& report);
// One line a choice; seconds.
std::string PolicyCsv(const v1::PolicyReport& report);

}  // namespace quantfleet::cli
