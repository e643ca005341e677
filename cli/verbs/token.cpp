// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <ctime>

#include <google/protobuf/util/time_util.h>

#include "cli/client.hpp"
#include "cli/output.hpp"
#include "cli/verbs/security.hpp"

namespace quantfleet::cli {
namespace {

using google::protobuf::util::TimeUtil;

std::string StateOf(const v1::Token& token) {
  if (token.has_revoke_time()) return "revoked";
  if (token.has_use_time()) return "used";
  return token.expire_time().seconds() <= std::time(nullptr) ? "expired" : "good";
}

int PrintTable(const Table& table, Output output) {
  Print(output == Output::kCsv ? table.AsCsv() : table.AsText());
  return 0;
}

uint64_t SecondsOf(const std::optional<double>& hours) {
  return hours ? static_cast<uint64_t>(std::max(1.0, std::round(*hours * 3600))) : 0;
}

template <typename Made>
int PrintSecret(const Result<Made>& made) {
  if (!made.ok()) return Fail(made.status());
  std::fprintf(stderr, "token %s for %s (%s), good until %s; it is shown this once\n",
               made->facts().token_id().c_str(), made->facts().principal().c_str(),
               made->facts().role().c_str(),
               TimeUtil::ToString(made->facts().expire_time()).c_str());
  Print(made->token() + "\n");
  return 0;
}

}  // namespace

int TokenCreate(const Common& common, const TokenOptions& options) {
  Client client(common.remote);
  if (options.role == "agent") {
    if (options.max_running_matrices || options.max_running_arms || options.weight) {
      return Fail(InvalidArgument("an agent has no quota and no weight"));
    }
    v1::CreateEnrolmentTokenRequest request;
    request.set_agent_name(options.name);
    request.set_valid_seconds(SecondsOf(options.hours));
    return PrintSecret(client.CreateEnrolmentToken(request));
  }
  v1::CreateTokenRequest request;
  request.set_principal(options.name);
  request.set_role(options.role);
  request.set_valid_seconds(SecondsOf(options.hours));
  if (options.max_running_matrices) request.set_max_running_matrices(*options.max_running_matrices);
  if (options.max_running_arms) request.set_max_running_arms(*options.max_running_arms);
  if (options.weight) request.set_weight(*options.weight);
  return PrintSecret(client.CreateToken(request));
}

int TokenList(const Common& common) {
  const auto response = Client(common.remote).ListTokens({});
  if (!response.ok()) return Fail(response.status());
  if (common.output == Output::kJson) {
    Print(JsonOf(*response));
    return 0;
  }
  Table table({"token", "name", "role", "state", "created", "expires"});
  for (const v1::Token& token : response->tokens()) {
    table.Add({token.token_id(), token.principal(), token.role(), StateOf(token),
               TimeUtil::ToString(token.create_time()), TimeUtil::ToString(token.expire_time())});
  }
  return PrintTable(table, common.output);
}

int TokenRevoke(const Common& common, const std::string& token_id) {
  v1::RevokeTokenRequest request;
  request.set_token_id(token_id);
  const auto response = Client(common.remote).RevokeToken(request);
  if (!response.ok()) return Fail(response.status());
  std::printf("%s is revoked\n", token_id.c_str());
  return 0;
}

int AgentRevoke(const Common& common, const std::string& agent) {
  v1::RevokeAgentRequest request;
  request.set_agent_name(agent);
  const auto response = Client(common.remote).RevokeAgent(request);
  if (!response.ok()) return Fail(response.status());
  std::printf("%u certificates of %s are revoked, and its enrolment tokens\n",
              response->certificates(), agent.c_str());
  return 0;
}

int ShowAudit(const Common& common, unsigned count) {
  v1::ListAuditRequest request;
  request.set_page_size(count);
  const auto response = Client(common.remote).ListAudit(request);
  if (!response.ok()) return Fail(response.status());
  if (common.output == Output::kJson) {
    Print(JsonOf(*response));
    return 0;
  }
  Table table({"time", "who", "role", "from", "did", "to", "detail", "request"});
  for (const v1::AuditEntry& entry : response->entries()) {
    table.Add({TimeUtil::ToString(entry.time()), entry.principal(), entry.role(), entry.peer(),
               entry.action(), entry.object(), entry.detail(), entry.request_id()});
  }
  return PrintTable(table, common.output);
}

}  // namespace quantfleet::cli
