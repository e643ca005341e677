// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/postgres/archive/archive_rows.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "coordinator/postgres/access/audit.hpp"

namespace quantfleet::postgres {
namespace {

constexpr int kBlocksAPage = 100;
constexpr int kBlocksARemoval = 500;

// Tables of a block, in the order in which they are put back.
constexpr std::array<std::string_view, 8> kOfBlocks = {"block",       "attempt",    "block_result",
                                                       "measurement", "ratio",      "arm_samples",
                                                       "sample",      "late_result"};

// Rows beside the blocks, in the order in which they are put back: table, and which of its rows a
// matrix $1 has or refers to.
struct Head {
  std::string_view table;
  std::string_view which;
};
constexpr std::array<Head, 11> kHeads = {{
    {"requirement_class", R"(class_id IN (
       SELECT class_id FROM block WHERE matrix_id = $1
       UNION SELECT class_id FROM joining WHERE matrix_id = $1))"},
    {"agent", R"(agent_name IN (
       SELECT s.agent_name FROM session s JOIN attempt a USING (session_id) JOIN block b USING (block_id)
       WHERE b.matrix_id = $1))"},
    {"session", R"(session_id IN (
       SELECT a.session_id FROM attempt a JOIN block b USING (block_id) WHERE b.matrix_id = $1))"},
    {"matrix", "matrix_id = $1"},
    {"expansion", "matrix_id = $1"},
    {"joining", "matrix_id = $1"},
    {"joined", "matrix_id = $1"},
    {"search", "matrix_id = $1"},
    {"search_block", "matrix_id = $1"},
    {"search_line", "matrix_id = $1"},
    {"crossover", "matrix_id = $1"},
}};

bool IsArchived(const std::string& table) {
  return std::find(kOfBlocks.begin(), kOfBlocks.end(), table) != kOfBlocks.end() ||
         std::any_of(kHeads.begin(), kHeads.end(), [&](const Head& h) { return h.table == table; });
}

Status Select(Transaction& tx, std::string_view table, std::string_view which,
              const Parameters& parameters, std::vector<ArchiveRow>* rows) {
  QF_ASSIGN_OR_RETURN(const auto found,
                      tx.Query("SELECT row_to_json(t)::text FROM " + std::string(table) +
                                   " AS t WHERE " + std::string(which),
                               parameters));
  for (const auto& row : found) rows->push_back({std::string(table), row[0].as<std::string>()});
  return OkStatus();
}

// The next blocks behind `ordinal`, which moves.
Result<std::vector<ArchiveRow>> ReadPage(Connection& db, const std::string& matrix_id,
                                         int64_t* ordinal) {
  std::vector<ArchiveRow> rows;
  QF_RETURN_IF_ERROR(db.Run([&](Transaction& tx) -> Status {
    rows.clear();
    QF_RETURN_IF_ERROR(tx.UseOneSnapshot());
    QF_ASSIGN_OR_RETURN(const auto page, tx.Query(R"(
      SELECT block_id, ordinal FROM block WHERE matrix_id = $1 AND ordinal > $2 ORDER BY ordinal LIMIT $3)",
                                                  {matrix_id, *ordinal, kBlocksAPage}));
    std::vector<int64_t> ids;
    for (const auto& row : page) ids.push_back(row[0].as<int64_t>());
    if (ids.empty()) return OkStatus();
    for (const std::string_view table : kOfBlocks) {
      QF_RETURN_IF_ERROR(
          Select(tx, table, "block_id = ANY($1::bigint[])", {Parameter::Array(ids)}, &rows));
    }
    *ordinal = page[page.size() - 1][1].as<int64_t>();
    return OkStatus();
  }));
  return rows;
}

Status Pass(const std::vector<ArchiveRow>& rows, const ArchiveSink& sink) {
  for (const ArchiveRow& row : rows) QF_RETURN_IF_ERROR(sink(row));
  return OkStatus();
}

}  // namespace

Result<std::optional<ArchiveCandidate>> BeginArchive(Connection& db, double days) {
  std::optional<ArchiveCandidate> candidate;
  QF_RETURN_IF_ERROR(db.Run([&](Transaction& tx) -> Status {
    candidate.reset();
    // A matrix that was begun comes first. Those of which pending blocks are still to be marked
    // wait.
    QF_ASSIGN_OR_RETURN(const auto rows, tx.Query(R"(
      UPDATE matrix SET archive_time = coalesce(archive_time, clock_timestamp()) WHERE matrix_id = (
        SELECT matrix_id FROM matrix m
        WHERE state <> 'running' AND end_time < clock_timestamp() - make_interval(secs => $1 * 86400.0)
          AND NOT EXISTS (SELECT 1 FROM feed WHERE feed.matrix_id = m.matrix_id)
        ORDER BY archive_time, end_time, matrix_id LIMIT 1 FOR UPDATE SKIP LOCKED)
      RETURNING matrix_id, archive_file, archive_sha256)",
                                                  {days}));
    if (rows.empty()) return OkStatus();
    candidate = ArchiveCandidate{rows[0][0].as<std::string>(), std::nullopt};
    const ArchiveFile file{rows[0][1].as<std::string>(), rows[0][2].as<std::string>()};
    if (!file.name.empty()) candidate->file = file;
    return OkStatus();
  }));
  return candidate;
}

