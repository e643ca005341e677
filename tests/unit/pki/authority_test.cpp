// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "pki/authority.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>

#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pki/files.hpp"
#include "pki/issuer.hpp"
#include "pki/revocation.hpp"
#include "pki/signing_request.hpp"

namespace quantfleet::pki {
namespace {

namespace fs = std::filesystem;

class AuthorityTest : public ::testing::Test {
 protected:
  AuthorityTest() {
    std::string pattern = testing::TempDir() + "/quantfleet-pki.XXXXXX";
    QF_CHECK(mkdtemp(pattern.data()) != nullptr);
    folder_ = pattern;
  }
  ~AuthorityTest() override { fs::remove_all(folder_); }

  std::string Ca() const { return folder_ + "/ca"; }
  std::string Text(const std::string& name) const { return *ReadPublic(folder_ + "/" + name); }
  std::string Issue(const std::string& role, const std::string& name) {
    const auto folder = IssueInto(Ca(), {{role, name}, {}, {}, folder_ + "/" + name});
    EXPECT_TRUE(folder.ok()) << folder.status().ToString();
    return folder.ok() ? *folder : "";
  }
  // What the openssl program says of a certificate in a folder, for a purpose.
  bool OpenSslTakes(const std::string& certificate, const std::string& purpose,
                    const std::string& more = "") const {
    const std::string command = "openssl verify -x509_strict -purpose " + purpose + " -CAfile " +
                                folder_ + "/ca/ca.crt " + more + " " + folder_ + "/" + certificate +
                                " >/dev/null 2>&1";
    return std::system(command.c_str()) == 0;
  }

