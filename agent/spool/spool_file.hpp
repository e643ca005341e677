// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/status.hpp"

#include "quantfleet/v1/agent_service.pb.h"

namespace quantfleet::agent {

// Content of a spool file: the line "quantfleet-spool 1 SHA256" and then the serialized message,
// whose lower-case hex SHA-256 the line holds.
std::string EncodeSpoolFile(const v1::ReportRequest& entry);
// kDataLoss with the reason if the content is not whole.
Result<v1::ReportRequest> DecodeSpoolFile(std::string_view content);

}  // namespace quantfleet::agent
