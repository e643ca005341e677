// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "base/status.hpp"
#include "kernels/engine/messages.hpp"

namespace quantfleet::engine {

struct DescribeRequest {
  bool fingerprint_only = false;
};
struct CalibrateRequest {
  double max_seconds = 0;
};
struct RunRequest {
  Block block;
};
struct CancelRequest {};
using EngineRequest = std::variant<DescribeRequest, CalibrateRequest, RunRequest, CancelRequest>;
using EngineEvent = std::variant<Description, Ceilings, Progress, Measurement, EngineError, Done>;

// Reads one line: the protobuf JSON mapping of EngineRequest with lowerCamelCase names. Integers
// may be numbers or decimal strings, enums names or numbers, null is the default. kInvalidArgument
// with the place for everything else: no JSON, an unknown field, a wrong type or range, not exactly
// one request.
Result<EngineRequest> ParseRequest(std::string_view line);

// Writes one line without its end: default values are omitted, 64-bit integers are strings, enums
// names, infinities and NaN the strings of the mapping. Bytes that are no UTF-8 are replaced.
std::string WriteEvent(const EngineEvent& event);

}  // namespace quantfleet::engine