  std::string folder_;
};

TEST_F(AuthorityTest, SecretsAreTheOwnersAlone) {
  umask(0);
  ASSERT_TRUE(InitAuthority(Ca()).ok());
  Issue("server", "fleet.lab");
  Issue("agent", "gpu-7");
  Issue("admin", "ada");
  int secrets = 0;
  for (const auto& entry : fs::recursive_directory_iterator(folder_)) {
    struct stat facts {};
    ASSERT_EQ(stat(entry.path().c_str(), &facts), 0);
    EXPECT_EQ(facts.st_mode & 0022U, 0U) << entry.path() << " may be written by others";
    if (entry.path().extension() != ".key") continue;
    ++secrets;
    EXPECT_EQ(facts.st_mode & 0777U, 0600U) << entry.path();
    EXPECT_TRUE(ReadSecret(entry.path()).ok());
    chmod(entry.path().c_str(), 0640);
    EXPECT_EQ(ReadSecret(entry.path()).status().code(), StatusCode::kFailedPrecondition);
    chmod(entry.path().c_str(), 0600);
  }
  EXPECT_EQ(secrets, 6) << "ca, agents (twice), server, agent, client";
  EXPECT_FALSE(fs::exists(folder_ + "/fleet.lab/ca.key")) << "a server can make no admin";
}

TEST_F(AuthorityTest, AnotherImplementationAgrees) {
  ASSERT_TRUE(InitAuthority(Ca()).ok());
  Issue("server", "fleet.lab");
  Issue("agent", "gpu-7");
  Issue("viewer", "vera");
  EXPECT_TRUE(OpenSslTakes("fleet.lab/server.crt", "sslserver", "-verify_hostname fleet.lab"));
  EXPECT_FALSE(OpenSslTakes("fleet.lab/server.crt", "sslserver", "-verify_hostname other.lab"));
  EXPECT_FALSE(OpenSslTakes("fleet.lab/server.crt", "sslclient"));
  EXPECT_TRUE(OpenSslTakes("gpu-7/agent.crt", "sslclient"));
  EXPECT_FALSE(OpenSslTakes("gpu-7/agent.crt", "sslserver"));
  EXPECT_TRUE(OpenSslTakes("vera/client.crt", "sslclient"));
  EXPECT_TRUE(OpenSslTakes("ca/agents.crt", "any"));
}

TEST_F(AuthorityTest, TheAgentsKeyMakesNoServer) {
  ASSERT_TRUE(InitAuthority(Ca()).ok());
  const Issuer agents{Text("ca/agents.crt"), *ReadSecret(Ca() + "/agents.key")};
  const std::string request = *MakeSigningRequest(*GenerateKey(), "whoever");
  const auto write = [&](const std::string& name, const Leaf& leaf) {
    std::ofstream(folder_ + "/" + name) << *IssueCertificate(agents, request, leaf);
  };
  write("agent.crt", {{"agent", "gpu-7"}, {}, 60});
  write("impostor.crt", {{"server", "fleet.lab"}, {"fleet.lab"}, 60});
  const std::string between = "-untrusted " + Ca() + "/agents.crt";
  EXPECT_TRUE(OpenSslTakes("agent.crt", "sslclient", between));
  EXPECT_FALSE(OpenSslTakes("impostor.crt", "sslserver", between));
}

TEST_F(AuthorityTest, ValidityFollowsTheRole) {
  ASSERT_TRUE(InitAuthority(Ca()).ok());
  for (const auto& [role, file, days] :
       {std::tuple{"agent", "agent.crt", 1.0}, std::tuple{"operator", "client.crt", 90.0},
        std::tuple{"server", "server.crt", 365.0}}) {
    Issue(role, role);
    const auto facts = ReadCertificate(Text(std::string(role) + "/" + file));
    ASSERT_TRUE(facts.ok());
    EXPECT_NEAR(static_cast<double>(facts->not_after - std::time(nullptr)), days * 86400, 60);
  }
}

TEST_F(AuthorityTest, RotationKeepsTheOldUntilItIsFinished) {
  ASSERT_TRUE(InitAuthority(Ca()).ok());
  EXPECT_EQ(InitAuthority(Ca()).code(), StatusCode::kFailedPrecondition);
  Issue("viewer", "before");
  ASSERT_TRUE(Revoke(Ca(), "before").ok());
  ASSERT_TRUE(RotateAuthority(Ca()).ok());
  Issue("viewer", "after");
  EXPECT_TRUE(OpenSslTakes("before/client.crt", "sslclient"));
  EXPECT_TRUE(OpenSslTakes("after/client.crt", "sslclient"));
  EXPECT_EQ(ReadRevocationList(Text("ca/ca.crl"), Text("ca/ca.crt"))->size(), 1U)
      << "what was revoked stays so";
  ASSERT_TRUE(FinishRotation(Ca()).ok());
  EXPECT_FALSE(OpenSslTakes("before/client.crt", "sslclient"));
  EXPECT_TRUE(OpenSslTakes("after/client.crt", "sslclient"));
  EXPECT_EQ(SplitBundle(Text("ca/agents.crt")).size(), 1U);
}

// Everything in the authority's folder.
std::map<std::string, std::string> FilesOf(const std::string& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.is_regular_file()) files[entry.path().filename()] = *ReadPublic(entry.path());
  }
  return files;
}

