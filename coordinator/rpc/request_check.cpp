// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/rpc/request_check.hpp"

#include <algorithm>

namespace quantfleet::rpc {
namespace {

constexpr int kMaxReports = 128;
constexpr size_t kMaxName = 128;
constexpr size_t kMaxHelloBytes = size_t{256} * 1024;

}  // namespace

Status CheckWord(const char* field, const std::string& value) {
  if (value.empty()) return InvalidArgument(std::string(field) + " is empty");
  if (value.size() > kMaxName) {
    return InvalidArgument(std::string(field) + " is longer than " + std::to_string(kMaxName) +
                           " bytes");
  }
  const bool has_control = std::any_of(value.begin(), value.end(),
                                       [](char c) { return static_cast<unsigned char>(c) < 0x20; });
  if (has_control) return InvalidArgument(std::string(field) + " has a control character");
  return OkStatus();
}

Duration LongPollTime(double asked_seconds) {
  constexpr double kMostSeconds = 25;
  if (!(asked_seconds > 0)) return {};  // true of NaN
  return FromSeconds(std::min(asked_seconds, kMostSeconds));
}

Status CheckHello(const v1::HelloRequest& request) {
  if (request.ByteSizeLong() > kMaxHelloBytes) {
    return InvalidArgument("the description of the device is larger than " +
                           std::to_string(kMaxHelloBytes) + " bytes");
  }
  QF_RETURN_IF_ERROR(CheckWord("agent_name", request.agent_name()));
  QF_RETURN_IF_ERROR(CheckWord("host_id", request.host_id()));
  QF_RETURN_IF_ERROR(CheckWord("request_id", request.request_id()));
  QF_RETURN_IF_ERROR(CheckWord("device.device.uid", request.device().device().uid()));
  return CheckWord("device.device.device_class", request.device().device().device_class());
}

Status CheckReport(const v1::ReportRequest& request) {
  if (request.results_size() > kMaxReports || request.failures_size() > kMaxReports) {
    return InvalidArgument("at most " + std::to_string(kMaxReports) +
                           " results and failures a call");
  }
  return OkStatus();
}

}  // namespace quantfleet::rpc
