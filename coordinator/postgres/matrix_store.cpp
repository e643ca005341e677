// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/postgres/matrix_store.hpp"

#include <algorithm>

#include <google/protobuf/util/time_util.h>

#include "base/digest.hpp"
#include "base/ids.hpp"
#include "coordinator/postgres/matching.hpp"
#include "coordinator/postgres/result_store.hpp"

namespace quantfleet::postgres {
namespace {

constexpr size_t kBlocksAStatement = 500;

Status InsertBlocks(Transaction& tx, const std::string& matrix_id, uint32_t priority,
                    const std::vector<matrix::PlannedBlock>& blocks, ClassIds& classes) {
  for (size_t begin = 0; begin < blocks.size(); begin += kBlocksAStatement) {
    std::vector<int64_t> ordinals, class_ids, arms;
    std::vector<std::string> targets, specs;
    for (size_t i = begin; i < std::min(blocks.size(), begin + kBlocksAStatement); ++i) {
      QF_ASSIGN_OR_RETURN(const int64_t class_id, classes.Of(tx, blocks[i].requirement));
      ordinals.push_back(static_cast<int64_t>(i));
      class_ids.push_back(class_id);
      arms.push_back(blocks[i].block.arms_size());
      targets.push_back(blocks[i].block.target());
      specs.push_back(blocks[i].block.SerializeAsString());
    }
    QF_RETURN_IF_ERROR(tx.Query(R"(
      WITH made AS (
        INSERT INTO block (matrix_id, ordinal, class_id, target, arms, spec, state)
        SELECT $1, ordinal, class_id, target, arms, spec, 'ready'
        FROM unnest($2::bigint[], $3::bigint[], $4::text[], $5::bigint[], $6::bytea[])
             AS given (ordinal, class_id, target, arms, spec)
        RETURNING block_id, class_id, ordinal)
      INSERT INTO ready (block_id, class_id, band, sort_key)
      SELECT made.block_id, made.class_id, 9 - $7::integer,
             extract(epoch FROM m.create_time)::bigint * 1000000 + made.ordinal
      FROM made, matrix m WHERE m.matrix_id = $1)",
                                {matrix_id, Parameter::Array(ordinals), Parameter::Array(class_ids),
                                 Parameter::Array(targets), Parameter::Array(arms),
                                 Parameter::BytesArray(specs), priority})
                           .status());
  }
  return OkStatus();
}

// Epochs and losses never fall, so the version grows when a block is granted or lost, too.
constexpr const char* kSelectMatrix = R"(
  SELECT m.matrix_id, m.name, m.state, m.principal, m.document_sha256, m.priority, m.version + b.moves AS version,
         extract(epoch FROM m.create_time)::float8 AS created, extract(epoch FROM m.end_time)::float8 AS ended,
         b.*, r.*, extract(epoch FROM clock_timestamp() - m.create_time)::float8 AS age
  FROM matrix m,
  LATERAL (SELECT count(*) AS total, count(*) FILTER (WHERE state = 'ready') AS ready,
                  count(*) FILTER (WHERE state = 'leased') AS leased, count(*) FILTER (WHERE state = 'done') AS done,
                  count(*) FILTER (WHERE state = 'failed') AS failed,
                  count(*) FILTER (WHERE state = 'cancelled') AS cancelled, coalesce(sum(arms), 0) AS arms_total,
                  coalesce(sum(epoch + losses), 0) AS moves
           FROM block WHERE block.matrix_id = m.matrix_id) AS b,
  LATERAL (SELECT count(*) AS arms_measured,
                  count(*) FILTER (WHERE outcome NOT IN ('OUTCOME_MEASURED', 'OUTCOME_UNSUPPORTED')) AS arms_failed
           FROM measurement JOIN block USING (block_id) WHERE block.matrix_id = m.matrix_id) AS r
)";

v1::MatrixState StateOf(const std::string& text) {
  if (text == "running") return v1::MATRIX_STATE_RUNNING;
  if (text == "completed") return v1::MATRIX_STATE_COMPLETED;
  if (text == "failed") return v1::MATRIX_STATE_FAILED;
  return v1::MATRIX_STATE_CANCELLED;
}

void SetTime(double seconds, google::protobuf::Timestamp* time) {
  *time = google::protobuf::util::TimeUtil::MicrosecondsToTimestamp(
      static_cast<int64_t>(seconds * 1e6));
}

