// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/postgres/result_store.hpp"

#include <algorithm>
#include <map>
#include <vector>

#include <google/protobuf/util/time_util.h>

#include "coordinator/postgres/access/audit.hpp"
#include "coordinator/postgres/input.hpp"
#include "coordinator/postgres/results/page.hpp"
#include "coordinator/postgres/results/samples.hpp"

#include "quantfleet/v1/agent_service.pb.h"

namespace quantfleet::postgres {
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
  PageBounds bounds;
  QF_ASSIGN_OR_RETURN(bounds.after, AfterOf(request.page_token()));
  bounds.blocks = request.page_size() == 0 ? 16 : std::min(request.page_size(), 64U);
  QF_RETURN_IF_ERROR(db.Run([&](Transaction& tx) -> Status {
    response.Clear();
    QF_RETURN_IF_ERROR(tx.UseOneSnapshot());
    QF_ASSIGN_OR_RETURN(const auto page, LoadPage(tx, request.matrix_id(), bounds));
    response.set_next_page_token(page.next);
    return AddStored(tx, page.comparison, response);
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
