// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <utility>

#include "base/status.hpp"
#include "coordinator/postgres/connection.hpp"

#include "quantfleet/v1/measurement.pb.h"

namespace quantfleet::postgres {

// Measurements by key of the block and arm index.
using MeasurementsByArm = std::map<std::pair<int64_t, int64_t>, v1::Measurement*>;

// Adds the stored rounds to measurements that have none yet, in the order in which they were
// reported; those stored by a program of an earlier version by number.
Status AddRounds(Transaction& tx, const MeasurementsByArm& measurements);

}  // namespace quantfleet::postgres
