// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/postgres/result_store.hpp"

#include <algorithm>
#include <map>
#include <vector>

#include <google/protobuf/util/time_util.h>

#include "coordinator/analysis/comparison.hpp"
#include "coordinator/postgres/access/audit.hpp"
#include "coordinator/postgres/input.hpp"
#include "coordinator/postgres/results/samples.hpp"

#include "quantfleet/v1/agent_service.pb.h"

namespace quantfleet::postgres {
namespace {

using RatiosByBlock = std::map<std::string, std::map<uint32_t, v1::Ratio>>;

Result<std::string> MatrixName(Transaction& tx, const std::string& matrix_id) {
  QF_ASSIGN_OR_RETURN(const auto rows,
                      tx.Query("SELECT name FROM matrix WHERE matrix_id = $1", {matrix_id}));
  if (rows.empty()) return NotFound("no matrix has the id " + matrix_id);
  return rows[0][0].as<std::string>();
}

// Blocks of a matrix with results, after `ordinal`, with all but the raw rounds.
Result<std::vector<analysis::MeasuredBlock>> LoadBlocks(Transaction& tx,
                                                        const std::string& matrix_id, int64_t after,
                                                        int64_t at_most) {
  QF_ASSIGN_OR_RETURN(const auto rows, tx.Query(R"(
    SELECT b.block_id, b.spec, r.header, r.session_id FROM block b JOIN block_result r USING (block_id)
    WHERE b.matrix_id = $1 AND b.ordinal > $2 ORDER BY b.ordinal LIMIT $3)",
                                                {matrix_id, after, at_most}));
  std::vector<analysis::MeasuredBlock> blocks;
  std::map<std::string, size_t> index;
  std::vector<std::string> ids;
  for (const auto& row : rows) {
    analysis::MeasuredBlock block;
    block.block.ParseFromString(FromBytea(row[1]));
    block.block.set_block_id(row[0].as<std::string>());
    block.block.set_matrix_id(matrix_id);
    block.result.ParseFromString(FromBytea(row[2]));
    block.session_id = row[3].as<std::string>();
    index[block.block.block_id()] = blocks.size();
    ids.push_back(block.block.block_id());
    blocks.push_back(std::move(block));
  }
  QF_ASSIGN_OR_RETURN(const auto measured, tx.Query(R"(
    SELECT block_id, detail FROM measurement WHERE block_id = ANY($1::bigint[]) ORDER BY block_id, arm_index)",
                                                    {Parameter::Array(ids)}));
  for (const auto& row : measured) {
    blocks[index.at(row[0].as<std::string>())].result.add_measurements()->ParseFromString(
        FromBytea(row[1]));
  }
  return blocks;
}

Result<RatiosByBlock> LoadRatios(Transaction& tx, const std::vector<std::string>& block_ids) {
  QF_ASSIGN_OR_RETURN(const auto rows, tx.Query(R"(
    SELECT block_id, arm_index, ratio, low, high, minimum_detectable_effect, verdict, reason, rounds
    FROM ratio WHERE block_id = ANY($1::bigint[]))",
                                                {Parameter::Array(block_ids)}));
  RatiosByBlock ratios;
  for (const auto& row : rows) {
    v1::Ratio& ratio = ratios[row[0].as<std::string>()][row[1].as<uint32_t>()];
    ratio.set_ratio(row[2].as<double>());
    ratio.set_low(row[3].as<double>());
    ratio.set_high(row[4].as<double>());
    ratio.set_minimum_detectable_effect(row[5].as<double>());
    v1::Verdict verdict = v1::VERDICT_UNSPECIFIED;
    v1::Verdict_Parse(row[6].as<std::string>(), &verdict);
    ratio.set_verdict(verdict);
    ratio.set_reason(row[7].as<std::string>());
    ratio.set_rounds(row[8].as<uint32_t>());
  }
  return ratios;
}

Result<std::vector<v1::ComparisonSession>> LoadSessions(
    Transaction& tx, const std::vector<std::string>& session_ids) {
  QF_ASSIGN_OR_RETURN(const auto rows, tx.Query(R"(
    SELECT session_id, hello FROM session WHERE session_id = ANY($1::text[])
    ORDER BY create_time, session_id)",
                                                {Parameter::Array(session_ids)}));
  std::vector<v1::ComparisonSession> sessions;
  for (const auto& row : rows) {
    v1::HelloRequest hello;
    hello.ParseFromString(FromBytea(row[1]));
    v1::ComparisonSession& session = sessions.emplace_back();
    session.set_session_id(row[0].as<std::string>());
    *session.mutable_device() = hello.device().device();
    *session.mutable_fingerprint() = hello.device().fingerprint();
    *session.mutable_ceilings() = hello.ceilings();
  }
  return sessions;
}

