// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "agent/executor/engine_json.hpp"

#include <google/protobuf/util/json_util.h>

namespace quantfleet::agent {
namespace {

constexpr size_t kQuotedBytes = 120;

Status NotAnEvent(std::string_view line, std::string_view why) {
  return InvalidArgument("not an event of the protocol (" + std::string(why) +
                         "): " + std::string(line.substr(0, kQuotedBytes)));
}

}  // namespace

std::string EncodeRequest(const v1::EngineRequest& request) {
  std::string line;
  QF_CHECK(google::protobuf::util::MessageToJsonString(request, &line).ok());
  return line;
}

Result<v1::EngineEvent> DecodeEvent(std::string_view line) {
  v1::EngineEvent event;
  const auto status = google::protobuf::util::JsonStringToMessage(
      google::protobuf::StringPiece(line.data(), line.size()), &event);
  if (!status.ok()) return NotAnEvent(line, std::string(status.message()));
  if (event.event_case() == v1::EngineEvent::EVENT_NOT_SET) return NotAnEvent(line, "it is empty");
  return event;
}

}  // namespace quantfleet::agent
