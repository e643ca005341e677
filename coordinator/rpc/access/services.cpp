// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/rpc/services.hpp"

#include "base/logging.hpp"
#include "coordinator/access/secret.hpp"
#include "coordinator/postgres/access/audit.hpp"
#include "coordinator/postgres/access/enrolment_store.hpp"
#include "coordinator/postgres/access/token_store.hpp"
#include "coordinator/rpc/unary.hpp"
#include "pki/issuer.hpp"
#include "pki/signing_request.hpp"

namespace quantfleet::rpc {
namespace {

constexpr uint64_t kDaySeconds = 24 * 3600;
constexpr uint64_t kMostTokenSeconds = 366 * kDaySeconds;
constexpr uint64_t kDefaultTokenSeconds = 90 * kDaySeconds;
constexpr uint64_t kDefaultEnrolmentSeconds = 3600;
constexpr uint32_t kMostMatrices = 1'000'000;
constexpr uint64_t kMostArms = 1'000'000'000'000;

using postgres::Connection;

Result<uint64_t> ValidSeconds(uint64_t asked, uint64_t usual, uint64_t most) {
  if (asked > most) {
    return InvalidArgument("valid_seconds is at most " + std::to_string(most));
  }
  return asked == 0 ? usual : asked;
}

Result<postgres::NewToken> Check(const v1::CreateTokenRequest& request) {
  postgres::NewToken token;
  const auto role = access::ParseRole(request.role());
  if (!role || *role == access::Role::kAgent) {
    return InvalidArgument("role is viewer, submitter, operator or admin");
  }
  if (!access::IsName(request.principal())) {
    return InvalidArgument("principal is 1 to 64 of a-z A-Z 0-9 . - _");
  }
  if (request.max_running_matrices() > kMostMatrices || request.max_running_arms() > kMostArms) {
    return InvalidArgument("a quota is at most 1000000 matrices and 1000000000000 arms");
  }
  // Not with a comparison that NaN passes.
  if (request.has_weight() && !(request.weight() >= 0.01 && request.weight() <= 100)) {
    return InvalidArgument("weight is 0.01 to 100");
  }
  QF_ASSIGN_OR_RETURN(token.valid_seconds, ValidSeconds(request.valid_seconds(),
                                                        kDefaultTokenSeconds, kMostTokenSeconds));
  token.secret = access::MakeSecret();
  token.principal = request.principal();
  token.role = *role;
  if (request.has_max_running_matrices())
    token.max_running_matrices = request.max_running_matrices();
  if (request.has_max_running_arms()) token.max_running_arms = request.max_running_arms();
  if (request.has_weight()) token.weight = request.weight();
  return token;
}

class AccessServiceImpl final : public v1::AccessService::CallbackService {
 public:
  explicit AccessServiceImpl(const Backend& backend) : backend_(backend) {}

  grpc::ServerUnaryReactor* CreateToken(grpc::CallbackServerContext* context,
                                        const v1::CreateTokenRequest* request,
                                        v1::CreateTokenResponse* response) override {
    return AnswerFromPool(
        backend_, context, request, response,
        [this, request](Connection& db, const Caller& caller) -> Result<v1::CreateTokenResponse> {
          QF_ASSIGN_OR_RETURN(postgres::NewToken token, Check(*request));
          token.tokens_only = backend_.gate->tls() == nullptr;
          v1::CreateTokenResponse made;
          QF_ASSIGN_OR_RETURN(*made.mutable_facts(), postgres::StoreToken(db, caller.actor, token));
          made.set_token(token.secret.text);
          return made;
        });
  }

  grpc::ServerUnaryReactor* CreateEnrolmentToken(
      grpc::CallbackServerContext* context, const v1::CreateEnrolmentTokenRequest* request,
      v1::CreateEnrolmentTokenResponse* response) override {
    return AnswerFromPool(
        backend_, context, request, response,
        [request](Connection& db,
                  const Caller& caller) -> Result<v1::CreateEnrolmentTokenResponse> {
          if (!access::IsName(request->agent_name())) {
            return InvalidArgument("agent_name is 1 to 64 of a-z A-Z 0-9 . - _");
          }
          postgres::NewToken token;
          QF_ASSIGN_OR_RETURN(
              token.valid_seconds,
              ValidSeconds(request->valid_seconds(), kDefaultEnrolmentSeconds, kDaySeconds));
          token.secret = access::MakeSecret();
          token.principal = request->agent_name();
          token.role = access::Role::kAgent;
          v1::CreateEnrolmentTokenResponse made;
          QF_ASSIGN_OR_RETURN(*made.mutable_facts(), postgres::StoreToken(db, caller.actor, token));
          made.set_token(token.secret.text);
          return made;
        });
  }

  grpc::ServerUnaryReactor* ListTokens(grpc::CallbackServerContext* context,
                                       const v1::ListTokensRequest* request,
                                       v1::ListTokensResponse* response) override {
    return AnswerFromPool(backend_, context, request, response,
                          [](Connection& db, const Caller&) { return postgres::ListTokens(db); });
  }

  grpc::ServerUnaryReactor* RevokeToken(grpc::CallbackServerContext* context,
                                        const v1::RevokeTokenRequest* request,
                                        v1::RevokeTokenResponse* response) override {
    return AnswerFromPool(
        backend_, context, request, response,
        [request](Connection& db, const Caller& caller) -> Result<v1::RevokeTokenResponse> {
          QF_RETURN_IF_ERROR(postgres::RevokeToken(db, caller.actor, request->token_id()));
          return v1::RevokeTokenResponse();
        });
  }

