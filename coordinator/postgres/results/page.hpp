// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <limits>
#include <string>

#include "base/status.hpp"
#include "coordinator/postgres/connection.hpp"

#include "quantfleet/v1/result_service.pb.h"

namespace quantfleet::postgres {

// Which results of a matrix a page has.
struct PageBounds {
  int64_t after = -1;  // behind the block of this ordinal
  int64_t blocks = 1;  // at most
  // Of all blocks together at most, but one block at least.
  int64_t arms = std::numeric_limits<int64_t>::max();
  // It must be all that there is.
  bool whole = false;
};

// Results of a page in the order of their blocks, by target and device class within it, and with
// them the ledgers. Crossovers only if the page is all there is.
struct Page {
  v1::Comparison comparison;
  std::string next;  // token of the next one; empty: there is none
};

// Reads by index only. kNotFound: no such matrix. kFailedPrecondition: not the whole of it.
Result<Page> LoadPage(Transaction& tx, const std::string& matrix_id, const PageBounds& bounds);

// PageBounds::after of a token. kInvalidArgument: it is none of ours.
Result<int64_t> AfterOf(const std::string& token);

}  // namespace quantfleet::postgres
