// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "quantfleet/v1/agent_service.pb.h"

namespace quantfleet::bench {

// A block of one arm, the baseline, for any device: the smallest that can have a result.
v1::Block SmallestBlock();

// A complete, valid, made-up result of the granted block: `rounds` rounds of one sample an arm.
v1::BlockResult ResultOf(const v1::Grant& grant, const std::string& run_id, int rounds);

// A Hello of the agent, on a host of its own, with a device of class "cpu/simulated-KIND/2t".
v1::HelloRequest HelloOf(const std::string& agent_name, int kind, const std::string& request_id);

}  // namespace quantfleet::bench
