// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/postgres/access/enrolment_store.hpp"

#include "coordinator/access/refusal.hpp"
#include "coordinator/postgres/access/audit.hpp"
#include "coordinator/postgres/input.hpp"

namespace quantfleet::postgres {
namespace {

// Whoever gives an agent a certificate and whoever takes all of them away wait for each other: one
// that is inserted while the other looks would be overlooked. Taken before any row's lock. 7242 are
// the hosts of claims, which must not wait for it: agents are often called as their host.
Status LockAgent(Transaction& tx, const std::string& agent) {
  return tx.Query("SELECT pg_advisory_xact_lock(7243, hashtext($1))", {agent}).status();
}

// The agent that an enrolment token is for; empty if there is no such token.
Result<std::string> AgentOf(Transaction& tx, const std::string& token_sha256) {
  QF_ASSIGN_OR_RETURN(
      const auto rows,
      tx.Query("SELECT principal FROM token WHERE sha256 = $1 AND role = 'agent'", {token_sha256}));
  return rows.empty() ? std::string() : rows[0][0].as<std::string>();
}

// How many were stored: none if the commit before was in doubt and did happen.
Result<bool> Insert(Transaction& tx, const std::string& agent, const IssuedCertificate& issued) {
  QF_ASSIGN_OR_RETURN(const auto made, tx.Query(R"(
    INSERT INTO certificate (serial, agent_name, expire_time) VALUES ($1, $2, to_timestamp($3::bigint))
    ON CONFLICT (serial) DO NOTHING)",
                                                {issued.serial, agent, issued.not_after}));
  return made.affected_rows() == 1;
}

}  // namespace

Status SpendEnrolmentToken(Connection& db, const std::string& token_sha256,
                           const std::string& key_sha256, const std::string& peer,
                           const SignFor& sign) {
  return db.Run([&](Transaction& tx) -> Status {
    QF_ASSIGN_OR_RETURN(const std::string name, AgentOf(tx, token_sha256));
    // Strangers who guess do not wait for each other.
    if (!name.empty()) QF_RETURN_IF_ERROR(LockAgent(tx, name));
    QF_ASSIGN_OR_RETURN(const auto rows, tx.Query(R"(
      UPDATE token SET use_time = coalesce(use_time, clock_timestamp()), key_sha256 = $2
      WHERE sha256 = $1 AND role = 'agent' AND revoke_time IS NULL AND expire_time > clock_timestamp()
        AND coalesce(key_sha256, $2) = $2
      RETURNING token_id, principal)",
                                                  {token_sha256, key_sha256}));
    if (rows.empty()) {
      return access::Unauthenticated("the enrolment token is unknown, expired, revoked or used");
    }
    const auto agent = rows[0][1].as<std::string>();
    QF_ASSIGN_OR_RETURN(const IssuedCertificate issued, sign(agent));
    QF_ASSIGN_OR_RETURN(const bool fresh, Insert(tx, agent, issued));
    if (!fresh) return OkStatus();
    return WriteAudit(tx, {agent, access::Role::kAgent, peer}, "Enrol",
                      rows[0][0].as<std::string>(), "serial " + issued.serial);
  });
}

Status StoreRenewal(Connection& db, const access::Actor& actor, const std::string& shown,
                    const IssuedCertificate& issued) {
  return db.Run([&](Transaction& tx) -> Status {
    QF_RETURN_IF_ERROR(LockAgent(tx, actor.principal));
    // Whoever let the call in may have remembered an answer of seconds ago.
    QF_ASSIGN_OR_RETURN(
        const auto good,
        tx.Query("SELECT 1 FROM certificate WHERE serial = $1 AND revoke_time IS NULL", {shown}));
    if (!shown.empty() && good.empty()) {
      return access::Unauthenticated("the certificate is revoked");
    }
    QF_ASSIGN_OR_RETURN(const bool fresh, Insert(tx, actor.principal, issued));
    if (!fresh) return OkStatus();
    return WriteAudit(tx, actor, "RenewCertificate", actor.principal, "serial " + issued.serial);
  });
}

Result<bool> IsCertificateGood(Connection& db, const std::string& serial) {
  bool good = false;
  QF_RETURN_IF_ERROR(db.Run([&](Transaction& tx) -> Status {
    QF_ASSIGN_OR_RETURN(
        const auto rows,
        tx.Query("SELECT 1 FROM certificate WHERE serial = $1 AND revoke_time IS NULL", {serial}));
    good = !rows.empty();
    return OkStatus();
  }));
  return good;
}

Result<uint32_t> RevokeAgent(Connection& db, const access::Actor& actor,
                             const std::string& agent_name) {
  uint32_t count = 0;
  QF_RETURN_IF_ERROR(db.Run([&](Transaction& tx) -> Status {
    QF_RETURN_IF_ERROR(LockAgent(tx, PlainText(agent_name)));
    QF_ASSIGN_OR_RETURN(const auto rows, tx.Query(R"(
      UPDATE certificate SET revoke_time = clock_timestamp()
      WHERE agent_name = $1 AND revoke_time IS NULL AND expire_time > clock_timestamp())",
                                                  {PlainText(agent_name)}));
    count = static_cast<uint32_t>(rows.affected_rows());
    // Its enrolment tokens too: a spent one is answered again to the key that it was spent on.
    QF_ASSIGN_OR_RETURN(const auto tokens, tx.Query(R"(
      UPDATE token SET revoke_time = clock_timestamp()
      WHERE role = 'agent' AND principal = $1 AND revoke_time IS NULL AND expire_time > clock_timestamp())",
                                                    {PlainText(agent_name)}));
    if (count == 0 && tokens.affected_rows() == 0) {
      return NotFound("no certificate or enrolment token of an agent called " +
                      PlainText(agent_name) + " is alive");
    }
    return WriteAudit(tx, actor, "RevokeAgent", agent_name,
                      std::to_string(count) + " certificates, " +
                          std::to_string(tokens.affected_rows()) + " enrolment tokens");
  }));
  return count;
}

}  // namespace quantfleet::postgres
