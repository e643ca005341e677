// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
//
// The agent's side: how it gets its certificate, keeps it and goes on under the next one.
#include <cmath>
#include <ctime>
#include <filesystem>
#include <future>

#include <gmock/gmock.h>

#include "agent/session/enrolment.hpp"
#include "agent/session/grpc_client.hpp"
#include "pki/files.hpp"
#include "tests/integration/access/secure_coordinator.hpp"
#include "tests/support/blocks.hpp"

namespace quantfleet::testing {
namespace {

using agent::Identity;

class AgentIdentity : public ::testing::Test {
 protected:
  AgentIdentity() {
    folder_ = coordinator_.folder + "/agent";
    QF_CHECK(pki::MakePrivateFolder(folder_).ok());
    Write("ca.crt", coordinator_.authorities.root.certificate_pem);
  }
  void Write(const std::string& name, const std::string& text) {
    QF_CHECK(pki::WriteSecret(folder_ + "/" + name, text).ok());
  }
  std::string Address(int port) const { return "127.0.0.1:" + std::to_string(port); }
  agent::EnrolmentOptions Options() {
    Write("token", coordinator_.Token("gpu-7", access::Role::kAgent) + "\n");
    return {folder_, Address(coordinator_.server->port()), folder_ + "/token"};
  }

  SecureCoordinator coordinator_;
  std::string folder_;
};

TEST_F(AgentIdentity, EnrolsOnceAndComesBackWithoutAToken) {
  auto options = Options();
  const auto enrolled = agent::ObtainIdentity(options, {});
  ASSERT_TRUE(enrolled.ok()) << enrolled.status().ToString();
  EXPECT_EQ(enrolled->name, "gpu-7");
  const auto client = agent::MakeGrpcClient(Address(coordinator_.server->agent_port()), &*enrolled);
  EXPECT_TRUE(client->Hello(HelloOf("gpu-7"), {}).ok());
  options.token_file.clear();
  const auto again = agent::ObtainIdentity(options, {});
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->certificate_pem, enrolled->certificate_pem);
}

TEST_F(AgentIdentity, ALostAnswerIsFetchedAgainWithTheSameKey) {
  const auto options = Options();
  ASSERT_TRUE(agent::ObtainIdentity(options, {}).ok());
  // As if the agent had died before it stored the answer.
  std::filesystem::rename(folder_ + "/agent.key", folder_ + "/agent.key.next");
  std::filesystem::remove(folder_ + "/agent.crt");
  EXPECT_TRUE(agent::ObtainIdentity(options, {}).ok());
  std::filesystem::remove(folder_ + "/agent.key");
  std::filesystem::remove(folder_ + "/agent.crt");
  EXPECT_EQ(agent::ObtainIdentity(options, {}).status().code(), StatusCode::kUnauthenticated)
      << "the token was spent on the key that is gone";
}

TEST_F(AgentIdentity, WhatIsMissingIsOneClearLine) {
  auto options = Options();
  options.token_file.clear();
  const auto none = agent::ObtainIdentity(options, {});
  EXPECT_EQ(none.status().code(), StatusCode::kFailedPrecondition);
  EXPECT_THAT(none.status().message(), ::testing::HasSubstr("--enrol-token-file"));
  options.folder = coordinator_.folder + "/nowhere";
  EXPECT_EQ(agent::ObtainIdentity(options, {}).status().code(), StatusCode::kNotFound);
}

TEST(RenewalPause, IsShorterTowardsTheEndAndLongerAfterIt) {
  EXPECT_DOUBLE_EQ(agent::RenewalPause(28'800, 0), 2880);
  EXPECT_DOUBLE_EQ(agent::RenewalPause(3, 0), 1);
  double total = 0;
  for (int failures = 1; failures <= 100; ++failures) {
    const double pause = agent::RenewalPause(-10 * failures, failures);
    EXPECT_GE(pause, failures < 9 ? std::exp2(failures) : 300);
    EXPECT_LE(pause, 300);
    total += pause;
  }
  EXPECT_GT(total, 100 * 250) << "a forgotten agent is quiet";
}

TEST_F(AgentIdentity, RenewsBeforeTheEndAndGoesOn) {
  const KeyPair pair = IssueBy(coordinator_.authorities.root, "agent", "gpu-7", 20);
  Write("agent.crt", pair.certificate);
  Write("agent.key", pair.key);
  const auto identity = agent::LoadIdentity(folder_);
  ASSERT_TRUE(identity.ok()) << identity.status().ToString();
  ASSERT_LT(identity->RenewTime(), std::time(nullptr)) << "backdated: its renewal is due";
  const std::string address = Address(coordinator_.server->agent_port());
  const auto client = agent::MakeGrpcClient(address, &*identity);
  const auto session = client->Hello(HelloOf("gpu-7"), {});
  ASSERT_TRUE(session.ok()) << session.status().ToString();
  std::promise<Identity> renewed;
  const agent::Renewal renewal(folder_, address, *identity, [&](const Identity& fresh) {
    client->UseIdentity(fresh);
    renewed.set_value(fresh);
  });
  auto future = renewed.get_future();
  ASSERT_EQ(future.wait_for(std::chrono::seconds(15)), std::future_status::ready);
  const Identity fresh = future.get();
  EXPECT_NE(fresh.certificate_pem, pair.certificate);
  EXPECT_NE(fresh.key_pem, pair.key) << "a new key with each certificate";
  EXPECT_GT(fresh.not_after, std::time(nullptr) + 3600);
  EXPECT_EQ(agent::LoadIdentity(folder_)->certificate_pem, fresh.certificate_pem);
  v1::SyncRequest sync;
  sync.set_session_id(session->session_id());
  const auto synced = client->Sync(sync, {});
  EXPECT_TRUE(synced.ok()) << synced.status().ToString();
}

}  // namespace
}  // namespace quantfleet::testing
