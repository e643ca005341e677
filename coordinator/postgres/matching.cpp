// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/postgres/matching.hpp"

#include <vector>

#include "base/digest.hpp"

namespace quantfleet::postgres {
namespace {

v1::HelloRequest HelloFrom(const pqxx::field& field) {
  v1::HelloRequest hello;
  hello.ParseFromString(FromBytea(field));
  return hello;
}

Status MatchClass(Transaction& tx, int64_t class_id, const scheduler::Requirement& requirement) {
  QF_ASSIGN_OR_RETURN(const auto sessions,
                      tx.Query("SELECT session_id, hello FROM session WHERE state = 'open'"));
  std::vector<std::string> met;
  for (const auto& row : sessions) {
    if (scheduler::Matches(requirement, FactsOf(HelloFrom(row[1])))) {
      met.push_back(row[0].as<std::string>());
    }
  }
  return tx
      .Query("INSERT INTO session_class SELECT unnest($1::text[]), $2 ON CONFLICT DO NOTHING",
             {Parameter::Array(met), class_id})
      .status();
}

}  // namespace

Status LockMatching(Transaction& tx) {
  return tx.Query("SELECT pg_advisory_xact_lock(7241, 1)").status();
}

scheduler::DeviceFacts FactsOf(const v1::HelloRequest& hello) {
  scheduler::DeviceFacts facts;
  facts.device = hello.device().device();
  facts.agent_name = hello.agent_name();
  facts.labels.insert(hello.labels().begin(), hello.labels().end());
  return facts;
}

Result<std::vector<scheduler::DeviceFacts>> OpenDevices(Transaction& tx) {
  QF_ASSIGN_OR_RETURN(
      const auto rows,
      tx.Query("SELECT hello FROM session WHERE state = 'open' ORDER BY create_time, session_id"));
  std::vector<scheduler::DeviceFacts> devices;
  for (const auto& row : rows) devices.push_back(FactsOf(HelloFrom(row[0])));
  return devices;
}

Status MatchSessions(Transaction& tx, const std::vector<SessionHello>& sessions) {
  QF_ASSIGN_OR_RETURN(const auto classes,
                      tx.Query("SELECT class_id, requirement FROM requirement_class"));
  std::vector<scheduler::DeviceFacts> facts;
  for (const SessionHello& session : sessions) facts.push_back(FactsOf(*session.hello));
  std::vector<std::string> meeting;
  std::vector<int64_t> met;
  for (const auto& row : classes) {
    QF_ASSIGN_OR_RETURN(const auto requirement,
                        scheduler::Requirement::FromJson(row[1].as<std::string>()));
    for (size_t i = 0; i < sessions.size(); ++i) {
      if (!scheduler::Matches(requirement, facts[i])) continue;
      meeting.push_back(sessions[i].session_id);
      met.push_back(row[0].as<int64_t>());
    }
  }
  return tx
      .Query(
          "INSERT INTO session_class SELECT * FROM unnest($1::text[], $2::bigint[]) ON CONFLICT DO "
          "NOTHING",
          {Parameter::Array(meeting), Parameter::Array(met)})
      .status();
}

Result<int64_t> ClassIds::Of(Transaction& tx, const scheduler::Requirement& requirement) {
  const std::string json = requirement.ToJson();
  if (const auto known = known_.find(json); known != known_.end()) return known->second;
  QF_ASSIGN_OR_RETURN(const auto made, tx.Query(R"(
    INSERT INTO requirement_class (sha256, requirement) VALUES ($1, $2)
    ON CONFLICT DO NOTHING RETURNING class_id)",
                                                {Sha256Hex(json), json}));
  int64_t class_id = 0;
  if (made.empty()) {
    QF_ASSIGN_OR_RETURN(
        const auto rows,
        tx.Query("SELECT class_id FROM requirement_class WHERE sha256 = $1", {Sha256Hex(json)}));
    class_id = rows[0][0].as<int64_t>();
  } else {
    class_id = made[0][0].as<int64_t>();
    QF_RETURN_IF_ERROR(MatchClass(tx, class_id, requirement));
  }
  known_[json] = class_id;
  return class_id;
}

}  // namespace quantfleet::postgres
