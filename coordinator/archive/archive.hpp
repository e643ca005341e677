// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/status.hpp"
#include "coordinator/postgres/connection.hpp"

namespace quantfleet {

// Moves the matrices that ended before `days` days into files of `folder`, one after the other:
// each is written, made to last, checked, noted, and only then removed. May be cut off anywhere and
// run again, by several at once. The files of those that were moved.
Result<std::vector<std::string>> ArchiveMatrices(postgres::Connection& db,
                                                 const std::string& folder, double days);

// Puts the matrix of an archive back into the database it came from. May be run again. Its id.
Result<std::string> RestoreMatrix(postgres::Connection& db, const std::string& path);

}  // namespace quantfleet
