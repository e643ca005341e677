// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "agent/spool/spool.hpp"
#include "base/status.hpp"

#include "quantfleet/v1/agent_service.pb.h"
#include "quantfleet/v1/measurement.pb.h"

namespace quantfleet::agent {

// Whose fault it is that a block could not be run at all, from how DeviceExecutor::Measure, or
// reading its result, ended: the agent's if there is no engine or device to run any block with.
v1::FailureCause CauseOf(const Status& failure);

// What is spooled of a run that was given up.
v1::ReportRequest FailureEntry(const SpoolKey& key, const std::string& reason,
                               v1::FailureCause cause);
// What is spooled of a run.
v1::ReportRequest EntryOf(const SpoolKey& key, Result<v1::BlockResult> result);

// What a later attempt of the same call may mend; everything else needs a person.
bool IsTransient(StatusCode code);

}  // namespace quantfleet::agent
