// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
//
// What those who are let in may do to each other, over real TLS: sessions, grants, enrolment.
#include <cstdio>
#include <ctime>
#include <fstream>
#include <sstream>
#include <thread>

#include <gmock/gmock.h>

#include "coordinator/postgres/access/enrolment_store.hpp"
#include "pki/certificate.hpp"
#include "tests/integration/access/secure_coordinator.hpp"
#include "tests/support/blocks.hpp"

#include "quantfleet/v1/access_service.pb.h"
#include "quantfleet/v1/agent_service.pb.h"
#include "quantfleet/v1/enrolment_service.pb.h"
#include "quantfleet/v1/fleet_service.pb.h"
#include "quantfleet/v1/matrix_service.pb.h"

namespace quantfleet::testing {
namespace {

using access::Role;
using grpc::StatusCode;
using ::testing::HasSubstr;
using Channel = std::shared_ptr<grpc::Channel>;

std::string Quickstart() {
  std::ifstream file(QUANTFLEET_SOURCE_DIR "/examples/quickstart.yaml");
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// An agent with a certificate and a session.
struct Agent {
  Agent(const SecureCoordinator& coordinator, const std::string& name, const std::string& host)
      : pair(IssueBy(coordinator.authorities.root, "agent", name)),
        channel(coordinator.Connect(&pair, true)) {
    v1::HelloResponse response;
    const auto status = CallMethod(channel, "AgentService/Hello", HelloOf(name, host), &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    session = response.session_id();
  }
  v1::SyncResponse Sync() const {
    v1::SyncRequest request;
    request.set_session_id(session);
    v1::SyncResponse response;
    EXPECT_TRUE(CallMethod(channel, "AgentService/Sync", request, &response).ok());
    return response;
  }
  v1::ReportVerdict Report(const v1::ReportRequest& request) const {
    v1::ReportResponse response;
    const auto status = CallMethod(channel, "AgentService/Report", request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response.verdicts_size() == 1 ? response.verdicts(0) : v1::ReportVerdict();
  }

  KeyPair pair;
  Channel channel;
  std::string session;
};

StatusCode Submit(const Channel& channel, const std::string& token, const std::string& id,
                  v1::SubmitMatrixResponse* response) {
  v1::SubmitMatrixRequest request;
  request.set_document(Quickstart());
  request.set_request_id(id);
  return CallMethod(channel, "MatrixService/SubmitMatrix", request, response, token).error_code();
}

TEST(Conduct, AnAgentSpeaksForItselfAlone) {
  SecureCoordinator coordinator;
  const Agent mine(coordinator, "gpu-7", "host-1"), other(coordinator, "gpu-8", "host-2");
  ASSERT_TRUE(postgres::SubmitMatrix(coordinator.db, SubmissionOf("one", 2)).ok());
  const v1::Grant grant = mine.Sync().start();
  ASSERT_FALSE(grant.block().block_id().empty());

  v1::HelloResponse hello;
  EXPECT_EQ(CallMethod(other.channel, "AgentService/Hello", HelloOf("gpu-7"), &hello).error_code(),
            StatusCode::PERMISSION_DENIED);
  v1::SyncRequest sync;
  sync.set_session_id(mine.session);
  EXPECT_EQ(CallMethod(other.channel, "AgentService/Sync", sync, nullptr).error_code(),
            StatusCode::PERMISSION_DENIED);
  v1::GoodbyeRequest goodbye;
  goodbye.set_session_id(mine.session);
  EXPECT_EQ(CallMethod(other.channel, "AgentService/Goodbye", goodbye, nullptr).error_code(),
            StatusCode::PERMISSION_DENIED);
  v1::ReportRequest report;
  *report.add_results() = ResultOf(grant.block(), grant.epoch());
  report.set_session_id(mine.session);
  EXPECT_EQ(CallMethod(other.channel, "AgentService/Report", report, nullptr).error_code(),
            StatusCode::PERMISSION_DENIED);
  report.set_session_id(other.session);
  EXPECT_EQ(other.Report(report).disposition(), v1::DISPOSITION_REJECTED);
  EXPECT_EQ(Scalar(coordinator.db, "SELECT count(*) FROM block_result"), "0");
  EXPECT_EQ(Scalar(coordinator.db, "SELECT count(*) FROM late_result"), "0");

  report.set_session_id(mine.session);
  EXPECT_EQ(mine.Report(report).disposition(), v1::DISPOSITION_ACCEPTED);
  EXPECT_EQ(Contradictions(coordinator.db), "");
}

TEST(Conduct, ABlockThatWasGrantedToNobodyIsNobodysToReport) {
  SecureCoordinator coordinator;
  const Agent agent(coordinator, "gpu-7", "host-1");
  ASSERT_TRUE(postgres::SubmitMatrix(coordinator.db, SubmissionOf("one", 1)).ok());
  v1::ReportRequest report;
  report.set_session_id(agent.session);
  report.add_failures()->set_block_id(Scalar(coordinator.db, "SELECT block_id FROM block"));
  EXPECT_EQ(agent.Report(report).disposition(), v1::DISPOSITION_REJECTED);
  const v1::Grant grant = agent.Sync().start();
  v1::ReportRequest next;
  next.set_session_id(agent.session);
  *next.add_results() = ResultOf(grant.block(), grant.epoch() + 1);
  EXPECT_EQ(agent.Report(next).disposition(), v1::DISPOSITION_REJECTED);
  EXPECT_EQ(Scalar(coordinator.db, "SELECT state FROM block"), "leased");
}

TEST(Conduct, ASubmitterSteersItsOwnMatricesAlone) {
  SecureCoordinator coordinator;
  const Agent agent(coordinator, "gpu-7", "host-1");
  const auto channel = coordinator.Connect(nullptr);
  const std::string sue = coordinator.Token("sue", Role::kSubmitter);
  const std::string tom = coordinator.Token("tom", Role::kSubmitter);
  const std::string olga = coordinator.Token("olga", Role::kOperator);
  v1::SubmitMatrixResponse submitted;
  ASSERT_EQ(Submit(channel, sue, "one", &submitted), StatusCode::OK);
  EXPECT_EQ(submitted.matrix().principal(), "sue");
  v1::CancelMatrixRequest cancel;
  cancel.set_matrix_id(submitted.matrix().matrix_id());
  v1::RetryMatrixRequest retry;
  retry.set_matrix_id(cancel.matrix_id());
  const auto code = [&](const char* method, const google::protobuf::Message& request,
                        const std::string& token) {
    return CallMethod(channel, method, request, nullptr, token).error_code();
  };
  EXPECT_EQ(code("MatrixService/CancelMatrix", cancel, tom), StatusCode::PERMISSION_DENIED);
  EXPECT_EQ(code("MatrixService/RetryMatrix", retry, tom), StatusCode::PERMISSION_DENIED);
  EXPECT_EQ(code("MatrixService/CancelMatrix", cancel, sue), StatusCode::OK);
  EXPECT_EQ(code("MatrixService/RetryMatrix", retry, olga), StatusCode::OK);
  EXPECT_EQ(Scalar(coordinator.db,
                   "SELECT string_agg(principal || ' ' || role || ' ' || action, ', ' ORDER BY "
                   "audit_id) FROM audit WHERE object LIKE 'mtx_%'"),
            "sue submitter SubmitMatrix, sue submitter CancelMatrix, olga operator RetryMatrix");
}

TEST(Conduct, QuotasHoldForSubmissionsAndRetries) {
  rpc::AccessLimits limits = SecureCoordinator::Generous();
  limits.quota = {1, 1'000'000};
  SecureCoordinator coordinator(limits);
  const Agent agent(coordinator, "gpu-7", "host-1");
  const auto channel = coordinator.Connect(nullptr);
  const std::string sue = coordinator.Token("sue", Role::kSubmitter);
  v1::SubmitMatrixResponse first, second;
  ASSERT_EQ(Submit(channel, sue, "one", &first), StatusCode::OK);
  EXPECT_EQ(Submit(channel, sue, "one", &first), StatusCode::OK) << "a repeat is no other matrix";
  EXPECT_EQ(Submit(channel, sue, "two", &second), StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(Submit(channel, coordinator.Token("tom", Role::kSubmitter), "one", &second),
            StatusCode::OK);
  v1::CancelMatrixRequest cancel;
  cancel.set_matrix_id(first.matrix().matrix_id());
  ASSERT_TRUE(CallMethod(channel, "MatrixService/CancelMatrix", cancel, nullptr, sue).ok());
  EXPECT_EQ(Submit(channel, sue, "two", &second), StatusCode::OK);
  v1::RetryMatrixRequest retry;
  retry.set_matrix_id(cancel.matrix_id());
  EXPECT_EQ(CallMethod(channel, "MatrixService/RetryMatrix", retry, nullptr, sue).error_code(),
            StatusCode::RESOURCE_EXHAUSTED);

  // An admin gives one principal room for matrices, and less for arms.
  v1::CreateTokenRequest more;
  more.set_principal("sue");
  more.set_role("submitter");
  more.set_max_running_matrices(5);
  more.set_max_running_arms(1);
  more.set_weight(2.5);
  const std::string admin = coordinator.Token("ada", Role::kAdmin);
  ASSERT_TRUE(CallMethod(channel, "AccessService/CreateToken", more, nullptr, admin).ok());
  EXPECT_EQ(Submit(channel, sue, "three", &second), StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(Scalar(coordinator.db, "SELECT weight FROM principal WHERE principal = 'sue'"), "2.5");
  more.set_weight(0);
  EXPECT_EQ(CallMethod(channel, "AccessService/CreateToken", more, nullptr, admin).error_code(),
            StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(Scalar(coordinator.db, "SELECT count(*) FROM matrix WHERE principal = 'sue'"), "2");
  EXPECT_EQ(Scalar(coordinator.db,
                   "SELECT count(*) FROM audit WHERE principal = 'sue' AND action "
                   "= 'SubmitMatrix'"),
            "2")
      << "what is refused leaves no trace of having been done";
}

v1::EnrolRequest EnrolWith(const std::string& token, const std::string& key) {
  v1::EnrolRequest request;
  request.set_token(token);
  request.set_signing_request_pem(*pki::MakeSigningRequest(key, "admin"));
  return request;
}

TEST(Conduct, AnEnrolmentTokenMakesOneAgentOfOneKey) {
  SecureCoordinator coordinator;
  const auto channel = coordinator.Connect(nullptr);
  const std::string token = coordinator.Token("gpu-7", Role::kAgent);
  const std::string key = *pki::GenerateKey();
  const auto enrol = [&](const std::string& text, const std::string& with, v1::EnrolResponse* to) {
    return CallMethod(channel, "EnrolmentService/Enrol", EnrolWith(text, with), to).error_code();
  };
  v1::EnrolResponse first, again, other;
  ASSERT_EQ(enrol(token, key, &first), StatusCode::OK);
  EXPECT_EQ(enrol(token, key, &again), StatusCode::OK) << "the answer was lost";
  EXPECT_EQ(enrol(token, *pki::GenerateKey(), &other), StatusCode::UNAUTHENTICATED) << "replayed";
  EXPECT_EQ(enrol(coordinator.Token("x", Role::kAgent, 0), key, &other),
            StatusCode::UNAUTHENTICATED)
      << "expired";
  EXPECT_EQ(enrol(coordinator.Token("x", Role::kAdmin), key, &other), StatusCode::UNAUTHENTICATED)
      << "a bearer token enrols nobody";
  EXPECT_EQ(enrol("", key, &other), StatusCode::UNAUTHENTICATED);
  v1::EnrolRequest broken = EnrolWith(coordinator.Token("x", Role::kAgent), key);
  broken.set_signing_request_pem("no request");
  EXPECT_EQ(CallMethod(channel, "EnrolmentService/Enrol", broken, &other).error_code(),
            StatusCode::INVALID_ARGUMENT);

  const auto facts = pki::ReadCertificate(first.certificate_pem());
  EXPECT_EQ(facts->subject.role, "agent") << "whatever the request says";
  EXPECT_EQ(facts->subject.name, "gpu-7");
  EXPECT_LE(facts->not_after, std::time(nullptr) + pki::kDaySeconds);
  const KeyPair pair{key, first.certificate_pem()};
  const auto agent = coordinator.Connect(&pair, true);
  v1::HelloResponse hello;
  EXPECT_TRUE(CallMethod(agent, "AgentService/Hello", HelloOf("gpu-7"), &hello).ok());
}

TEST(Conduct, AnAgentRenewsAndARevokedOneIsOut) {
  SecureCoordinator coordinator;
  const std::string key = *pki::GenerateKey(), next_key = *pki::GenerateKey();
  const v1::EnrolRequest enrol = EnrolWith(coordinator.Token("gpu-7", Role::kAgent), key);
  v1::EnrolResponse enrolled;
  ASSERT_TRUE(
      CallMethod(coordinator.Connect(nullptr), "EnrolmentService/Enrol", enrol, &enrolled).ok());
  const KeyPair first{key, enrolled.certificate_pem()};
  v1::RenewCertificateRequest renew;
  renew.set_signing_request_pem(*pki::MakeSigningRequest(next_key, "whoever"));
  v1::RenewCertificateResponse renewed;
  ASSERT_TRUE(CallMethod(coordinator.Connect(&first, true), "EnrolmentService/RenewCertificate",
                         renew, &renewed)
                  .ok());
  const KeyPair second{next_key, renewed.certificate_pem()};
  EXPECT_EQ(pki::ReadCertificate(renewed.certificate_pem())->subject.name, "gpu-7");
  v1::HelloResponse hello;
  const auto agent = coordinator.Connect(&second, true);
  ASSERT_TRUE(CallMethod(agent, "AgentService/Hello", HelloOf("gpu-7"), &hello).ok());

  v1::RevokeAgentRequest revoke;
  revoke.set_agent_name("gpu-7");
  v1::RevokeAgentResponse revoked;
  const std::string operates = coordinator.Token("olga", Role::kOperator);
  const auto people = coordinator.Connect(nullptr);
  ASSERT_TRUE(CallMethod(people, "AccessService/RevokeAgent", revoke, &revoked, operates).ok());
  EXPECT_EQ(revoked.certificates(), 2U);
  EXPECT_EQ(CallMethod(people, "EnrolmentService/Enrol", enrol, &enrolled).error_code(),
            StatusCode::UNAUTHENTICATED)
      << "the token it came in with";
  v1::SyncRequest sync;
  sync.set_session_id(hello.session_id());
  const Duration end = Clock::Steady()->Now() + std::chrono::seconds(10);
  StatusCode code = StatusCode::OK;
  while (code != StatusCode::UNAUTHENTICATED && Clock::Steady()->Now() < end)
    code = CallMethod(agent, "AgentService/Sync", sync, nullptr).error_code();
  EXPECT_EQ(code, StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(CallMethod(agent, "EnrolmentService/RenewCertificate", renew, &renewed).error_code(),
            StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(
      CallMethod(people, "AccessService/RevokeAgent", revoke, &revoked, operates).error_code(),
      StatusCode::NOT_FOUND);
}

TEST(Conduct, ARevocationBeatsARenewalThatWasLetInBefore) {
  SecureCoordinator coordinator;
  const std::string key = *pki::GenerateKey();
  const v1::EnrolRequest enrol = EnrolWith(coordinator.Token("gpu-7", Role::kAgent), key);
  v1::EnrolResponse enrolled;
  ASSERT_TRUE(
      CallMethod(coordinator.Connect(nullptr), "EnrolmentService/Enrol", enrol, &enrolled).ok());
  const KeyPair pair{key, enrolled.certificate_pem()};
  const auto agent = coordinator.Connect(&pair, true);
  v1::RenewCertificateRequest renew;
  renew.set_signing_request_pem(*pki::MakeSigningRequest(*pki::GenerateKey(), "whoever"));
  // The gate remembers for 2 s that the certificate was good.
  v1::HelloResponse hello;
  ASSERT_TRUE(CallMethod(agent, "AgentService/Hello", HelloOf("gpu-7"), &hello).ok());
  ASSERT_EQ(*postgres::RevokeAgent(coordinator.db, {}, "gpu-7"), 1U);
  EXPECT_EQ(CallMethod(agent, "EnrolmentService/RenewCertificate", renew, nullptr).error_code(),
            StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(Scalar(coordinator.db, "SELECT count(*) FROM certificate WHERE revoke_time IS NULL"),
            "0");
}

TEST(Conduct, AnAgentThatNeverCameIsRevokedByItsToken) {
  SecureCoordinator coordinator;
  const std::string operates = coordinator.Token("olga", Role::kOperator);
  const v1::EnrolRequest enrol =
      EnrolWith(coordinator.Token("gpu-7", Role::kAgent), *pki::GenerateKey());
  v1::RevokeAgentRequest revoke;
  revoke.set_agent_name("gpu-7");
  v1::RevokeAgentResponse revoked;
  const auto people = coordinator.Connect(nullptr);
  const auto ended = CallMethod(people, "AccessService/RevokeAgent", revoke, &revoked, operates);
  EXPECT_TRUE(ended.ok()) << ended.error_message();
  EXPECT_EQ(revoked.certificates(), 0U);
  EXPECT_EQ(CallMethod(people, "EnrolmentService/Enrol", enrol, nullptr).error_code(),
            StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(
      CallMethod(people, "AccessService/RevokeAgent", revoke, &revoked, operates).error_code(),
      StatusCode::NOT_FOUND);
}

TEST(Conduct, NoCertificateIsMadeWhileAllAreTakenAway) {
  const std::string conninfo = NewDatabase();
  postgres::Connection db(conninfo);
  for (int round = 0; round < 60; ++round) {
    const std::string agent = "gpu-" + std::to_string(round);
    const auto serial = [&](const std::string& which) { return agent + "-" + which; };
    const int64_t end = std::time(nullptr) + 3600;
    const access::Actor actor{agent, Role::kAgent, "local"};
    const bool enrols = round % 2 == 1;
    postgres::NewToken token;
    token.secret = access::MakeSecret();
    token.principal = agent;
    token.role = Role::kAgent;
    token.valid_seconds = 3600;
    ASSERT_TRUE(postgres::StoreToken(db, {}, token).ok());
    ASSERT_TRUE(postgres::StoreRenewal(db, actor, "", {serial("first"), end}).ok());
    std::thread other([&] {
      postgres::Connection own(conninfo);
      const Status made =
          enrols ? postgres::SpendEnrolmentToken(
                       own, token.secret.sha256, "key", "local",
                       [&](const std::string&) -> Result<postgres::IssuedCertificate> {
                         return postgres::IssuedCertificate{serial("second"), end};
                       })
                 : postgres::StoreRenewal(own, actor, serial("first"), {serial("second"), end});
      EXPECT_TRUE(made.ok() || made.code() == quantfleet::StatusCode::kUnauthenticated)
          << made.ToString();
    });
    ASSERT_TRUE(postgres::RevokeAgent(db, {}, agent).ok());
    other.join();
    EXPECT_EQ(Scalar(db, "SELECT count(*) FROM certificate WHERE revoke_time IS NULL"), "0")
        << round;
  }
}

TEST(Conduct, ACoordinatorWithoutTheAgentsKeyKnowsAgentsAndEnrolsNobody) {
  SecureCoordinator coordinator;
  const std::string key = *pki::GenerateKey();
  const v1::EnrolRequest enrol = EnrolWith(coordinator.Token("gpu-7", Role::kAgent), key);
  v1::EnrolResponse enrolled;
  ASSERT_TRUE(
      CallMethod(coordinator.Connect(nullptr), "EnrolmentService/Enrol", enrol, &enrolled).ok());
  ASSERT_EQ(std::remove((coordinator.folder + "/agents.key").c_str()), 0);
  rpc::ListenOptions options;
  options.address = options.agent_address = "127.0.0.1:0";
  options.tls = *rpc::LoadTlsFolder(coordinator.folder);
  EXPECT_EQ(options.tls->agents_key_pem, "");
  rpc::Backend backend;
  backend.pool = &coordinator.pool;
  backend.parking = &coordinator.parking;
  const auto second = rpc::Server::Start(options, backend);
  ASSERT_TRUE(second.ok()) << second.status().ToString();
  const grpc::SslCredentialsOptions shown{coordinator.authorities.root.certificate_pem, key,
                                          enrolled.certificate_pem()};
  const auto agent = grpc::CreateChannel("127.0.0.1:" + std::to_string((*second)->agent_port()),
                                         grpc::SslCredentials(shown));
  v1::HelloResponse hello;
  const auto met = CallMethod(agent, "AgentService/Hello", HelloOf("gpu-7"), &hello);
  EXPECT_TRUE(met.ok()) << met.error_message();
  EXPECT_EQ(CallMethod(agent, "EnrolmentService/Enrol", enrol, nullptr).error_code(),
            StatusCode::FAILED_PRECONDITION);
}

TEST(Conduct, AuditRowsAreNeverChanged) {
  SecureCoordinator coordinator;
  coordinator.Token("ada", Role::kAdmin);
  ASSERT_EQ(Scalar(coordinator.db, "SELECT count(*) FROM audit"), "1");
  for (const char* sql :
       {"UPDATE audit SET principal = 'nobody'", "DELETE FROM audit", "TRUNCATE audit"}) {
    const Status status =
        coordinator.db.Run([&](postgres::Transaction& tx) { return tx.Query(sql).status(); });
    EXPECT_FALSE(status.ok()) << sql;
  }
  EXPECT_EQ(Scalar(coordinator.db, "SELECT principal FROM audit"), "local");
}

TEST(Conduct, SecretsAreNeitherStoredNorLogged) {
  ::testing::internal::CaptureStderr();
  std::string bearer, enrolment;
  std::string rows;
  {
    SecureCoordinator coordinator;
    const auto channel = coordinator.Connect(nullptr);
    const std::string admin = coordinator.Token("ada", Role::kAdmin);
    v1::CreateTokenRequest create;
    create.set_principal("vera");
    create.set_role("viewer");
    v1::CreateTokenResponse created;
    ASSERT_TRUE(CallMethod(channel, "AccessService/CreateToken", create, &created, admin).ok());
    bearer = created.token();
    v1::CreateEnrolmentTokenRequest request;
    request.set_agent_name("gpu-7");
    v1::CreateEnrolmentTokenResponse made;
    ASSERT_TRUE(
        CallMethod(channel, "AccessService/CreateEnrolmentToken", request, &made, admin).ok());
    enrolment = made.token();
    v1::ListSessionsResponse sessions;
    ASSERT_TRUE(CallMethod(channel, "FleetService/ListSessions", v1::ListSessionsRequest(),
                           &sessions, bearer)
                    .ok());
    ASSERT_TRUE(CallMethod(channel, "EnrolmentService/Enrol",
                           EnrolWith(enrolment, *pki::GenerateKey()), nullptr)
                    .ok());
    const auto replayed = CallMethod(channel, "EnrolmentService/Enrol",
                                     EnrolWith(enrolment, *pki::GenerateKey()), nullptr);
    EXPECT_EQ(replayed.error_message().find(enrolment), std::string::npos);
    for (const char* table : {"token", "principal", "certificate", "audit"}) {
      rows += Scalar(coordinator.db, std::string("SELECT string_agg(t::text, ' ') FROM ") + table +
                                         " t WHERE t::text <> ''");
    }
  }
  const std::string log = ::testing::internal::GetCapturedStderr();
  ASSERT_THAT(rows, HasSubstr(access::HashOfSecret(bearer))) << "the rows were read";
  ASSERT_THAT(log, HasSubstr("agent enrolled"));
  for (const std::string& secret : {bearer, enrolment}) {
    EXPECT_EQ(rows.find(secret), std::string::npos);
    EXPECT_EQ(log.find(secret), std::string::npos);
  }
  EXPECT_EQ(log.find("PRIVATE KEY"), std::string::npos);
}

}  // namespace
}  // namespace quantfleet::testing
