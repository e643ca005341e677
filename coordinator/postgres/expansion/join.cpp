// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/postgres/expansion/join.hpp"

#include <utility>

#include "base/logging.hpp"
#include "coordinator/postgres/queue.hpp"

namespace quantfleet::postgres {
namespace {

// SQL: the device classes that may join a row j of `joining` and have no copy. A device that is
// gone does not count: nobody would run what was made for it.
constexpr const char* kNewcomers = R"(
  SELECT s.device_class FROM session_class c JOIN session s USING (session_id)
  WHERE c.class_id = j.class_id AND s.state = 'open' AND s.create_time <= j.until_time AND NOT EXISTS (
    SELECT 1 FROM joined d
    WHERE d.matrix_id = j.matrix_id AND d.target = j.target AND d.device_class = s.device_class) )";

// A target that may be joined, locked.
struct Window {
  std::string matrix_id;
  std::string target;
  scheduler::Requirement where;
  bool is_over = false;
};

Status Note(Transaction& tx, const std::string& matrix_id, const std::string& target,
            const std::string& device_class) {
  return tx
      .Query("INSERT INTO joined (matrix_id, target, device_class) VALUES ($1, $2, $3)",
             {matrix_id, target, device_class})
      .status();
}

// A matrix with something to do; empty without one.
Result<std::string> FindDue(Transaction& tx) {
  QF_ASSIGN_OR_RETURN(const auto rows, tx.Query(std::string(R"(
    SELECT j.matrix_id FROM joining j JOIN matrix m USING (matrix_id)
    WHERE j.is_open AND m.state = 'running'
      AND (j.until_time < clock_timestamp() OR (j.not_before <= clock_timestamp() AND EXISTS ()") +
                                                kNewcomers + R"()))
    ORDER BY m.priority DESC, m.create_time LIMIT 1)"));
  return rows.empty() ? std::string() : rows[0][0].as<std::string>();
}

// Locked against everyone else who works on the matrix, the feeds of its queue included. Each lock
// in a statement of its own: what is true of a row is known once it is locked.
Result<std::vector<Window>> LockWindows(Transaction& tx, const std::string& matrix_id) {
  std::vector<Window> windows;
  QF_ASSIGN_OR_RETURN(
      const auto matrix,
      tx.Query("SELECT 1 FROM matrix WHERE matrix_id = $1 AND state = 'running' FOR UPDATE",
               {matrix_id}));
  if (matrix.empty()) return windows;
  QF_ASSIGN_OR_RETURN(const auto rows, tx.Query(R"(
    SELECT j.target, q.requirement, j.until_time < clock_timestamp()
    FROM joining j JOIN requirement_class q USING (class_id)
    WHERE j.matrix_id = $1 AND j.is_open ORDER BY j.target)",
                                                {matrix_id}));
  for (const auto& row : rows) {
    QF_ASSIGN_OR_RETURN(auto where, scheduler::Requirement::FromJson(row[1].as<std::string>()));
    windows.push_back({matrix_id, row[0].as<std::string>(), std::move(where), row[2].as<bool>()});
  }
  return windows;
}

// One more copy to expand. False: the matrix would have more arms than it may.
Result<bool> AddCopy(Transaction& tx, const Window& window, int64_t class_id) {
  QF_ASSIGN_OR_RETURN(const auto added, tx.Query(R"(
    WITH grown AS (
      UPDATE expansion e SET targets = array_append(e.targets, $2::text),
        class_ids = array_append(e.class_ids, $3::bigint),
        joined_ordinals = array_append(e.joined_ordinals, coalesce(e.next_ordinal, e.blocks_total)),
        next_ordinal = coalesce(e.next_ordinal, e.blocks_total) + j.copy_blocks,
        blocks_total = e.blocks_total + j.copy_blocks, arms_total = e.arms_total + j.copy_arms,
        state = 'running', not_before = '-infinity'
      FROM joining j
      WHERE e.matrix_id = $1 AND j.matrix_id = $1 AND j.target = $2 AND e.arms_total + j.copy_arms <= j.most_arms
      RETURNING j.copy_blocks)
    UPDATE matrix SET blocks_open = blocks_open + grown.copy_blocks, version = version + 1 FROM grown
    WHERE matrix_id = $1 RETURNING 1)",
                                                 {window.matrix_id, window.target, class_id}));
  return !added.empty();
}

Status Refuse(Transaction& tx, const Window& window, const std::string& device_class) {
  return tx
      .Query(R"(
    UPDATE joining SET not_before = clock_timestamp() + interval '1 min',
      reason = $3 || ' gets no copy: the matrix would have more than ' || most_arms || ' arms'
    WHERE matrix_id = $1 AND target = $2)",
             {window.matrix_id, window.target, device_class})
      .status();
}

Status Admit(Transaction& tx, const Window& window, ClassIds& classes) {
  QF_ASSIGN_OR_RETURN(const auto newcomers, tx.Query(std::string(R"(
    SELECT DISTINCT n.device_class FROM joining j, LATERAL ()") +
                                                         kNewcomers +
                                                         R"() AS n
    WHERE j.matrix_id = $1 AND j.target = $2 ORDER BY 1)",
                                                     {window.matrix_id, window.target}));
  for (const auto& row : newcomers) {
    const auto device_class = row[0].as<std::string>();
    QF_ASSIGN_OR_RETURN(const int64_t class_id,
                        classes.Of(tx, matrix::OfClass(window.where, device_class)));
    QF_ASSIGN_OR_RETURN(const bool added, AddCopy(tx, window, class_id));
    if (!added) {
      log::Warning("a device class cannot join",
                   {{"matrix", window.matrix_id}, {"device_class", device_class}});
      return Refuse(tx, window, device_class);
    }
    QF_RETURN_IF_ERROR(Note(tx, window.matrix_id, window.target, device_class));
    log::Info("a device class joins a matrix",
              {{"matrix", window.matrix_id}, {"device_class", device_class}});
  }
  return OkStatus();
}

Status Close(Transaction& tx, const Window& window) {
  QF_RETURN_IF_ERROR(
      tx.Query("UPDATE joining SET is_open = false WHERE matrix_id = $1 AND target = $2",
               {window.matrix_id, window.target})
          .status());
  // Ends the matrix if that was all it waited for.
  return EndBlocks(tx, {{window.matrix_id, 0}});
}

}  // namespace

Status OpenJoining(Transaction& tx, const std::string& matrix_id, const matrix::Plan& plan,
                   ClassIds& classes) {
  for (const matrix::JoinWindow& join : plan.joins) {
    QF_ASSIGN_OR_RETURN(const int64_t class_id, classes.Of(tx, join.where));
    QF_RETURN_IF_ERROR(tx.Query(R"(
    INSERT INTO joining (matrix_id, target, class_id, until_time, copy_blocks, copy_arms, most_arms)
    SELECT $1, $2, $3, create_time + make_interval(secs => $4), $5, $6, $7 FROM matrix WHERE matrix_id = $1)",
                                {matrix_id, join.target, class_id, join.seconds,
                                 plan.blocks_per_copy, plan.arms_per_copy, plan.max_arms})
                           .status());
    for (const matrix::Copy& copy : plan.copies) {
      if (copy.target != join.target) continue;
      QF_RETURN_IF_ERROR(Note(tx, matrix_id, copy.target, copy.device_class));
    }
  }
  return OkStatus();
}

