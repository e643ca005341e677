// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "base/status.hpp"
#include "coordinator/postgres/connection.hpp"

#include "quantfleet/v1/arm.pb.h"
#include "quantfleet/v1/comparison.pb.h"
#include "quantfleet/v1/measurement.pb.h"

namespace quantfleet::postgres {

using RatiosByArm = std::map<uint32_t, v1::Ratio>;

// SHA-256 of the deterministic serialisation: maps in the order of their keys.
std::string DigestOf(const v1::BlockResult& result);

// The rows of an accepted result: block_result, measurement, sample, ratio. `session_id` is used
// only if no attempt tells who ran it.
Status InsertResult(Transaction& tx, int64_t block_key, const v1::Block& block,
                    const std::string& session_id, const v1::BlockResult& result,
                    const std::string& digest, const RatiosByArm& ratios);

// Keeps a result that does not count. Storing it again changes nothing.
Status InsertLate(Transaction& tx, int64_t block_key, const std::string& session_id,
                  const v1::BlockResult& result, const std::string& digest, const std::string& why);

}  // namespace quantfleet::postgres
