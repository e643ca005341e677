// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.hpp"
#include "kernels/engine/backend.hpp"

namespace quantfleet::device_checks {

// Where a check runs. `seed` makes its inputs; a failure is repeated with the same one.
struct Subject {
  engine::OpenedDevice* opened = nullptr;
  uint32_t seed = 0;
};

// A check is ok, or says what was wrong. kUnimplemented: the device cannot do it; the check counts
// as skipped, with the reason.
struct Check {
  std::string name;
  std::function<Status(const Subject&)> run;
};

// All checks, in the order of trust: memory, clocks, decode, kernels, calibration. The same list
// serves GoogleTest (device_test.cpp) and the program that needs nothing (device_check.cpp).
std::vector<Check> AllChecks();

// Parts of the list.
std::vector<Check> PortChecks();       // the device port: memory, time, ceilings
std::vector<Check> DecodeChecks();     // decode kernels against the host's decode, bit for bit
std::vector<Check> LinearChecks();     // every kernel against the fp64 reference
std::vector<Check> AttentionChecks();  // the same for the kernels of attention

// The operation of one workload; the device has it.
engine::Operation& OperationOf(const Subject& subject, std::string_view workload);

// "kInternal: what" built from parts, for a check that failed.
Status Failed(std::string what);

}  // namespace quantfleet::device_checks
