// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/archive/archive.hpp"

#include <optional>
#include <utility>

#include <nlohmann/json.hpp>

#include "coordinator/archive/archive_file.hpp"
#include "coordinator/postgres/archive/archive_rows.hpp"

namespace quantfleet {
namespace {

constexpr size_t kBytesAStatement = size_t{4} << 20;

// Writes the file and notes it. Nothing: another archiver was faster.
Result<std::optional<postgres::ArchiveFile>> WriteFile(postgres::Connection& db,
                                                       const std::string& folder,
                                                       const std::string& matrix_id) {
  QF_ASSIGN_OR_RETURN(const auto writer, ArchiveWriter::Create(folder, matrix_id));
  QF_RETURN_IF_ERROR(postgres::ReadMatrixRows(db, matrix_id, [&](const postgres::ArchiveRow& row) {
    return writer->Add(row.table, row.json);
  }));
  postgres::ArchiveFile file{writer->name(), ""};
  QF_ASSIGN_OR_RETURN(file.sha256, writer->Finish());
  QF_ASSIGN_OR_RETURN(const bool noted, postgres::NoteArchived(db, matrix_id, file));
  if (noted) return std::optional(std::move(file));
  DiscardArchive(folder, file.name);
  return std::optional<postgres::ArchiveFile>();
}

}  // namespace

Result<std::vector<std::string>> ArchiveMatrices(postgres::Connection& db,
                                                 const std::string& folder, double days) {
  std::vector<std::string> paths;
  while (true) {
    QF_ASSIGN_OR_RETURN(const auto candidate, postgres::BeginArchive(db, days));
    if (!candidate) return paths;
    auto file = candidate->file;
    if (!file) {
      QF_ASSIGN_OR_RETURN(file, WriteFile(db, folder, candidate->matrix_id));
    }
    if (!file) continue;
    // Also of one that was cut off here before: the note comes first, the place after it.
    QF_RETURN_IF_ERROR(PublishArchive(folder, file->name, file->sha256));
    QF_RETURN_IF_ERROR(postgres::RemoveMatrix(db, candidate->matrix_id, {}));
    paths.push_back(folder + "/" + file->name);
  }
}

Result<std::string> RestoreMatrix(postgres::Connection& db, const std::string& path) {
  std::string matrix_id, table;
  std::vector<std::string> rows;
  size_t bytes = 0;
  const auto store = [&]() -> Status {
    if (rows.empty()) return OkStatus();
    QF_RETURN_IF_ERROR(postgres::RestoreRows(db, table, rows));
    rows.clear();
    bytes = 0;
    return OkStatus();
  };
  QF_RETURN_IF_ERROR(
      ReadArchiveFile(path, [&](const std::string& next, const std::string& json) -> Status {
        if (next != table || bytes > kBytesAStatement) QF_RETURN_IF_ERROR(store());
        table = next;
        bytes += json.size();
        rows.push_back(json);
        if (table == "matrix") {
          const auto row = nlohmann::json::parse(json, nullptr, false);
          if (row.is_object()) matrix_id = row.value("matrix_id", "");
        }
        return OkStatus();
      }));
  QF_RETURN_IF_ERROR(store());
  if (matrix_id.empty()) return FailedPrecondition(path + " holds no matrix");
  QF_RETURN_IF_ERROR(postgres::EndRestore(db, matrix_id, {}));
  return matrix_id;
}

}  // namespace quantfleet
