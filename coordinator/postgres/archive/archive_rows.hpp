// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/status.hpp"
#include "coordinator/access/role.hpp"
#include "coordinator/postgres/connection.hpp"

namespace quantfleet::postgres {

// A row of any table as JSON, by the names of its columns; bytea as "\x..." in hexadecimal.
struct ArchiveRow {
  std::string table;
  std::string json;
};
using ArchiveSink = std::function<Status(const ArchiveRow&)>;

// A file that holds all of a matrix: its name within its folder, and its content.
struct ArchiveFile {
  std::string name;
  std::string sha256;  // lower-case hex
};

struct ArchiveCandidate {
  std::string matrix_id;
  // If there is one, only rows are left to remove.
  std::optional<ArchiveFile> file;
};

// The matrix that ended first of those that ended before `days` days; nothing if there is none.
// From then on it cannot be retried.
Result<std::optional<ArchiveCandidate>> BeginArchive(Connection& db, double days);

// Everything there is of a matrix, a page of blocks at a time, with the rows of other tables that
// it refers to.
Status ReadMatrixRows(Connection& db, const std::string& matrix_id, const ArchiveSink& sink);

// Notes that a file holds all of the matrix. False: another archiver was faster, and may have
// removed rows while this one read them; the file is of no use.
Result<bool> NoteArchived(Connection& db, const std::string& matrix_id, const ArchiveFile& file);

// Removes the matrix, some blocks a transaction, and what is only of it. What other matrices refer
// to as well (classes, sessions, agents) stays, and so do late results that came since a minute
// before the archive.
// May be run again after it was cut off.
Status RemoveMatrix(Connection& db, const std::string& matrix_id, const access::Actor& actor);

// Puts rows of one table back, those that are not there. kFailedPrecondition: they belong to
// another database. kInvalidArgument: no such table, or not its row.
Status RestoreRows(Connection& db, const std::string& table, const std::vector<std::string>& json);

// Ends a restore: the matrix may be retried again, and archived.
Status EndRestore(Connection& db, const std::string& matrix_id, const access::Actor& actor);

}  // namespace quantfleet::postgres
