// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/postgres/access/token_store.hpp"

#include "coordinator/postgres/access/audit.hpp"
#include "coordinator/postgres/input.hpp"

namespace quantfleet::postgres {
namespace {

constexpr const char* kSelectToken = R"(
  SELECT token_id, principal, role,
         floor(extract(epoch FROM create_time))::bigint AS created,
         floor(extract(epoch FROM expire_time))::bigint AS expires,
         floor(extract(epoch FROM revoke_time))::bigint AS revoked,
         floor(extract(epoch FROM use_time))::bigint AS used
  FROM token )";

v1::Token TokenOf(const pqxx::row& row) {
  v1::Token token;
  token.set_token_id(row["token_id"].as<std::string>());
  token.set_principal(row["principal"].as<std::string>());
  token.set_role(row["role"].as<std::string>());
  token.mutable_create_time()->set_seconds(row["created"].as<int64_t>());
  token.mutable_expire_time()->set_seconds(row["expires"].as<int64_t>());
  if (!row["revoked"].is_null())
    token.mutable_revoke_time()->set_seconds(row["revoked"].as<int64_t>());
  if (!row["used"].is_null()) token.mutable_use_time()->set_seconds(row["used"].as<int64_t>());
  return token;
}

Result<bool> AnyBearer(Transaction& tx) {
  QF_ASSIGN_OR_RETURN(const auto rows,
                      tx.Query("SELECT EXISTS (SELECT 1 FROM token WHERE role <> 'agent')"));
  return rows[0][0].as<bool>();
}

// Keeps two first tokens from being made beside each other.
Status CheckFirst(Transaction& tx, const NewToken& token) {
  const bool for_people = token.role != access::Role::kAgent;
  if (!token.tokens_only || !for_people || token.role == access::Role::kAdmin) return OkStatus();
  QF_RETURN_IF_ERROR(tx.Query("LOCK TABLE token IN SHARE ROW EXCLUSIVE MODE").status());
  QF_ASSIGN_OR_RETURN(const bool any, AnyBearer(tx));
  if (any) return OkStatus();
  return FailedPrecondition(
      "the first token must be an admin's: from then on every call needs one");
}

Status SetQuotas(Transaction& tx, const NewToken& token) {
  QF_RETURN_IF_ERROR(
      tx.Query("INSERT INTO principal (principal) VALUES ($1) ON CONFLICT DO NOTHING",
               {token.principal})
          .status());
  if (token.max_running_matrices) {
    QF_RETURN_IF_ERROR(
        tx.Query("UPDATE principal SET max_running_matrices = nullif($2::integer, 0) "
                 "WHERE principal = $1",
                 {token.principal, *token.max_running_matrices})
            .status());
  }
  if (token.weight) {
    QF_RETURN_IF_ERROR(tx.Query("UPDATE principal SET weight = $2 WHERE principal = $1",
                                {token.principal, *token.weight})
                           .status());
  }
  if (!token.max_running_arms) return OkStatus();
  return tx
      .Query("UPDATE principal SET max_running_arms = nullif($2::bigint, 0) WHERE principal = $1",
             {token.principal, *token.max_running_arms})
      .status();
}

}  // namespace

Result<v1::Token> StoreToken(Connection& db, const access::Actor& actor, const NewToken& token) {
  v1::Token stored;
  QF_RETURN_IF_ERROR(db.Run([&](Transaction& tx) -> Status {
    QF_RETURN_IF_ERROR(CheckFirst(tx, token));
    if (token.role != access::Role::kAgent) QF_RETURN_IF_ERROR(SetQuotas(tx, token));
    QF_ASSIGN_OR_RETURN(
        const auto made,
        tx.Query(R"(
      INSERT INTO token (token_id, principal, role, sha256, expire_time)
      VALUES ($1, $2, $3, $4, clock_timestamp() + make_interval(secs => $5)) ON CONFLICT (token_id) DO NOTHING)",
                 {token.secret.token_id, token.principal, access::RoleName(token.role),
                  token.secret.sha256, static_cast<double>(token.valid_seconds)}));
    // None when the commit before was in doubt and did happen.
    if (made.affected_rows() == 1) {
      const bool enrols = token.role == access::Role::kAgent;
      QF_RETURN_IF_ERROR(WriteAudit(
          tx, actor, enrols ? "CreateEnrolmentToken" : "CreateToken", token.secret.token_id,
          std::string(access::RoleName(token.role)) + " " + token.principal));
    }
    QF_ASSIGN_OR_RETURN(const auto rows, tx.Query(std::string(kSelectToken) + "WHERE token_id = $1",
                                                  {token.secret.token_id}));
    stored = TokenOf(rows[0]);
    return OkStatus();
  }));
  return stored;
}

Result<std::optional<access::Actor>> FindBearer(Connection& db, const std::string& sha256) {
  std::optional<access::Actor> actor;
  QF_RETURN_IF_ERROR(db.Run([&](Transaction& tx) -> Status {
    actor.reset();
    QF_ASSIGN_OR_RETURN(const auto rows,
                        tx.Query("SELECT principal, role FROM token WHERE sha256 = $1 AND role <> "
                                 "'agent' AND revoke_time IS NULL AND expire_time > "
                                 "clock_timestamp()",
                                 {sha256}));
    if (rows.empty()) return OkStatus();
    const auto role = access::ParseRole(rows[0][1].as<std::string>());
    if (role) actor = access::Actor{rows[0][0].as<std::string>(), *role, ""};
    return OkStatus();
  }));
  return actor;
}

Result<bool> AnyBearerToken(Connection& db) {
  bool any = true;
  QF_RETURN_IF_ERROR(db.Run([&](Transaction& tx) -> Status {
    QF_ASSIGN_OR_RETURN(any, AnyBearer(tx));
    return OkStatus();
  }));
  return any;
}

Result<v1::ListTokensResponse> ListTokens(Connection& db) {
  v1::ListTokensResponse response;
  QF_RETURN_IF_ERROR(db.Run([&](Transaction& tx) -> Status {
    response.Clear();
    QF_ASSIGN_OR_RETURN(const auto rows,
                        tx.Query(std::string(kSelectToken) +
                                 "ORDER BY token.create_time DESC, token_id LIMIT 1000"));
    for (const auto& row : rows) *response.add_tokens() = TokenOf(row);
    return OkStatus();
  }));
  return response;
}

Status RevokeToken(Connection& db, const access::Actor& actor, const std::string& token_id) {
  return db.Run([&](Transaction& tx) -> Status {
    QF_ASSIGN_OR_RETURN(const auto known,
                        tx.Query("SELECT principal FROM token WHERE token_id = $1", {token_id}));
    if (known.empty()) return NotFound("no token has the id " + PlainText(token_id));
    QF_ASSIGN_OR_RETURN(const auto ended,
                        tx.Query("UPDATE token SET revoke_time = clock_timestamp() "
                                 "WHERE token_id = $1 AND revoke_time IS NULL",
                                 {token_id}));
    if (ended.affected_rows() == 0) return OkStatus();
    return WriteAudit(tx, actor, "RevokeToken", token_id, known[0][0].as<std::string>());
  });
}

}  // namespace quantfleet::postgres
