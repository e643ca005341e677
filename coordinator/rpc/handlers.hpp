// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/status.hpp"
#include "coordinator/matrix/matrix.hpp"
#include "coordinator/postgres/connection.hpp"
#include "coordinator/rpc/access/gate.hpp"
#include "coordinator/rpc/request_check.hpp"

#include "quantfleet/v1/matrix_service.pb.h"

namespace quantfleet::rpc {

// Parses, expands on the present fleet and stores. kInvalidArgument: the first diagnostic.
// kFailedPrecondition: no connected device to expand `each` on. kAlreadyExists: the request id was
// used for another document. kResourceExhausted: the caller's quota.
Result<v1::SubmitMatrixResponse> Submit(postgres::Connection& db,
                                        const v1::SubmitMatrixRequest& request,
                                        const matrix::Limits& limits, const Caller& caller,
                                        const AccessLimits& access_limits);

}  // namespace quantfleet::rpc