Result<bool> AdmitJoiners(Connection& db) {
  bool found = false;
  QF_RETURN_IF_ERROR(db.Run([&](Transaction& tx) -> Status {
    QF_ASSIGN_OR_RETURN(const std::string matrix_id, FindDue(tx));
    found = !matrix_id.empty();
    if (!found) return OkStatus();
    QF_RETURN_IF_ERROR(LockMatching(tx));
    QF_ASSIGN_OR_RETURN(const std::vector<Window> windows, LockWindows(tx, matrix_id));
    ClassIds classes;
    for (const Window& window : windows) QF_RETURN_IF_ERROR(Admit(tx, window, classes));
    for (const Window& window : windows) {
      if (window.is_over) QF_RETURN_IF_ERROR(Close(tx, window));
    }
    return OkStatus();
  }));
  return found;
}

Result<std::vector<std::string>> JoiningOf(Transaction& tx, const std::string& matrix_id) {
  QF_ASSIGN_OR_RETURN(const auto rows, tx.Query(R"(
    SELECT j.target || ': device classes that join until '
           || to_char(j.until_time AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') || ' UTC get their copy; '
           || (SELECT count(*) FROM joined d WHERE d.matrix_id = j.matrix_id AND d.target = j.target) || ' have it'
           || CASE WHEN j.reason = '' THEN '' ELSE '; ' || j.reason END
    FROM joining j JOIN matrix m USING (matrix_id)
    WHERE j.matrix_id = $1 AND j.is_open AND m.state = 'running' ORDER BY j.target)",
                                                {matrix_id}));
  std::vector<std::string> lines;
  for (const auto& row : rows) lines.push_back(row[0].as<std::string>());
  return lines;
}

}  // namespace quantfleet::postgres
