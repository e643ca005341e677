// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace quantfleet {

// Version of the build, as `--version` prints it: "0.1.0".
std::string_view Version();

}  // namespace quantfleet