v1::Matrix MatrixFrom(const pqxx::row& row) {
  v1::Matrix matrix;
  matrix.set_matrix_id(row["matrix_id"].as<std::string>());
  matrix.set_name(row["name"].as<std::string>());
  matrix.set_state(StateOf(row["state"].as<std::string>()));
  matrix.set_principal(row["principal"].as<std::string>());
  matrix.set_document_sha256(row["document_sha256"].as<std::string>());
  matrix.set_priority(row["priority"].as<uint32_t>());
  matrix.set_version(row["version"].as<uint64_t>());
  SetTime(row["created"].as<double>(), matrix.mutable_create_time());
  if (!row["ended"].is_null()) SetTime(row["ended"].as<double>(), matrix.mutable_end_time());
  matrix.set_blocks_total(row["total"].as<uint32_t>());
  matrix.set_blocks_ready(row["ready"].as<uint32_t>());
  matrix.set_blocks_leased(row["leased"].as<uint32_t>());
  matrix.set_blocks_done(row["done"].as<uint32_t>());
  matrix.set_blocks_failed(row["failed"].as<uint32_t>());
  matrix.set_blocks_cancelled(row["cancelled"].as<uint32_t>());
  matrix.set_arms_total(row["arms_total"].as<uint32_t>());
  matrix.set_arms_measured(row["arms_measured"].as<uint32_t>());
  matrix.set_arms_failed(row["arms_failed"].as<uint32_t>());
  return matrix;
}

Result<v1::Matrix> SelectMatrix(Transaction& tx, const std::string& matrix_id) {
  QF_ASSIGN_OR_RETURN(const auto rows,
                      tx.Query(std::string(kSelectMatrix) + "WHERE m.matrix_id = $1", {matrix_id}));
  if (rows.empty()) return NotFound("no matrix has the id " + matrix_id);
  return MatrixFrom(rows[0]);
}

// What runs, why the rest waits, and the time left.
Status AddDetails(Transaction& tx, v1::Matrix& matrix) {
  QF_ASSIGN_OR_RETURN(const auto leases, tx.Query(R"(
    SELECT s.agent_name || ' on ' || s.device_class || ': block ' || b.ordinal || ' ' || l.phase || ' '
           || round((100 * l.fraction)::numeric) || ' %'
    FROM lease l JOIN block b USING (block_id) JOIN session s USING (session_id)
    WHERE b.matrix_id = $1 ORDER BY b.ordinal LIMIT 20)",
                                                  {matrix.matrix_id()}));
  for (const auto& row : leases) matrix.add_running(row[0].as<std::string>());
  QF_ASSIGN_OR_RETURN(const auto waiting, tx.Query(R"(
    SELECT DISTINCT 'no connected device matches target ' || b.target FROM block b
    WHERE b.matrix_id = $1 AND b.state = 'ready' AND NOT EXISTS (
      SELECT 1 FROM session_class c JOIN session s USING (session_id)
      WHERE c.class_id = b.class_id AND s.state = 'open') LIMIT 20)",
                                                   {matrix.matrix_id()}));
  for (const auto& row : waiting) matrix.add_waiting(row[0].as<std::string>());
  QF_ASSIGN_OR_RETURN(const auto spent, tx.Query(R"(
    SELECT avg(extract(epoch FROM a.end_time - a.start_time))::float8 FROM attempt a JOIN block b USING (block_id)
    WHERE b.matrix_id = $1 AND a.outcome = 'accepted')",
                                                 {matrix.matrix_id()}));
  if (!spent[0][0].is_null()) {
    matrix.set_seconds_left(spent[0][0].as<double>() *
                            (matrix.blocks_ready() + 0.5 * matrix.blocks_leased()));
  }
  return OkStatus();
}

}  // namespace

Result<std::vector<scheduler::DeviceFacts>> ListDevices(Connection& db) {
  std::vector<scheduler::DeviceFacts> devices;
  QF_RETURN_IF_ERROR(db.Run([&](Transaction& tx) -> Status {
    devices.clear();
    QF_ASSIGN_OR_RETURN(
        const auto rows,
        tx.Query("SELECT hello FROM session WHERE state = 'open' ORDER BY create_time"));
    for (const auto& row : rows) {
      v1::HelloRequest hello;
      hello.ParseFromString(FromBytea(row[0]));
      devices.push_back(FactsOf(hello));
    }
    return OkStatus();
  }));
  return devices;
}

