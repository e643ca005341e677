// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/engine/line_check.hpp"

#include <google/protobuf/util/json_util.h>

#include "agent/executor/engine_json.hpp"
#include "kernels/engine/protocol/json_codec.hpp"

namespace quantfleet::fuzz {
namespace {

constexpr size_t kMostReasonBytes = 2000;

std::string CheckRefusal(const Status& status) {
  if (status.code() != StatusCode::kInvalidArgument) return "refused as " + status.ToString();
  return status.message().empty() ? "refused without a reason" : "";
}

// What the agent understood it would understand again.
std::string CheckEvent(const v1::EngineEvent& event) {
  std::string line;
  if (!google::protobuf::util::MessageToJsonString(event, &line).ok()) {
    return "an event that cannot be written";
  }
  const auto again = agent::DecodeEvent(line);
  if (!again.ok()) return "an event that does not come back: " + again.status().ToString();
  return again->DebugString() == event.DebugString() ? "" : "an event that changes on the way";
}

std::string CheckAgent(std::string_view line) {
  const auto event = agent::DecodeEvent(line);
  if (event.ok()) return CheckEvent(*event);
  if (event.status().message().size() > kMostReasonBytes) return "a reason without an end";
  return CheckRefusal(event.status());
}

// Both sides read the one mapping: the engine takes nothing that protobuf would not.
std::string CheckEngine(std::string_view line) {
  const auto request = engine::ParseRequest(line);
  if (!request.ok()) return CheckRefusal(request.status());
  v1::EngineRequest message;
  const auto status = google::protobuf::util::JsonStringToMessage(
      google::protobuf::StringPiece(line.data(), line.size()), &message);
  if (!status.ok()) return "the engine takes what is no message: " + std::string(status.message());
  return message.request_case() == v1::EngineRequest::REQUEST_NOT_SET ? "no request at all" : "";
}

}  // namespace

std::string FindBrokenPromise(std::string_view line) {
  const std::string broken = CheckAgent(line);
  return broken.empty() ? CheckEngine(line) : broken;
}

}  // namespace quantfleet::fuzz
