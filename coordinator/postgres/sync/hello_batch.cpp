// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/postgres/sync/hello_batch.hpp"

#include <cmath>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "base/ids.hpp"
#include "coordinator/postgres/blocks/loss.hpp"
#include "coordinator/postgres/matching.hpp"

namespace quantfleet::postgres {
namespace {

// A Hello that opens a session, and the session.
struct Opening {
  const v1::HelloRequest* hello = nullptr;
  std::string session_id;
};

using Texts = std::vector<std::string>;
using Key = std::pair<std::string, std::string>;

Key RequestKey(const v1::HelloRequest& hello) {
  return {hello.agent_name(), hello.request_id()};
}
Key DeviceKey(const v1::HelloRequest& hello) {
  return {hello.agent_name(), hello.device().device().uid()};
}

// Sessions that these very Hellos opened before, by agent and request.
Result<std::map<Key, std::string>> KnownSessions(
    Transaction& tx, const std::vector<const v1::HelloRequest*>& hellos) {
  Texts agents, requests;
  for (const v1::HelloRequest* hello : hellos) {
    agents.push_back(hello->agent_name());
    requests.push_back(hello->request_id());
  }
  QF_ASSIGN_OR_RETURN(const auto rows,
                      tx.Query(R"(
    SELECT s.agent_name, s.request_id, s.session_id
    FROM unnest($1::text[], $2::text[]) AS g (agent_name, request_id) JOIN session s USING (agent_name, request_id))",
                               {Parameter::Array(agents), Parameter::Array(requests)}));
  std::map<Key, std::string> known;
  for (const auto& row : rows) {
    known[{row[0].as<std::string>(), row[1].as<std::string>()}] = row[2].as<std::string>();
  }
  return known;
}

// Ends the sessions whose devices say Hello again.
Status SupersedeFormer(Transaction& tx, const std::vector<Opening>& openings,
                       const LeasePolicy& policy) {
  Texts agents, devices;
  for (const Opening& opening : openings) {
    agents.push_back(opening.hello->agent_name());
    devices.push_back(opening.hello->device().device().uid());
  }
  QF_ASSIGN_OR_RETURN(const auto former,
                      tx.Query(R"(
    SELECT s.session_id FROM session s JOIN unnest($1::text[], $2::text[]) AS g (agent_name, device_uid)
      USING (agent_name, device_uid)
    WHERE s.state = 'open' ORDER BY s.session_id FOR UPDATE OF s)",
                               {Parameter::Array(agents), Parameter::Array(devices)}));
  Texts sessions;
  for (const auto& row : former) sessions.push_back(row[0].as<std::string>());
  if (sessions.empty()) return OkStatus();
  QF_RETURN_IF_ERROR(LockMatricesOf(tx, sessions));
  for (const std::string& session : sessions) {
    QF_RETURN_IF_ERROR(
        EndSession(tx, session, {"superseded", "a new session of the agent took over"}, policy));
  }
  return OkStatus();
}

Status InsertSessions(Transaction& tx, const std::vector<Opening>& openings) {
  Texts sessions, requests, agents, uids, hosts, classes, hellos;
  std::vector<int64_t> shares;
  std::vector<double> lives;
  for (const Opening& opening : openings) {
    const v1::HelloRequest& hello = *opening.hello;
    sessions.push_back(opening.session_id);
    requests.push_back(hello.request_id());
    agents.push_back(hello.agent_name());
    uids.push_back(hello.device().device().uid());
    hosts.push_back(hello.host_id());
    shares.push_back(hello.share_host() ? 1 : 0);
    classes.push_back(hello.device().device().device_class());
    hellos.push_back(hello.SerializeAsString());
    lives.push_back(std::isfinite(hello.life_seconds()) ? hello.life_seconds() : 0);
  }
  QF_RETURN_IF_ERROR(tx.Query(R"(
    INSERT INTO agent (agent_name) SELECT DISTINCT unnest($1::text[]) AS name ORDER BY name ON CONFLICT DO NOTHING)",
                              {Parameter::Array(agents)})
                         .status());
  return tx
      .Query(R"(
    INSERT INTO session (session_id, request_id, agent_name, device_uid, host_id, share_host, device_class, state, hello,
                         life_seconds)
    SELECT session_id, request_id, agent_name, device_uid, host_id, share = 1, device_class, 'open', hello, life
    FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::text[], $8::bytea[],
                $9::float8[])
      AS g (session_id, request_id, agent_name, device_uid, host_id, share, device_class, hello, life))",
             {Parameter::Array(sessions), Parameter::Array(requests), Parameter::Array(agents),
              Parameter::Array(uids), Parameter::Array(hosts), Parameter::Array(shares),
              Parameter::Array(classes), Parameter::BytesArray(hellos), Parameter::Array(lives)})
      .status();
}

Status Open(Transaction& tx, const std::vector<Opening>& openings, const LeasePolicy& policy) {
  QF_RETURN_IF_ERROR(SupersedeFormer(tx, openings, policy));
  QF_RETURN_IF_ERROR(InsertSessions(tx, openings));
  std::vector<SessionHello> sessions;
  for (const Opening& opening : openings) sessions.push_back({opening.session_id, opening.hello});
  return MatchSessions(tx, sessions);
}

}  // namespace

Result<std::vector<v1::HelloResponse>> OpenSessions(
    Connection& db, const std::vector<const v1::HelloRequest*>& hellos, const LeasePolicy& policy) {
  std::vector<v1::HelloResponse> responses(hellos.size());
  for (v1::HelloResponse& response : responses) {
    response.set_lease_seconds(policy.lease_seconds);
    response.set_sync_seconds(policy.sync_seconds);
  }
  QF_RETURN_IF_ERROR(db.Run([&](Transaction& tx) -> Status {
    QF_RETURN_IF_ERROR(LockMatching(tx));
    QF_ASSIGN_OR_RETURN(auto known, KnownSessions(tx, hellos));
    std::vector<Opening> openings;
    std::set<Key> devices;
    for (size_t i = 0; i < hellos.size(); ++i) {
      const auto [found, is_new] = known.try_emplace(RequestKey(*hellos[i]));
      if (is_new) {
        found->second = RandomId("ses_");
        // The second of a device sees the first, and supersedes it.
        if (!devices.insert(DeviceKey(*hellos[i])).second) {
          QF_RETURN_IF_ERROR(Open(tx, std::exchange(openings, {}), policy));
          devices = {DeviceKey(*hellos[i])};
        }
        openings.push_back({hellos[i], found->second});
      }
      responses[i].set_session_id(found->second);
    }
    return openings.empty() ? OkStatus() : Open(tx, openings, policy);
  }));
  return responses;
}

Result<v1::HelloResponse> OpenSession(Connection& db, const v1::HelloRequest& request,
                                      const LeasePolicy& policy) {
  QF_ASSIGN_OR_RETURN(auto responses, OpenSessions(db, {&request}, policy));
  return std::move(responses.front());
}

}  // namespace quantfleet::postgres
