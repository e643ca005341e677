// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/status.hpp"
#include "coordinator/web/queries.hpp"

namespace quantfleet::web {

// A request as the API sees it: percent-decoded path and query.
struct ApiRequest {
  std::string path;
  std::map<std::string, std::string> query;
};

// HTTP status code and a JSON body.
struct ApiResponse {
  int status = 200;
  std::string body;
};

// Answers paths below /api/ and /healthz; see WebServer. Never throws.
ApiResponse Answer(const ApiRequest& request, WebQueries& queries);

// The error body, with the HTTP status that goes with the code. `status` is not ok.
ApiResponse ErrorResponse(const Status& status);
// The same with a given HTTP status.
ApiResponse ErrorResponse(int http_status, std::string_view code, std::string_view message);

// True if `host`, the value of a Host header, names this machine's loopback: localhost, 127.0.0.0/8
// or [::1], with or without a port.
bool IsLoopbackHost(std::string_view host);

}  // namespace quantfleet::web