TEST_F(AuthorityTest, ARotationThatWasCutShortIsFinishedByWhoComesNext) {
  ASSERT_TRUE(InitAuthority(Ca()).ok());
  const auto old_files = FilesOf(Ca());
  ASSERT_TRUE(RotateAuthority(Ca()).ok());
  const auto new_files = FilesOf(Ca());
  ASSERT_EQ(new_files.size(), 5U);
  // After the new files were ready, and after each of them was put in place.
  for (size_t moved = 0; moved <= new_files.size(); ++moved) {
    fs::remove_all(Ca());
    fs::create_directories(Ca() + "/.next");
    for (const auto& [name, text] : old_files)
      ASSERT_TRUE(WriteSecret(Ca() + "/" + name, text).ok());
    size_t at = 0;
    for (const auto& [name, text] : new_files) {
      ASSERT_TRUE(WriteSecret(Ca() + (at++ < moved ? "/" : "/.next/") + name, text).ok());
    }
    const std::string folder = Issue("server", "fleet-" + std::to_string(moved));
    EXPECT_EQ(FilesOf(Ca())["ca.key"], new_files.at("ca.key"));
    for (const auto& [name, text] : new_files) EXPECT_EQ(FilesOf(Ca())[name], text) << name;
    EXPECT_TRUE(OpenSslTakes(fs::relative(folder, folder_).string() + "/server.crt", "sslserver"));
    EXPECT_FALSE(fs::exists(Ca() + "/.next"));
  }
  // Before they were ready nothing happened, however much was written.
  fs::create_directories(Ca() + "/.next.new");
  ASSERT_TRUE(WriteSecret(Ca() + "/.next.new/ca.key", "half a key").ok());
  EXPECT_NE(Issue("server", "fleet-last"), "");
  EXPECT_EQ(FilesOf(Ca())["ca.key"], new_files.at("ca.key"));
}

TEST_F(AuthorityTest, AKillAtAnyTimeLeavesAnAuthorityThatSigns) {
  ASSERT_TRUE(InitAuthority(Ca()).ok());
  std::mt19937 random(7);
  for (int i = 0; i < 25; ++i) {
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      while (RotateAuthority(Ca()).ok()) {
      }
      _exit(1);
    }
    // The kill is to come at any point of a rotation, seen from here by chance.
    usleep(std::uniform_int_distribution<useconds_t>(500, 20'000)(random));
    kill(child, SIGKILL);
    int status = 0;
    waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status)) << "a rotation failed";
    ASSERT_NE(Issue("admin", "ada-" + std::to_string(i)), "");
    // Bundles grow with each rotation, and files are at most 1 MiB.
    if (i % 5 == 4) {
      ASSERT_TRUE(FinishRotation(Ca()).ok());
    }
  }
}

TEST_F(AuthorityTest, RevocationFindsSerialsAndNames) {
  ASSERT_TRUE(InitAuthority(Ca()).ok());
  Issue("viewer", "vera");
  const auto first = ReadCertificate(Text("vera/client.crt"));
  Issue("viewer", "vera");
  Issue("viewer", "walt");
  const auto walt = ReadCertificate(Text("walt/client.crt"));
  EXPECT_EQ(Revoke(Ca(), "nobody").status().code(), StatusCode::kNotFound);
  EXPECT_EQ(*Revoke(Ca(), first->serial), 1);
  EXPECT_EQ(*Revoke(Ca(), "vera"), 2);
  const auto serials = *ReadRevocationList(Text("ca/ca.crl"), Text("ca/ca.crt"));
  EXPECT_EQ(serials.size(), 2U);
  EXPECT_TRUE(serials.contains(first->serial));
  EXPECT_FALSE(serials.contains(walt->serial));
}

TEST_F(AuthorityTest, WhatIsMissingOrWrongIsOneClearLine) {
  EXPECT_EQ(IssueInto(Ca(), {{"admin", "ada"}, {}, {}, ""}).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(RotateAuthority(Ca()).code(), StatusCode::kNotFound);
  ASSERT_TRUE(InitAuthority(Ca()).ok());
  EXPECT_EQ(IssueInto(Ca(), {{"boss", "ada"}, {}, {}, ""}).status().code(),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(IssueInto(Ca(), {{"admin", "../ada"}, {}, {}, ""}).status().code(),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(IssueInto(Ca(), {{"admin", "ada"}, {"host"}, {}, ""}).status().code(),
            StatusCode::kInvalidArgument);
  // A half-finished rotation that left another key must not sign.
  ASSERT_TRUE(WriteSecret(Ca() + "/ca.key", *ReadSecret(Ca() + "/agents.key")).ok());
  EXPECT_EQ(IssueInto(Ca(), {{"admin", "ada"}, {}, {}, ""}).status().code(),
            StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace quantfleet::pki
