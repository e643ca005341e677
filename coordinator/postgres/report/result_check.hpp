// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "quantfleet/v1/arm.pb.h"
#include "quantfleet/v1/measurement.pb.h"

namespace quantfleet::postgres {

// Empty if `result` may be stored as one of `block`; otherwise what is wrong, for people. Reports
// come from machines that are not ours: every arm is there once and in order, every time is a
// positive number, every text, list and integer is within bounds. Only the output error of an arm
// that was not measured may be infinite or not a number.
std::string WhyRejected(const v1::Block& block, const v1::BlockResult& result);

}  // namespace quantfleet::postgres