  grpc::ServerUnaryReactor* RevokeAgent(grpc::CallbackServerContext* context,
                                        const v1::RevokeAgentRequest* request,
                                        v1::RevokeAgentResponse* response) override {
    return AnswerFromPool(
        backend_, context, request, response,
        [request](Connection& db, const Caller& caller) -> Result<v1::RevokeAgentResponse> {
          v1::RevokeAgentResponse revoked;
          QF_ASSIGN_OR_RETURN(const uint32_t count,
                              postgres::RevokeAgent(db, caller.actor, request->agent_name()));
          revoked.set_certificates(count);
          return revoked;
        });
  }

  grpc::ServerUnaryReactor* ListAudit(grpc::CallbackServerContext* context,
                                      const v1::ListAuditRequest* request,
                                      v1::ListAuditResponse* response) override {
    return AnswerFromPool(
        backend_, context, request, response,
        [request](Connection& db, const Caller&) { return postgres::ListAudit(db, *request); });
  }

 private:
  const Backend backend_;
};

// Signs for an agent and remembers the certificate.
Result<postgres::IssuedCertificate> SignFor(const TlsFiles& files, const std::string& request_pem,
                                            const std::string& agent, std::string* certificate) {
  const pki::Issuer issuer{files.agents_pem, files.agents_key_pem};
  QF_ASSIGN_OR_RETURN(*certificate, pki::IssueCertificate(issuer, request_pem,
                                                          {{"agent", agent}, {}, kDaySeconds}));
  QF_ASSIGN_OR_RETURN(const auto facts, pki::ReadCertificate(*certificate));
  return postgres::IssuedCertificate{facts.serial, facts.not_after};
}

class EnrolmentServiceImpl final : public v1::EnrolmentService::CallbackService {
 public:
  explicit EnrolmentServiceImpl(const Backend& backend) : backend_(backend) {}

  grpc::ServerUnaryReactor* Enrol(grpc::CallbackServerContext* context,
                                  const v1::EnrolRequest* request,
                                  v1::EnrolResponse* response) override {
    return AnswerFromPool(backend_, context, request, response,
                          [this, request](Connection& db, const Caller& caller) {
                            auto enrolled = Enrol(db, *request, caller);
                            if (enrolled.status().code() == StatusCode::kUnauthenticated) {
                              backend_.gate->NoteFailure(caller);
                            }
                            return enrolled;
                          });
  }

  grpc::ServerUnaryReactor* RenewCertificate(grpc::CallbackServerContext* context,
                                             const v1::RenewCertificateRequest* request,
                                             v1::RenewCertificateResponse* response) override {
    return AnswerFromPool(
        backend_, context, request, response,
        [this, request](Connection& db,
                        const Caller& caller) -> Result<v1::RenewCertificateResponse> {
          QF_RETURN_IF_ERROR(CheckSigns());
          const TlsFiles& files = *backend_.gate->tls();
          v1::RenewCertificateResponse renewed;
          QF_ASSIGN_OR_RETURN(const auto issued,
                              SignFor(files, request->signing_request_pem(), caller.actor.principal,
                                      renewed.mutable_certificate_pem()));
          QF_RETURN_IF_ERROR(
              postgres::StoreRenewal(db, caller.actor, caller.enrolled_serial, issued));
          renewed.set_authority_pem(files.authority_pem);
          return renewed;
        });
  }

 private:
  Status CheckSigns() const {
    const TlsFiles* files = backend_.gate->tls();
    if (files == nullptr)
      return FailedPrecondition("there is no TLS here, and nothing to enrol for");
    if (!files->agents_key_pem.empty()) return OkStatus();
    return FailedPrecondition("this coordinator enrols nobody: its --tls folder has no agents.key");
  }

  Result<v1::EnrolResponse> Enrol(Connection& db, const v1::EnrolRequest& request,
                                  const Caller& caller) const {
    QF_RETURN_IF_ERROR(CheckSigns());
    const TlsFiles& files = *backend_.gate->tls();
    const std::string& request_pem = request.signing_request_pem();
    QF_ASSIGN_OR_RETURN(const std::string key, pki::RequestedKeySha256(request_pem));
    v1::EnrolResponse enrolled;
    QF_RETURN_IF_ERROR(postgres::SpendEnrolmentToken(
        db, access::HashOfSecret(request.token()), key, caller.actor.peer,
        [&](const std::string& agent) {
          return SignFor(files, request_pem, agent, enrolled.mutable_certificate_pem());
        }));
    enrolled.set_authority_pem(files.authority_pem);
    log::Info("agent enrolled", {{"peer", caller.actor.peer}});
    return enrolled;
  }

  const Backend backend_;
};

}  // namespace

std::unique_ptr<v1::AccessService::CallbackService> MakeAccessService(const Backend& backend) {
  return std::make_unique<AccessServiceImpl>(backend);
}
std::unique_ptr<v1::EnrolmentService::CallbackService> MakeEnrolmentService(
    const Backend& backend) {
  return std::make_unique<EnrolmentServiceImpl>(backend);
}

}  // namespace quantfleet::rpc
