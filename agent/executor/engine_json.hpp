// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/status.hpp"

#include "quantfleet/v1/engine.pb.h"

namespace quantfleet::agent {

// The protobuf JSON mapping in one line (https://protobuf.dev/programming-guides/json/).
std::string EncodeRequest(const v1::EngineRequest& request);
// kInvalidArgument with the start of the line if it is not exactly one known event.
Result<v1::EngineEvent> DecodeEvent(std::string_view line);

}  // namespace quantfleet::agent