namespace {

Result<std::optional<v1::Matrix>> Find(Transaction& tx, const Submission& submission) {
  QF_ASSIGN_OR_RETURN(
      const auto known,
      tx.Query(
          "SELECT matrix_id, document_sha256 FROM matrix WHERE principal = $1 AND request_id = $2",
          {submission.principal, submission.request_id}));
  if (known.empty()) return std::optional<v1::Matrix>();
  const auto matrix_id = known[0][0].as<std::string>();
  if (known[0][1].as<std::string>() != Sha256Hex(submission.document)) {
    return AlreadyExists("request id " + submission.request_id +
                         " was used for another document, matrix " + matrix_id);
  }
  QF_ASSIGN_OR_RETURN(v1::Matrix matrix, SelectMatrix(tx, matrix_id));
  return std::optional<v1::Matrix>(std::move(matrix));
}

}  // namespace

Result<std::optional<v1::Matrix>> FindSubmission(Connection& db, const Submission& submission) {
  std::optional<v1::Matrix> found;
  QF_RETURN_IF_ERROR(db.Run([&](Transaction& tx) -> Status {
    QF_ASSIGN_OR_RETURN(found, Find(tx, submission));
    return OkStatus();
  }));
  return found;
}

Result<SubmitOutcome> SubmitMatrix(Connection& db, const Submission& submission) {
  SubmitOutcome outcome;
  const std::string fresh = RandomId("mtx_");
  QF_RETURN_IF_ERROR(db.Run([&](Transaction& tx) -> Status {
    QF_RETURN_IF_ERROR(LockMatching(tx));
    QF_ASSIGN_OR_RETURN(auto known, Find(tx, submission));
    outcome.already_existed = known.has_value();
    if (known) {
      outcome.matrix = *std::move(known);
      return OkStatus();
    }
    QF_RETURN_IF_ERROR(
        tx.Query(R"(
        INSERT INTO matrix (matrix_id, principal, request_id, name, document, document_sha256, priority, state)
        VALUES ($1, $2, $3, $4, $5, $6, $7, 'running'))",
                 {fresh, submission.principal, submission.request_id, submission.name,
                  submission.document, Sha256Hex(submission.document), submission.priority})
            .status());
    ClassIds classes;
    QF_RETURN_IF_ERROR(InsertBlocks(tx, fresh, submission.priority, submission.blocks, classes));
    QF_ASSIGN_OR_RETURN(outcome.matrix, SelectMatrix(tx, fresh));
    return OkStatus();
  }));
  return outcome;
}

Result<v1::Matrix> GetMatrix(Connection& db, const std::string& matrix_id) {
  v1::Matrix matrix;
  QF_RETURN_IF_ERROR(db.Run([&](Transaction& tx) -> Status {
    QF_ASSIGN_OR_RETURN(matrix, SelectMatrix(tx, matrix_id));
    return AddDetails(tx, matrix);
  }));
  return matrix;
}

Result<v1::ListMatricesResponse> ListMatrices(Connection& db,
                                              const v1::ListMatricesRequest& request) {
  v1::ListMatricesResponse response;
  const uint32_t size = request.page_size() == 0 ? 50 : std::min(request.page_size(), 500U);
  QF_RETURN_IF_ERROR(db.Run([&](Transaction& tx) -> Status {
    response.Clear();
    QF_ASSIGN_OR_RETURN(const auto rows, tx.Query(std::string(kSelectMatrix) + R"(
      WHERE $1 = '' OR (m.create_time, m.matrix_id) < (SELECT create_time, matrix_id FROM matrix WHERE matrix_id = $1)
      ORDER BY m.create_time DESC, m.matrix_id DESC LIMIT $2)",
                                                  {request.page_token(), size + 1}));
    for (const auto& row : rows) {
      if (static_cast<uint32_t>(response.matrices_size()) == size) {
        response.set_next_page_token(response.matrices(response.matrices_size() - 1).matrix_id());
        break;
      }
      *response.add_matrices() = MatrixFrom(row);
    }
    return OkStatus();
  }));
  return response;
}

