// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "quantfleet/v1/agent_service.pb.h"
#include "quantfleet/v1/arm.pb.h"

namespace quantfleet::fuzz {

// A block that agents hold: a baseline, its null and a candidate.
v1::Block HeldBlock();

// What a coordinator does with a message of an agent before the database sees it. Empty, or which
// promise it breaks, for people.
std::string FindBrokenPromise(const v1::ReportRequest& request);
std::string FindBrokenPromise(const v1::HelloRequest& request);
std::string FindBrokenPromise(const v1::SyncRequest& request);
// The same of any bytes: the first says of which kind the message is ('R', 'H' or 'S'; others are
// ignored), the rest is the message as it comes over the wire.
std::string FindBrokenPromise(std::string_view bytes);

}  // namespace quantfleet::fuzz
