// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/status.hpp"
#include "coordinator/access/role.hpp"
#include "coordinator/access/secret.hpp"
#include "coordinator/postgres/connection.hpp"

#include "quantfleet/v1/access_service.pb.h"

namespace quantfleet::postgres {

// A token on its way in. Of the secret only identity and hash are stored.
struct NewToken {
  access::NewSecret secret;
  std::string principal;  // or the agent that an enrolment token is for
  access::Role role = access::Role::kViewer;
  uint64_t valid_seconds = 0;
  std::optional<uint32_t> max_running_matrices;
  std::optional<uint64_t> max_running_arms;
  std::optional<double> weight;
  // True where only tokens tell people apart: the first one must then be an admin's.
  bool tokens_only = false;
};

// kFailedPrecondition: see tokens_only.
Result<v1::Token> StoreToken(Connection& db, const access::Actor& actor, const NewToken& token);

// Who shows a bearer token of this hash; nullopt if it is unknown, expired, revoked or an enrolment
// token. `peer` is left alone.
Result<std::optional<access::Actor>> FindBearer(Connection& db, const std::string& sha256);
// True if a bearer token was ever made, whatever became of it.
Result<bool> AnyBearerToken(Connection& db);

Result<v1::ListTokensResponse> ListTokens(Connection& db);
// kNotFound: no such token.
Status RevokeToken(Connection& db, const access::Actor& actor, const std::string& token_id);

}  // namespace quantfleet::postgres