Status ReadMatrixRows(Connection& db, const std::string& matrix_id, const ArchiveSink& sink) {
  std::vector<ArchiveRow> head;
  QF_RETURN_IF_ERROR(db.Run([&](Transaction& tx) -> Status {
    head.clear();
    for (const Head& part : kHeads) {
      QF_RETURN_IF_ERROR(Select(tx, part.table, part.which, {matrix_id}, &head));
    }
    return OkStatus();
  }));
  QF_RETURN_IF_ERROR(Pass(head, sink));
  for (int64_t ordinal = -1;;) {
    QF_ASSIGN_OR_RETURN(const auto rows, ReadPage(db, matrix_id, &ordinal));
    if (rows.empty()) return OkStatus();
    QF_RETURN_IF_ERROR(Pass(rows, sink));
  }
}

Result<bool> NoteArchived(Connection& db, const std::string& matrix_id, const ArchiveFile& file) {
  bool noted = false;
  QF_RETURN_IF_ERROR(db.Run([&](Transaction& tx) -> Status {
    // Its own note as well: the answer of a former attempt may have been lost.
    QF_ASSIGN_OR_RETURN(const auto rows, tx.Query(R"(
      UPDATE matrix SET archive_file = $2, archive_sha256 = $3
      WHERE matrix_id = $1 AND archive_file IN ('', $2))",
                                                  {matrix_id, file.name, file.sha256}));
    noted = rows.affected_rows() == 1;
    return OkStatus();
  }));
  return noted;
}

Status RemoveMatrix(Connection& db, const std::string& matrix_id, const access::Actor& actor) {
  for (bool more = true; more;) {
    QF_RETURN_IF_ERROR(db.Run([&](Transaction& tx) -> Status {
      QF_ASSIGN_OR_RETURN(const auto page, tx.Query(R"(
        SELECT block_id FROM block WHERE matrix_id = $1 ORDER BY ordinal LIMIT $2 FOR UPDATE)",
                                                    {matrix_id, kBlocksARemoval}));
      std::vector<int64_t> ids;
      for (const auto& row : page) ids.push_back(row[0].as<int64_t>());
      more = !ids.empty();
      if (!more) return OkStatus();
      const Parameter chosen = Parameter::Array(ids);
      // What came in the last minute before may have been under way when the archive was read.
      QF_RETURN_IF_ERROR(tx.Query(R"(
        DELETE FROM late_result l USING matrix m WHERE m.matrix_id = $2 AND l.block_id = ANY($1::bigint[])
          AND l.receive_time < m.archive_time - interval '1 min')",
                                  {chosen, matrix_id})
                             .status());
      for (auto table = kOfBlocks.rbegin(); table != kOfBlocks.rend(); ++table) {
        if (*table == "late_result") continue;
        QF_RETURN_IF_ERROR(
            tx.Query("DELETE FROM " + std::string(*table) + " WHERE block_id = ANY($1::bigint[])",
                     {chosen})
                .status());
      }
      return OkStatus();
    }));
  }
  return db.Run([&](Transaction& tx) -> Status {
    for (const char* table : {"crossover", "search_line", "search_block", "search", "joined",
                              "joining", "expansion", "matrix"}) {
      QF_RETURN_IF_ERROR(
          tx.Query(std::string("DELETE FROM ") + table + " WHERE matrix_id = $1", {matrix_id})
              .status());
    }
    return WriteAudit(tx, actor, "ArchiveMatrix", matrix_id);
  });
}

namespace {

// Columns of `table` that the row has, as SQL; a column that came later keeps its default.
Result<std::string> ColumnsOf(Transaction& tx, const std::string& table, const std::string& json) {
  QF_ASSIGN_OR_RETURN(const auto rows, tx.Query(R"(
    SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute
    WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped AND $2::jsonb ? attname)",
                                                {table, json}));
  if (rows[0][0].is_null()) return InvalidArgument("a row of the archive is none of " + table);
  return rows[0][0].as<std::string>();
}

// The number of a class means the same only in the database it was given in.
Status CheckClasses(Transaction& tx, const Parameter& rows) {
  QF_ASSIGN_OR_RETURN(const auto strange, tx.Query(R"(
    SELECT count(*) FROM unnest($1::text[]) AS line, json_populate_record(NULL::requirement_class, line::json) AS r
    LEFT JOIN requirement_class q USING (class_id) WHERE q.sha256 IS DISTINCT FROM r.sha256)",
                                                   {rows}));
  if (strange[0][0].as<int>() == 0) return OkStatus();
  return FailedPrecondition("the archive is of another database");
}

}  // namespace

Status RestoreRows(Connection& db, const std::string& table, const std::vector<std::string>& json) {
  if (!IsArchived(table)) return InvalidArgument("no table " + table + " is archived");
  if (json.empty()) return OkStatus();
  return db.Run([&](Transaction& tx) -> Status {
    const Parameter rows = Parameter::Array(json);
    if (table == "requirement_class") return CheckClasses(tx, rows);
    QF_ASSIGN_OR_RETURN(const std::string columns, ColumnsOf(tx, table, json.front()));
    return tx
        .Query("INSERT INTO " + table + " (" + columns + ") OVERRIDING SYSTEM VALUE SELECT " +
                   columns +
                   " FROM unnest($1::text[]) AS archived_row, json_populate_record(NULL::" + table +
                   ", archived_row::json) ON CONFLICT DO NOTHING",
               {rows})
        .status();
  });
}

Status EndRestore(Connection& db, const std::string& matrix_id, const access::Actor& actor) {
  return db.Run([&](Transaction& tx) -> Status {
    QF_RETURN_IF_ERROR(tx.Query(R"(
      UPDATE matrix SET archive_time = NULL, archive_file = '', archive_sha256 = '' WHERE matrix_id = $1)",
                                {matrix_id})
                           .status());
    return WriteAudit(tx, actor, "RestoreMatrix", matrix_id);
  });
}

}  // namespace quantfleet::postgres
