// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "quantfleet/v1/trend.pb.h"

namespace quantfleet::analysis {

// A judged series with what its steps are put down to by.
struct SeriesHistory {
  struct Night {
    std::string host;
    std::map<std::string, std::string> fingerprint;
  };
  v1::Trend trend;  // points have times
  std::string baseline_arm_id;
  std::string architecture;
  std::vector<Night> nights;  // as many as the trend has points
};

// Fills in the cause of every change point (step_cause.hpp): it is held against the series of the
// same arm and baseline on the other device classes that were measured then. Steps in one direction
// within two days of each other are one. A series alone gets a cause only if something about it
// changed.
void ClassifySteps(std::vector<SeriesHistory>* fleet);

}  // namespace quantfleet::analysis