Result<v1::Matrix> CancelMatrix(Connection& db, const std::string& matrix_id) {
  v1::Matrix matrix;
  QF_RETURN_IF_ERROR(db.Run([&](Transaction& tx) -> Status {
    // The higher epoch fences whoever still runs a block.
    QF_RETURN_IF_ERROR(tx.Query(R"(
      WITH m AS MATERIALIZED (
        SELECT matrix_id FROM matrix WHERE matrix_id = $1 AND state = 'running' FOR UPDATE),
      open AS MATERIALIZED (
        SELECT b.block_id, b.epoch FROM block b JOIN m USING (matrix_id)
        WHERE b.state IN ('ready', 'leased') ORDER BY b.block_id FOR UPDATE OF b),
      unready AS (DELETE FROM ready USING open WHERE ready.block_id = open.block_id),
      unleased AS (DELETE FROM lease USING open WHERE lease.block_id = open.block_id),
      closed AS (UPDATE attempt SET end_time = clock_timestamp(), outcome = 'cancelled' FROM open
                 WHERE attempt.block_id = open.block_id AND attempt.epoch = open.epoch),
      ended AS (UPDATE block SET state = 'cancelled', epoch = block.epoch + 1 FROM open WHERE block.block_id = open.block_id)
      UPDATE matrix SET state = 'cancelled', end_time = clock_timestamp(), version = version + 1
      FROM m WHERE matrix.matrix_id = m.matrix_id)",
                                {matrix_id})
                           .status());
    QF_ASSIGN_OR_RETURN(matrix, SelectMatrix(tx, matrix_id));
    return OkStatus();
  }));
  return matrix;
}
namespace {

Status KeepAsHistory(Transaction& tx, int64_t block_id) {
  const auto result = LoadResult(tx, block_id);
  if (result.status().code() == StatusCode::kNotFound) return OkStatus();
  QF_RETURN_IF_ERROR(result.status());
  return tx
      .Query(R"(
    INSERT INTO late_result (block_id, epoch, digest, session_id, why, result)
    SELECT block_id, epoch, digest, session_id, 'RETRIED', $2 FROM block_result WHERE block_id = $1
    ON CONFLICT DO NOTHING)",
             {block_id, Parameter::Bytes(result->SerializeAsString())})
      .status();
}

// Accepted results move to the history, so that a block still has at most one; the epoch's growth
// fences old runs.
Status QueueForRetry(Transaction& tx, const std::string& matrix_id,
                     const std::vector<int64_t>& ids) {
  for (const int64_t id : ids) QF_RETURN_IF_ERROR(KeepAsHistory(tx, id));
  const Parameter chosen = Parameter::Array(ids);
  for (const char* statement :
       {"DELETE FROM ratio WHERE block_id = ANY($1::bigint[])",
        "DELETE FROM sample WHERE block_id = ANY($1::bigint[])",
        "DELETE FROM measurement WHERE block_id = ANY($1::bigint[])",
        "DELETE FROM block_result WHERE block_id = ANY($1::bigint[])",
        R"(UPDATE block SET state = 'ready', epoch = epoch + 1, failures = 0, reason = ''
           WHERE block_id = ANY($1::bigint[]))",
        R"(INSERT INTO ready (block_id, class_id, band, sort_key)
           SELECT b.block_id, b.class_id, 9 - m.priority,
                  extract(epoch FROM m.create_time)::bigint * 1000000 + b.ordinal
           FROM block b JOIN matrix m USING (matrix_id) WHERE b.block_id = ANY($1::bigint[]))"}) {
    QF_RETURN_IF_ERROR(tx.Query(statement, {chosen}).status());
  }
  if (ids.empty()) return OkStatus();
  return tx
      .Query(
          "UPDATE matrix SET state = 'running', end_time = NULL, version = version + 1 WHERE "
          "matrix_id = $1",
          {matrix_id})
      .status();
}

}  // namespace

Result<v1::RetryMatrixResponse> RetryMatrix(Connection& db, const v1::RetryMatrixRequest& request) {
  v1::RetryMatrixResponse response;
  const std::string& matrix_id = request.matrix_id();
  QF_RETURN_IF_ERROR(db.Run([&](Transaction& tx) -> Status {
    QF_ASSIGN_OR_RETURN(
        const auto locked,
        tx.Query("SELECT state FROM matrix WHERE matrix_id = $1 FOR UPDATE", {matrix_id}));
    if (locked.empty()) return NotFound("no matrix has the id " + matrix_id);
    QF_ASSIGN_OR_RETURN(const auto chosen, tx.Query(R"(
      SELECT block_id FROM block b WHERE matrix_id = $1 AND state IN ('done', 'failed', 'cancelled')
        AND (NOT $2 OR state = 'failed' OR EXISTS (
          SELECT 1 FROM measurement m WHERE m.block_id = b.block_id
            AND m.outcome NOT IN ('OUTCOME_MEASURED', 'OUTCOME_UNSUPPORTED')))
      ORDER BY block_id FOR UPDATE)",
                                                    {matrix_id, request.failed_only()}));
    std::vector<int64_t> ids;
    for (const auto& row : chosen) ids.push_back(row[0].as<int64_t>());
    QF_RETURN_IF_ERROR(QueueForRetry(tx, matrix_id, ids));
    response.set_blocks_queued(static_cast<uint32_t>(ids.size()));
    QF_ASSIGN_OR_RETURN(*response.mutable_matrix(), SelectMatrix(tx, matrix_id));
    return OkStatus();
  }));
  return response;
}

}  // namespace quantfleet::postgres
