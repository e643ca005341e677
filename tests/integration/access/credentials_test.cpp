// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
//
// Who is let in: every method against every kind of credential, over real TLS.
#include <ctime>
#include <functional>
#include <thread>

#include <gmock/gmock.h>

#include "coordinator/access/method_table.hpp"
#include "pki/certificate.hpp"
#include "pki/files.hpp"
#include "tests/integration/access/secure_coordinator.hpp"
#include "tests/support/blocks.hpp"

#include "quantfleet/v1/fleet_service.pb.h"

namespace quantfleet::testing {
namespace {

using access::Role;
using grpc::StatusCode;
using ::testing::HasSubstr;
using ::testing::Not;
using Method = google::protobuf::MethodDescriptor;

constexpr const char* kNeedsRole = "this needs the role";

const access::MethodRule* RuleOf(const Method* method) {
  return access::FindRule("/" + method->service()->full_name() + "/" + method->name());
}

// Asks `call` for every method that wants to know who calls.
void ForEachGuarded(const std::function<void(const Method*, const access::MethodRule&)>& check) {
  int guarded = 0;
  for (const Method* method : AllMethods()) {
    const access::MethodRule* rule = RuleOf(method);
    ASSERT_NE(rule, nullptr) << method->full_name() << " is not in coordinator/access/method_table";
    if (!rule->least) continue;
    ++guarded;
    check(method, *rule);
  }
  EXPECT_GE(guarded, 20);
}

TEST(Credentials, TheTableAndTheProtocolNameTheSameMethods) {
  EXPECT_EQ(AllMethods().size(), access::MethodRules().size());
  for (const Method* method : AllMethods()) {
    ASSERT_NE(RuleOf(method), nullptr) << method->full_name();
    EXPECT_EQ(access::RuleOf(method->input_type()), RuleOf(method)) << "a request of its own";
    EXPECT_EQ(!RuleOf(method)->least, method->name() == "Enrol") << method->full_name();
  }
}

TEST(Credentials, WithoutAnyNothingIsAnswered) {
  SecureCoordinator coordinator;
  const auto channel = coordinator.Connect(nullptr);
  ForEachGuarded([&](const Method* method, const auto&) {
    EXPECT_EQ(CallRaw(channel, method, "").error_code(), StatusCode::UNAUTHENTICATED)
        << method->full_name();
  });
}

TEST(Credentials, TokensThatAreNotGoodNowAreNobodys) {
  SecureCoordinator coordinator;
  const auto channel = coordinator.Connect(nullptr);
  const std::string good = coordinator.Token("ada", Role::kAdmin);
  const std::string expired = coordinator.Token("ada", Role::kAdmin, 0);
  const std::string revoked = coordinator.Token("ada", Role::kAdmin);
  const std::string enrols = coordinator.Token("gpu-7", Role::kAgent);
  Scalar(coordinator.db, "UPDATE token SET revoke_time = clock_timestamp() WHERE sha256 = '" +
                             access::HashOfSecret(revoked) + "' RETURNING 1");
  std::string almost = good;
  almost.back() = almost.back() == 'a' ? 'b' : 'a';
  ForEachGuarded([&](const Method* method, const auto&) {
    for (const std::string& token : {expired, revoked, enrols, almost, std::string("qft_"),
                                     std::string(5000, 'x'), access::HashOfSecret(good)}) {
      EXPECT_EQ(CallRaw(channel, method, "", token).error_code(), StatusCode::UNAUTHENTICATED)
          << method->full_name() << " " << token.substr(0, 8);
    }
  });
}

TEST(Credentials, EveryRoleMayDoWhatTheTableSaysAndNothingElse) {
  SecureCoordinator coordinator;
  const auto plain = coordinator.Connect(nullptr);
  for (const Role role : {Role::kViewer, Role::kSubmitter, Role::kOperator, Role::kAdmin}) {
    const std::string name(access::RoleName(role));
    const std::string token = coordinator.Token(name, role);
    const KeyPair pair = IssueBy(coordinator.authorities.root, name, name);
    const auto with_certificate = coordinator.Connect(&pair);
    ForEachGuarded([&](const Method* method, const access::MethodRule& rule) {
      const bool may = access::Permits(rule, role);
      for (const grpc::Status& status :
           {CallRaw(plain, method, "", token), CallRaw(with_certificate, method, "")}) {
        if (may) {
          EXPECT_NE(status.error_code(), StatusCode::UNAUTHENTICATED) << method->full_name();
          EXPECT_THAT(status.error_message(), Not(HasSubstr(kNeedsRole)));
        } else {
          EXPECT_EQ(status.error_code(), StatusCode::PERMISSION_DENIED)
              << name << " " << method->full_name();
          EXPECT_THAT(status.error_message(), HasSubstr(kNeedsRole));
        }
      }
    });
  }
}

TEST(Credentials, AnAgentMayDoWhatAgentsDoAndNothingElse) {
  SecureCoordinator coordinator;
  const KeyPair pair = IssueBy(coordinator.authorities.root, "agent", "gpu-7");
  for (const bool agent_port : {false, true}) {
    const auto channel = coordinator.Connect(&pair, agent_port);
    ForEachGuarded([&](const Method* method, const access::MethodRule& rule) {
      const grpc::Status status = CallRaw(channel, method, "");
      const bool denied = status.error_message().find(kNeedsRole) != std::string::npos;
      EXPECT_EQ(denied, *rule.least != Role::kAgent) << method->full_name();
      EXPECT_NE(status.error_code(), StatusCode::UNAUTHENTICATED) << method->full_name();
    });
  }
}

// What a viewer may do, tried with any certificate.
grpc::Status Look(const SecureCoordinator& coordinator, const KeyPair& pair) {
  v1::ListSessionsResponse response;
  return CallMethod(coordinator.Connect(&pair), "FleetService/ListSessions",
                    v1::ListSessionsRequest(), &response);
}

TEST(Credentials, CertificatesThatTheAuthorityDidNotGiveAreRefused) {
  SecureCoordinator coordinator;
  const Authorities& own = coordinator.authorities;
  EXPECT_TRUE(Look(coordinator, IssueBy(own.root, "viewer", "vera")).ok());
  const Authorities stranger;
  EXPECT_EQ(Look(coordinator, IssueBy(stranger.root, "admin", "ada")).error_code(),
            StatusCode::UNAVAILABLE)
      << "the handshake fails";
  EXPECT_EQ(Look(coordinator, IssueBy(own.root, "viewer", "vera", -60)).error_code(),
            StatusCode::UNAVAILABLE)
      << "expired";
  EXPECT_EQ(Look(coordinator, IssueBy(own.root, "server", "host")).error_code(),
            StatusCode::UNAVAILABLE)
      << "a server's is not for calling";
  EXPECT_EQ(Look(coordinator, IssueBy(own.agents, "admin", "ada")).error_code(),
            StatusCode::UNAUTHENTICATED)
      << "a coordinator's key makes no people";
  EXPECT_EQ(Look(coordinator, IssueBy(own.agents, "agent", "gpu-7")).error_code(),
            StatusCode::UNAUTHENTICATED)
      << "signed, but no coordinator knows of it";
}

TEST(Credentials, ACertificateEndsWhileItsConnectionLasts) {
  SecureCoordinator coordinator;
  const KeyPair pair = IssueBy(coordinator.authorities.root, "viewer", "vera", 3);
  const auto channel = coordinator.Connect(&pair);
  v1::ListSessionsResponse response;
  ASSERT_TRUE(
      CallMethod(channel, "FleetService/ListSessions", v1::ListSessionsRequest(), &response).ok());
  const auto facts = pki::ReadCertificate(pair.certificate);
  while (std::time(nullptr) < facts->not_after) std::this_thread::yield();
  const auto status =
      CallMethod(channel, "FleetService/ListSessions", v1::ListSessionsRequest(), &response);
  EXPECT_EQ(status.error_code(), StatusCode::UNAUTHENTICATED) << status.error_message();
}

TEST(Credentials, ARevokedCertificateIsRefusedOnEveryMethod) {
  SecureCoordinator coordinator;
  const KeyPair pair = IssueBy(coordinator.authorities.root, "admin", "ada");
  const KeyPair other = IssueBy(coordinator.authorities.root, "admin", "bob");
  EXPECT_TRUE(Look(coordinator, pair).ok());
  coordinator.Revoke({pki::ReadCertificate(pair.certificate)->serial}, pair);
  const auto channel = coordinator.Connect(&pair);
  ForEachGuarded([&](const Method* method, const auto&) {
    EXPECT_EQ(CallRaw(channel, method, "").error_code(), StatusCode::UNAUTHENTICATED)
        << method->full_name();
  });
  EXPECT_TRUE(Look(coordinator, other).ok());
  // A list that nobody signed changes nothing, and frees nobody.
  const Authorities stranger;
  ASSERT_TRUE(
      pki::WritePublic(coordinator.folder + "/ca.crl", *pki::MakeRevocationList(stranger.root, {}))
          .ok());
  // Until well after the next look at the file.
  const Duration end = Clock::Steady()->Now() + std::chrono::milliseconds(1500);
  while (Clock::Steady()->Now() < end) {
    ASSERT_EQ(CallRaw(channel, AllMethods().front(), "").error_code(), StatusCode::UNAUTHENTICATED);
  }
}

TEST(Credentials, TheAgentsPortTakesNobodyWithoutACertificate) {
  SecureCoordinator coordinator;
  const std::string token = coordinator.Token("ada", Role::kAdmin);
  const auto channel = coordinator.Connect(nullptr, true);
  v1::ListSessionsResponse response;
  const auto status =
      CallMethod(channel, "FleetService/ListSessions", v1::ListSessionsRequest(), &response, token);
  EXPECT_EQ(status.error_code(), StatusCode::UNAVAILABLE) << status.error_message();
}

TEST(Credentials, GuessingIsSlowedDown) {
  rpc::AccessLimits limits = SecureCoordinator::Generous();
  limits.failure_rate = 1e-3;
  limits.failure_burst = 5;
  SecureCoordinator coordinator(limits);
  const std::string good = coordinator.Token("vera", Role::kViewer);
  const auto channel = coordinator.Connect(nullptr);
  const auto code = [&](const std::string& token) {
    v1::ListSessionsResponse response;
    return CallMethod(channel, "FleetService/ListSessions", v1::ListSessionsRequest(), &response,
                      token)
        .error_code();
  };
  EXPECT_EQ(code(good), StatusCode::OK);
  for (int i = 0; i < 5; ++i)
    EXPECT_EQ(code(access::MakeSecret().text), StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(code(access::MakeSecret().text), StatusCode::RESOURCE_EXHAUSTED);
  // Who shows a certificate from the same address goes on.
  EXPECT_TRUE(Look(coordinator, IssueBy(coordinator.authorities.root, "viewer", "vera")).ok());
}

TEST(Credentials, ACallerThatAsksTooOftenIsSlowedDownAndNobodyElse) {
  rpc::AccessLimits limits = SecureCoordinator::Generous();
  limits.person_rate = 1e-3;
  limits.person_burst = 3;
  SecureCoordinator coordinator(limits);
  const KeyPair vera = IssueBy(coordinator.authorities.root, "viewer", "vera");
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(Look(coordinator, vera).ok());
  EXPECT_EQ(Look(coordinator, vera).error_code(), StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_TRUE(Look(coordinator, IssueBy(coordinator.authorities.root, "viewer", "walt")).ok());
}

}  // namespace
}  // namespace quantfleet::testing
