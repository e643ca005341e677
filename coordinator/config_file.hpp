// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/status.hpp"

namespace quantfleet {

// A flat YAML map of key to scalar. kNotFound: no such file. kInvalidArgument: `file:line:column:
// ...` for anything that is not such a map, and for a key that is not among `known`.
Result<std::map<std::string, std::string>> ReadConfigFile(const std::string& path,
                                                          const std::vector<std::string>& known);

}  // namespace quantfleet
