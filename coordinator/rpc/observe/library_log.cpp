// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/rpc/observe/library_log.hpp"

#include <google/protobuf/stubs/logging.h>
#include <grpc/support/log.h>

#include "base/logging.hpp"
#include "coordinator/access/rate_limiter.hpp"

namespace quantfleet::rpc {
namespace {

constexpr double kLinesASecond = 5, kLinesAtOnce = 50;

void Take(gpr_log_func_args* line) {
  // Never deleted: gRPC's threads may outlive main.
  static auto* const lines =
      new access::RateLimiter(kLinesASecond, kLinesAtOnce, 1, Clock::Steady());
  if (line->severity < GPR_LOG_SEVERITY_ERROR || !lines->Take("")) return;
  log::Warning("gRPC", {{"reason", line->message}});
}

}  // namespace

void RouteLibraryLogs() {
  gpr_set_log_function(&Take);
  google::protobuf::SetLogHandler(nullptr);
}

}  // namespace quantfleet::rpc
