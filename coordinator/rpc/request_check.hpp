// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/clock.hpp"
#include "base/status.hpp"

#include "quantfleet/v1/agent_service.pb.h"

namespace quantfleet::rpc {

// kInvalidArgument, with the name of the field, unless the value is a word of 1 to 128 bytes
// without control characters.
Status CheckWord(const char* field, const std::string& value);

// kInvalidArgument if the request does not have what its comments in agent_service.proto ask for.
Status CheckHello(const v1::HelloRequest& request);
Status CheckReport(const v1::ReportRequest& request);

// How long a call hangs that asks to wait for so many seconds: at most 25 s, below the idle limits
// of common proxies; 0 for what is no number of seconds.
Duration LongPollTime(double asked_seconds);

}  // namespace quantfleet::rpc
