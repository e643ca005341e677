// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "coordinator/analysis/dispatch/policy.hpp"

#include "quantfleet/v1/comparison.pb.h"
#include "quantfleet/v1/dispatch.pb.h"

namespace quantfleet::analysis {

// What each rule would pick at every linear block and format of a comparison that it has kernels
// for, and what the pick costs against the fastest kernel of the same format in the same block.
v1::PolicyReport ApplyPolicies(const v1::Comparison& comparison,
                               const std::vector<const DispatchPolicy*>& policies);

}  // namespace quantfleet::analysis
