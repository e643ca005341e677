// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <span>
#include <string>

#include "quantfleet/v1/trend.pb.h"

namespace quantfleet::analysis {

// One device's series of the same arm, about the night on which some series changed its level.
struct FleetSeries {
  std::string device_class;
  std::string architecture;  // "sm_89"
  std::string host;          // name of the agent
  bool stepped = false;      // a change point in the same direction within the same nights
  // Fingerprints (device.proto) of the last night before and the first night after.
  std::map<std::string, std::string> before;
  std::map<std::string, std::string> after;
};

// What the step is put down to, from where it happened and what changed there: on all devices the
// code, on all of one architecture alone the dispatch of kernels, only where a driver changed the
// driver, only on one host the host, on one device about which nothing changed the device. Keys
// gpu.now.* are states of a moment and count for nothing. What changed decides where it speaks: a
// step on all devices whose engine stayed the same is not the code's. Without a series that stepped
// the kind is unspecified.
v1::StepCause CauseOfStep(std::span<const FleetSeries> fleet);

}  // namespace quantfleet::analysis