Result<v1::Comparison> Compare(Transaction& tx, const std::string& matrix_id, int64_t after,
                               int64_t at_most) {
  QF_ASSIGN_OR_RETURN(const std::string name, MatrixName(tx, matrix_id));
  QF_ASSIGN_OR_RETURN(const auto blocks, LoadBlocks(tx, matrix_id, after, at_most));
  std::vector<std::string> block_ids, session_ids;
  for (const analysis::MeasuredBlock& block : blocks) {
    block_ids.push_back(block.block.block_id());
    session_ids.push_back(block.session_id);
  }
  QF_ASSIGN_OR_RETURN(const auto ratios, LoadRatios(tx, block_ids));
  QF_ASSIGN_OR_RETURN(const auto sessions, LoadSessions(tx, session_ids));
  return analysis::BuildComparison(matrix_id, name, blocks, sessions, ratios);
}

}  // namespace

Result<v1::Comparison> CompareMatrix(Connection& db, const std::string& matrix_id) {
  v1::Comparison comparison;
  QF_RETURN_IF_ERROR(db.Run([&](Transaction& tx) -> Status {
    QF_RETURN_IF_ERROR(tx.UseOneSnapshot());
    QF_ASSIGN_OR_RETURN(comparison, Compare(tx, matrix_id, -1, INT32_MAX));
    return OkStatus();
  }));
  return comparison;
}

namespace {

// Groups the rows of `comparison` by block, with run and epoch.
Status AddStored(Transaction& tx, const v1::Comparison& comparison,
                 v1::ListMeasurementsResponse& response) {
  std::map<std::string, v1::StoredResult*> by_block;
  for (const v1::ComparisonRow& row : comparison.rows()) {
    v1::StoredResult*& stored = by_block[row.block_id()];
    if (stored == nullptr) stored = response.add_results();
    *stored->add_rows() = row;
  }
  std::vector<std::string> ids;
  MeasurementsByArm measurements;
  for (const auto& [block_id, stored] : by_block) {
    ids.push_back(block_id);
    for (v1::ComparisonRow& row : *stored->mutable_rows()) {
      measurements[{*ParseBlockId(block_id), row.arm().index()}] = row.mutable_measurement();
    }
  }
  QF_ASSIGN_OR_RETURN(
      const auto rows,
      tx.Query(
          "SELECT block_id, run_id, epoch FROM block_result WHERE block_id = ANY($1::bigint[])",
          {Parameter::Array(ids)}));
  for (const auto& row : rows) {
    v1::StoredResult& stored = *by_block.at(row[0].as<std::string>());
    stored.set_run_id(row[1].as<std::string>());
    stored.set_epoch(row[2].as<uint64_t>());
  }
  return AddRounds(tx, measurements);
}

Result<int64_t> AfterOf(const std::string& token) {
  if (token.empty()) return int64_t{-1};
  if (token.size() > 9 || token.find_first_not_of("0123456789") != std::string::npos) {
    return InvalidArgument("the page token is not one of ours");
  }
  return static_cast<int64_t>(std::stol(token));
}

}  // namespace

Result<v1::BlockResult> LoadResult(Transaction& tx, int64_t block_id) {
  QF_ASSIGN_OR_RETURN(const auto header,
                      tx.Query("SELECT header FROM block_result WHERE block_id = $1", {block_id}));
  if (header.empty()) return NotFound("block " + std::to_string(block_id) + " has no result");
  v1::BlockResult result;
  result.ParseFromString(FromBytea(header[0][0]));
  QF_ASSIGN_OR_RETURN(
      const auto rows,
      tx.Query("SELECT detail FROM measurement WHERE block_id = $1 ORDER BY arm_index",
               {block_id}));
  for (const auto& row : rows) result.add_measurements()->ParseFromString(FromBytea(row[0]));
  MeasurementsByArm measurements;
  for (v1::Measurement& measurement : *result.mutable_measurements()) {
    measurements[{block_id, measurement.arm_index()}] = &measurement;
  }
  QF_RETURN_IF_ERROR(AddRounds(tx, measurements));
  return result;
}

Result<v1::ListMeasurementsResponse> ListMeasurements(Connection& db,
                                                      const v1::ListMeasurementsRequest& request) {
  v1::ListMeasurementsResponse response;
  QF_ASSIGN_OR_RETURN(const int64_t after, AfterOf(request.page_token()));
  const int64_t size = request.page_size() == 0 ? 16 : std::min(request.page_size(), 64U);
  QF_RETURN_IF_ERROR(db.Run([&](Transaction& tx) -> Status {
    response.Clear();
    QF_RETURN_IF_ERROR(tx.UseOneSnapshot());
    QF_ASSIGN_OR_RETURN(const auto comparison, Compare(tx, request.matrix_id(), after, size));
    QF_RETURN_IF_ERROR(AddStored(tx, comparison, response));
    QF_ASSIGN_OR_RETURN(const auto last, tx.Query(R"(
      SELECT max(ordinal), count(*) FROM (
        SELECT b.ordinal FROM block b JOIN block_result r USING (block_id)
        WHERE b.matrix_id = $1 AND b.ordinal > $2 ORDER BY b.ordinal LIMIT $3) AS page)",
                                                  {request.matrix_id(), after, size}));
    if (last[0][1].as<int64_t>() == size)
      response.set_next_page_token(last[0][0].as<std::string>());
    return OkStatus();
  }));
  return response;
}

