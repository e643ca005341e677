// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/status.hpp"
#include "coordinator/postgres/connection.hpp"

#include "quantfleet/v1/arm.pb.h"
#include "quantfleet/v1/comparison.pb.h"
#include "quantfleet/v1/measurement.pb.h"

namespace quantfleet::postgres {

using RatiosByArm = std::map<uint32_t, v1::Ratio>;

// SHA-256 of the deterministic serialisation: maps in the order of their keys.
std::string DigestOf(const v1::BlockResult& result);

// An accepted result on its way into the tables.
struct ResultRow {
  int64_t block_key = 0;
  const v1::Block* block = nullptr;
  const v1::BlockResult* result = nullptr;
  const std::string* digest = nullptr;
  const RatiosByArm* ratios = nullptr;
  // That ran it: the ceilings behind a number are those of the session that measured it, which may
  // not be the one that hands it in.
  std::string session_id;
};

// The rows of accepted results: block_result, measurement, arm_samples, ratio.
Status InsertResults(Transaction& tx, const std::vector<ResultRow>& rows);

// Keeps a result that does not count. Storing it again changes nothing.
Status InsertLate(Transaction& tx, int64_t block_key, const std::string& session_id,
                  const v1::BlockResult& result, const std::string& digest, const std::string& why);

}  // namespace quantfleet::postgres
