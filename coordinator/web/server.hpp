// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/status.hpp"
#include "coordinator/web/queries.hpp"

namespace quantfleet::web {

// Where the server listens. Always a loopback address: it asks nobody who they are.
struct Endpoint {
  std::string host;   // numeric: "127.0.0.1" or "::1"
  uint16_t port = 0;  // 0 takes a free one
};

// "127.0.0.1:7080", "localhost:7080" or "[::1]:7080". kInvalidArgument for anything else, other
// addresses included.
Result<Endpoint> ParseEndpoint(std::string_view text);

using MetricsText = std::function<std::string()>;

// The dashboard over HTTP/1.1: read-only, on loopback. Paths (GET and HEAD only):
//   /                                   the page
//   /healthz                            {"status":"serving"}
//   /metrics                            what `metrics` gives, for Prometheus
//   /api/v1/matrices                    ListMatricesResponse; ?page_size=, ?page_token=
//   /api/v1/matrices/ID                 GetMatrixResponse
//   /api/v1/matrices/ID/comparison      CompareMatrixResponse
//   /api/v1/fleet                       ListSessionsResponse; ?include_ended=true
// Bodies are the protobuf JSON mapping of those messages. An error is {"error": {"code":
// "NOT_FOUND", "message": "..."}} with the matching HTTP status. A request whose Host is not a
// loopback name is refused with 421: a page of another site that rebinds its name to 127.0.0.1
// reads nothing. Four threads answer; requests past a short queue wait in the kernel's.
class WebServer {
 public:
  // Listens and serves until Stop or destruction. kUnavailable if the port is taken. `queries`
  // outlives the server.
  // `metrics` is called from several threads; empty: there is no /metrics.
  static Result<std::unique_ptr<WebServer>> Start(const Endpoint& endpoint, WebQueries* queries,
                                                  MetricsText metrics = {});
  ~WebServer();
  WebServer(const WebServer&) = delete;
  WebServer& operator=(const WebServer&) = delete;

  // Port it listens on.
  uint16_t port() const;
  // "127.0.0.1:7080", as a browser takes it after "http://".
  std::string Address() const;
  // Ends after the requests being answered. Idempotent; blocks until done.
  void Stop();

 private:
  class Impl;
  explicit WebServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace quantfleet::web
