// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "cli/output.hpp"

#include "quantfleet/v1/device.pb.h"

namespace quantfleet::cli {

// All weight formats: name, title, bits a weight (of a 4096 x 4096 matrix, scales included), block,
// scales, error and source, and which kernels of which workloads run on `devices`, or why not. The
// table names the supported kernels of each device, and the reason where a workload has none; JSON
// and CSV have every kernel with its reason.
std::string FormatList(const std::vector<v1::DeviceDescription>& devices, Output output);

}  // namespace quantfleet::cli
