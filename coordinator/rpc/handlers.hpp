// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/clock.hpp"
#include "base/status.hpp"
#include "coordinator/matrix/matrix.hpp"
#include "coordinator/postgres/connection.hpp"
#include "coordinator/rpc/access/gate.hpp"

#include "quantfleet/v1/agent_service.pb.h"
#include "quantfleet/v1/matrix_service.pb.h"

namespace quantfleet::rpc {

// kInvalidArgument if the request does not have what its comments in agent_service.proto ask for.
Status CheckHello(const v1::HelloRequest& request);
Status CheckReport(const v1::ReportRequest& request);

// How long a call hangs that asks to wait for so many seconds: at most 25 s, below the idle limits
// of common proxies; 0 for what is no number of seconds.
Duration LongPollTime(double asked_seconds);

// Parses, expands on the present fleet and stores. kInvalidArgument: the first diagnostic.
// kFailedPrecondition: no connected device to expand `each` on. kAlreadyExists: the request id was
// used for another document. kResourceExhausted: the caller's quota.
Result<v1::SubmitMatrixResponse> Submit(postgres::Connection& db,
                                        const v1::SubmitMatrixRequest& request,
                                        const matrix::Limits& limits, const Caller& caller,
                                        const AccessLimits& access_limits);

}  // namespace quantfleet::rpc
