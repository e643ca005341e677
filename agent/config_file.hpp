// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/status.hpp"

namespace quantfleet::agent {

// A setting and where it stands.
struct ConfigEntry {
  std::string key;
  // One for a scalar, each of a list, "key=value" for each of a map.
  std::vector<std::string> values;
  // "file:line:column", from 1.
  std::string place;
};

// Reads a YAML map of settings, in the order of the file. kNotFound: it cannot be read.
// kInvalidArgument with the place: it is no such map, holds a key twice or one not among `known`.
Result<std::vector<ConfigEntry>> ReadConfigFile(const std::string& path,
                                                const std::vector<std::string>& known);

}  // namespace quantfleet::agent