namespace {

v1::SessionState StateOf(const std::string& text) {
  if (text == "open") return v1::SESSION_STATE_OPEN;
  if (text == "lost") return v1::SESSION_STATE_LOST;
  if (text == "closed") return v1::SESSION_STATE_CLOSED;
  return v1::SESSION_STATE_SUPERSEDED;
}

google::protobuf::Timestamp TimeOf(const pqxx::field& microseconds) {
  return google::protobuf::util::TimeUtil::MicrosecondsToTimestamp(microseconds.as<int64_t>());
}

v1::Session SessionFrom(const pqxx::row& row) {
  v1::HelloRequest hello;
  hello.ParseFromString(FromBytea(row["hello"]));
  v1::Session session;
  session.set_session_id(row["session_id"].as<std::string>());
  session.set_agent_name(hello.agent_name());
  session.set_agent_version(hello.version());
  session.set_host_id(hello.host_id());
  *session.mutable_device() = hello.device().device();
  *session.mutable_fingerprint() = hello.device().fingerprint();
  *session.mutable_ceilings() = hello.ceilings();
  *session.mutable_labels() = hello.labels();
  session.set_state(StateOf(row["state"].as<std::string>()));
  *session.mutable_create_time() = TimeOf(row["created"]);
  *session.mutable_last_seen_time() = TimeOf(row["seen"]);
  session.set_block_id(row["block_id"].as<std::string>(""));
  session.set_epoch(row["epoch"].as<uint64_t>(0));
  session.set_fraction(row["fraction"].as<double>(0));
  session.set_draining(row["draining"].as<bool>());
  session.set_not_leasing_reason(row["not_leasing_reason"].as<std::string>());
  session.set_spooled_results(row["spooled_results"].as<uint32_t>());
  session.set_queued_blocks(row["queued"].as<uint32_t>());
  session.set_quarantine_reason(row["quarantine"].as<std::string>(""));
  return session;
}

}  // namespace

Result<v1::ListSessionsResponse> ListSessions(Connection& db, bool include_ended) {
  v1::ListSessionsResponse response;
  QF_RETURN_IF_ERROR(db.Run([&](Transaction& tx) -> Status {
    response.Clear();
    QF_ASSIGN_OR_RETURN(const auto rows, tx.Query(R"(
      SELECT s.session_id, s.hello, s.state, s.spooled_results, s.not_leasing_reason, a.draining,
             (extract(epoch FROM s.create_time) * 1000000)::bigint AS created,
             (extract(epoch FROM s.last_seen) * 1000000)::bigint AS seen, l.block_id, l.epoch, l.fraction,
             (SELECT count(*) FROM lease w WHERE w.session_id = s.session_id AND w.phase = 'queued') AS queued,
             CASE WHEN q.free_time > clock_timestamp() THEN q.reason ELSE '' END AS quarantine
      FROM session s JOIN agent a USING (agent_name)
      LEFT JOIN conduct q ON q.agent_name = s.agent_name AND q.device_uid = s.device_uid
      LEFT JOIN LATERAL (
        SELECT block_id, epoch, fraction FROM lease
        WHERE lease.session_id = s.session_id AND phase NOT IN ('queued', 'finished') LIMIT 1) AS l ON true
      WHERE $1 OR s.state = 'open'
      ORDER BY s.state <> 'open', s.create_time DESC LIMIT 1000)",
                                                  {include_ended}));
    for (const auto& row : rows) *response.add_sessions() = SessionFrom(row);
    return OkStatus();
  }));
  return response;
}

Status DrainAgent(Connection& db, const std::string& agent_name, bool draining,
                  const access::Actor& actor) {
  return db.Run([&](Transaction& tx) -> Status {
    QF_ASSIGN_OR_RETURN(
        const auto rows,
        tx.Query("UPDATE agent SET draining = $2 WHERE agent_name = $1", {agent_name, draining}));
    if (rows.affected_rows() == 0) return NotFound("no agent is called " + agent_name);
    return WriteAudit(tx, actor, draining ? "DrainAgent" : "ResumeAgent", agent_name);
  });
}

}  // namespace quantfleet::postgres
