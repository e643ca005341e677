// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/rpc/access/gate.hpp"

#include <chrono>
#include <string_view>

#include <google/protobuf/message.h>
#include <grpc/grpc_security_constants.h>
#include <grpcpp/security/auth_context.h>
#include <grpcpp/server_context.h>

#include "coordinator/access/method_table.hpp"
#include "coordinator/access/refusal.hpp"
#include "coordinator/access/secret.hpp"
#include "coordinator/postgres/access/enrolment_store.hpp"
#include "coordinator/postgres/access/token_store.hpp"
#include "coordinator/rpc/observe/call_observer.hpp"

namespace quantfleet::rpc {
namespace {

constexpr size_t kMostKeys = 20'000;
// For so long a certificate counts as good without another look into the database.
constexpr Duration kGoodFor = std::chrono::seconds(2);
constexpr std::string_view kBearer = "Bearer ";

// "ipv4:10.0.0.7:51234" without the port.
std::string PeerOf(const grpc::CallbackServerContext& context) {
  const std::string peer = context.peer();
  return peer.starts_with("ip") ? peer.substr(0, peer.rfind(':')) : peer;
}

std::string PeerCertificate(const grpc::CallbackServerContext& context) {
  const auto auth = context.auth_context();
  if (!auth) return "";
  const auto values = auth->FindPropertyValues(GRPC_X509_PEM_CERT_PROPERTY_NAME);
  return values.size() == 1 ? std::string(values[0].data(), values[0].size()) : "";
}

// Two headers are nobody's; no header is "".
Result<std::string> AuthorizationOf(const grpc::CallbackServerContext& context) {
  const auto& metadata = context.client_metadata();
  const auto [begin, end] = metadata.equal_range("authorization");
  if (begin == end) return std::string();
  if (std::next(begin) != end) return access::Unauthenticated("more than one authorization");
  return std::string(begin->second.data(), begin->second.size());
}

}  // namespace

std::optional<postgres::Quota> Caller::QuotaOf(const AccessLimits& limits) const {
  if (!verified) return std::nullopt;
  return limits.quota;
}

Gate::Gate(const std::optional<TlsFiles>& files, const AccessLimits& limits)
    : files_(files),
      limits_(limits),
      certificates_(files ? std::make_unique<CertificateCheck>(*files) : nullptr),
      people_(limits.person_rate, limits.person_burst, kMostKeys, Clock::Steady()),
      agents_(limits.agent_rate, limits.agent_burst, kMostKeys, Clock::Steady()),
      failures_(limits.failure_rate, limits.failure_burst, kMostKeys, Clock::Steady()) {}

Result<Caller> Gate::Admit(postgres::Connection& db, const grpc::CallbackServerContext& context,
                           const google::protobuf::Message& request) {
  const access::MethodRule* rule = access::RuleOf(request.GetDescriptor());
  if (rule == nullptr) return access::PermissionDenied("nobody may call this method");
  if (request.ByteSizeLong() > rule->most_request_bytes) {
    return ResourceExhausted("the request is larger than " +
                             std::to_string(rule->most_request_bytes) + " bytes");
  }
  const std::string peer = PeerOf(context);
  const std::string request_id = RequestIdOf(context);
  if (!rule->least) {
    if (!failures_.HasRoom(peer)) return ResourceExhausted("too many failed attempts; wait");
    return Caller{{"", access::Role::kAgent, peer, request_id}, false};
  }
  QF_ASSIGN_OR_RETURN(Caller caller,
                      Identify(db, context, peer, *rule->least == access::Role::kAgent));
  caller.actor.request_id = request_id;
  if (!access::Permits(*rule, caller.actor.role)) {
    return access::PermissionDenied(
        caller.actor.principal + " is " + std::string(access::RoleName(caller.actor.role)) +
        "; this needs the role " + std::string(access::RoleName(*rule->least)));
  }
  if (!caller.verified) return caller;
  const bool is_agent = caller.actor.role == access::Role::kAgent;
  if (!(is_agent ? agents_ : people_).Take(caller.actor.principal)) {
    return ResourceExhausted("too many calls by " + caller.actor.principal + "; slow down");
  }
  return caller;
}

Result<Caller> Gate::Identify(postgres::Connection& db, const grpc::CallbackServerContext& context,
                              const std::string& peer, bool for_agents) {
  const std::string pem = certificates_ ? PeerCertificate(context) : "";
  if (!pem.empty()) return ByCertificate(db, pem, peer);
  if (!certificates_ && for_agents) {
    return Caller{{"local", access::Role::kAgent, peer}, false};
  }
  if (!failures_.HasRoom(peer)) return ResourceExhausted("too many failed attempts; wait");
  QF_ASSIGN_OR_RETURN(const std::string header, AuthorizationOf(context));
  if (!header.empty()) return ByToken(db, header, peer);
  if (!certificates_) {
    QF_ASSIGN_OR_RETURN(const bool any, postgres::AnyBearerToken(db));
    if (!any) return Caller{{"local", access::Role::kAdmin, peer}, false};
  }
  failures_.Take(peer);
  return access::Unauthenticated(for_agents ? "an agent shows a certificate; enrol it"
                                            : "show a token (QUANTFLEET_TOKEN) or a certificate "
                                              "(--identity)");
}

Result<Caller> Gate::ByCertificate(postgres::Connection& db, const std::string& pem,
                                   const std::string& peer) {
  QF_ASSIGN_OR_RETURN(const auto holder, certificates_->Check(pem));
  if (holder.enrolled) QF_RETURN_IF_ERROR(CheckEnrolled(db, holder.serial));
  return Caller{{holder.name, holder.role, peer}, true, holder.enrolled ? holder.serial : ""};
}

Result<Caller> Gate::ByToken(postgres::Connection& db, const std::string& header,
                             const std::string& peer) {
  const std::string sha256 =
      header.starts_with(kBearer) ? access::HashOfSecret(header.substr(kBearer.size())) : "";
  std::optional<access::Actor> actor;
  if (!sha256.empty()) {
    QF_ASSIGN_OR_RETURN(actor, postgres::FindBearer(db, sha256));
  }
  if (!actor) {
    failures_.Take(peer);
    return access::Unauthenticated("the token is unknown, expired or revoked");
  }
  actor->peer = peer;
  return Caller{*actor, true};
}

Status Gate::CheckEnrolled(postgres::Connection& db, const std::string& serial) {
  const Duration now = Clock::Steady()->Now();
  {
    const std::lock_guard lock(mutex_);
    const auto found = good_until_.find(serial);
    if (found != good_until_.end() && now < found->second) return OkStatus();
    if (good_until_.size() >= kMostKeys) good_until_.clear();
  }
  QF_ASSIGN_OR_RETURN(const bool good, postgres::IsCertificateGood(db, serial));
  if (!good) return access::Unauthenticated("the certificate is revoked");
  const std::lock_guard lock(mutex_);
  good_until_[serial] = now + kGoodFor;
  return OkStatus();
}

}  // namespace quantfleet::rpc
