// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/status.hpp"
#include "coordinator/postgres/connection.hpp"

#include "quantfleet/v1/matrix_service.pb.h"

namespace quantfleet::postgres {

// A matrix with its counts, without what runs and why the rest waits. kNotFound: no such matrix.
Result<v1::Matrix> SelectMatrix(Transaction& tx, const std::string& matrix_id);

}  // namespace quantfleet::postgres
