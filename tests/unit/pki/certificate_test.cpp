// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "pki/certificate.hpp"

#include <ctime>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pki/issuer.hpp"
#include "pki/revocation.hpp"
#include "pki/signing_request.hpp"

namespace quantfleet::pki {
namespace {

struct Authorities {
  Issuer root = *MakeAuthority("root", kDaySeconds, nullptr);
  Issuer agents = *MakeAuthority("agents", kDaySeconds, &root);
};

std::string RequestFor(const std::string& key) {
  return *MakeSigningRequest(key, "whoever");
}

TEST(Certificate, SaysWhoItIsForAndWhoSignedIt) {
  const Authorities a;
  const Issuer stranger = *MakeAuthority("root", kDaySeconds, nullptr);
  const std::string key = *GenerateKey();
  const auto pem = IssueCertificate(a.agents, RequestFor(key), {{"agent", "gpu-7.lab"}, {}, 60});
  ASSERT_TRUE(pem.ok()) << pem.status().ToString();
  const auto facts = ReadCertificate(*pem);
  ASSERT_TRUE(facts.ok());
  EXPECT_EQ(facts->subject.role, "agent");
  EXPECT_EQ(facts->subject.name, "gpu-7.lab");
  EXPECT_FALSE(facts->is_authority);
  EXPECT_NEAR(static_cast<double>(facts->not_after - std::time(nullptr)), 60, 5);
  EXPECT_EQ(facts->serial.size(), 32U);
  EXPECT_EQ(facts->key_sha256, *RequestedKeySha256(RequestFor(key)));
  EXPECT_TRUE(IsSignedByAny(*pem, a.agents.certificate_pem));
  EXPECT_TRUE(IsSignedByAny(*pem, stranger.certificate_pem + a.agents.certificate_pem));
  EXPECT_FALSE(IsSignedByAny(*pem, a.root.certificate_pem));
  EXPECT_FALSE(IsSignedByAny(*pem, stranger.certificate_pem));
  EXPECT_FALSE(IsSignedByAny(*pem, *pem)) << "a leaf is no authority";
  EXPECT_TRUE(IsKeyOf(key, *pem));
  EXPECT_FALSE(IsKeyOf(*GenerateKey(), *pem));
}

TEST(Certificate, AuthoritiesAreNobody) {
  const Authorities a;
  const auto facts = ReadCertificate(a.agents.certificate_pem);
  ASSERT_TRUE(facts.ok());
  EXPECT_TRUE(facts->is_authority);
  EXPECT_EQ(facts->subject.role, "");
  EXPECT_TRUE(IsSignedByAny(a.agents.certificate_pem, a.root.certificate_pem));
}

TEST(Certificate, NamesAndHostsThatWouldSayMoreAreRefused) {
  const Authorities a;
  const std::string request = RequestFor(*GenerateKey());
  const auto code = [&](const Leaf& leaf) {
    return IssueCertificate(a.root, request, leaf).status().code();
  };
  EXPECT_EQ(code({{"admin", "ada"}, {}, 60}), StatusCode::kOk);
  EXPECT_EQ(code({{"server", "h"}, {"fleet.lab", "10.0.0.7", "::1"}, 60}), StatusCode::kOk);
  EXPECT_EQ(code({{"root", "ada"}, {}, 60}), StatusCode::kInvalidArgument);
  for (const char* name : {"", "a,URI:quantfleet:admin:a", "a:b", "a\nb", ".a", "a/b"}) {
    EXPECT_EQ(code({{"viewer", name}, {}, 60}), StatusCode::kInvalidArgument) << name;
  }
  for (const char* host : {"", "a,DNS:b", "a b", "a\n"}) {
    EXPECT_EQ(code({{"server", "h"}, {host}, 60}), StatusCode::kInvalidArgument) << host;
  }
}

TEST(Certificate, RequestsMustBeWholeAndSigned) {
  const std::string request = RequestFor(*GenerateKey());
  EXPECT_TRUE(RequestedKeySha256(request).ok());
  for (size_t at = 60; at + 60 < request.size(); at += 7) {
    std::string damaged = request;
    damaged[at] = damaged[at] == 'A' ? 'B' : 'A';
    EXPECT_NE(RequestedKeySha256(damaged).ok() ? *RequestedKeySha256(damaged) : "",
              *RequestedKeySha256(request))
        << at;
  }
  for (const char* text : {"", "-----BEGIN CERTIFICATE REQUEST-----", "no PEM at all"}) {
    EXPECT_EQ(RequestedKeySha256(text).status().code(), StatusCode::kInvalidArgument);
    EXPECT_EQ(ReadCertificate(text).status().code(), StatusCode::kInvalidArgument);
  }
}

TEST(RevocationList, OnlyAnAuthoritysListIsBelieved) {
  const Authorities a;
  const Issuer stranger = *MakeAuthority("root", kDaySeconds, nullptr);
  const std::set<std::string> serials = {"0123456789abcdef0123456789abcdef", "7f"};
  const auto list = MakeRevocationList(a.root, serials);
  ASSERT_TRUE(list.ok());
  const auto read = ReadRevocationList(*list, a.root.certificate_pem);
  ASSERT_TRUE(read.ok());
  EXPECT_THAT(*read, ::testing::UnorderedElementsAre("0123456789abcdef0123456789abcdef", "7f"));
  EXPECT_FALSE(ReadRevocationList(*list, stranger.certificate_pem).ok());
  EXPECT_FALSE(ReadRevocationList("", a.root.certificate_pem).ok());
  EXPECT_TRUE(ReadRevocationList(*MakeRevocationList(a.root, {}), a.root.certificate_pem)->empty());
}

}  // namespace
}  // namespace quantfleet::pki
