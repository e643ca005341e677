// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
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

  // Canonical JSON: equal requirements give equal text. The queue's class is its SHA-256. Order and
  // repetition within any_of and none_of do not count. Bytes that are not UTF-8 are replaced.
  std::string ToJson() const;
  // kInvalidArgument unless `json` is what ToJson writes, white space and key order aside.
  static Result<Requirement> FromJson(const std::string& json);
};

// A device as the scheduler sees it.
struct DeviceFacts {
  v1::Device device;
  std::string agent_name;
  std::map<std::string, std::string> labels;
};

// True if the device meets every condition. A property it does not have fails its condition; every
// device has the property "feature", be it empty, and only CPUs have "threads".
bool Matches(const Requirement& requirement, const DeviceFacts& facts);
// Why not, for people ("memory_gib is 23.6, at least 39 is asked for"); empty if it matches.
std::string WhyNot(const Requirement& requirement, const DeviceFacts& facts);

// True if a value meets `condition`: any_of and none_of look at `text`, bounds at `number`. A bound
// on a value without a number does not hold.
bool Holds(const Condition& condition, std::string_view text, std::optional<double> number);

// True if `pattern` covers all of `text`: * stands for any run of bytes, ? for one byte, ASCII
// letters match in both cases. Takes at most time proportional to the product of the lengths and
// constant stack, whatever the pattern.
bool MatchesGlob(std::string_view pattern, std::string_view text);

}  // namespace quantfleet::scheduler
