// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/status.hpp"

#include "quantfleet/v1/device.pb.h"

namespace quantfleet::scheduler {

// A condition on one property of a device. Unset members do not constrain; all set ones must hold.
struct Condition {
  std::vector<std::string>
      any_of;  // equal to one of these; an entry with * or ? is a glob, case-insensitive
  std::vector<std::string> none_of;  // equal to none of these (globs as well)
  std::optional<double> less_than, at_most, greater_than, at_least;  // numbers
};

// What a block needs of a device: property to condition. Properties: "device" (name),
// "device_class", "kind" ("cpu", "cuda"), "architecture", "memory_gib", "threads", "feature" (any
// of its features), "agent", and "labels.KEY".
struct Requirement {
  std::map<std::string, Condition> conditions;

  // Canonical JSON: equal requirements give equal text. The queue's class is its SHA-256.
  std::string ToJson() const;
  static Result<Requirement> FromJson(const std::string& json);
};

// A device as the scheduler sees it.
struct DeviceFacts {
  v1::Device device;
  std::string agent_name;
  std::map<std::string, std::string> labels;
};

// True if the device meets every condition. A property it does not have fails its condition.
bool Matches(const Requirement& requirement, const DeviceFacts& facts);
// Why not, for people ("memory_gib is 23.6, at least 39 is asked for"); empty if it matches.
std::string WhyNot(const Requirement& requirement, const DeviceFacts& facts);

}  // namespace quantfleet::scheduler
