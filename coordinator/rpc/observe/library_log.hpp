// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace quantfleet::rpc {

// Gives what gRPC and protobuf would write to stderr, whenever a stranger sends nonsense, the form
// of our log lines and a limit: 50 at once, then 5 a second. Protobuf's are dropped: the caller
// gets an error, which is logged. For the whole process; before any server.
void RouteLibraryLogs();

}  // namespace quantfleet::rpc
