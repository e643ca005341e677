// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "agent/session/identity.hpp"

#include <ctime>
#include <filesystem>

#include "pki/certificate.hpp"
#include "pki/files.hpp"
#include "pki/signing_request.hpp"

namespace quantfleet::agent {
namespace {

constexpr const char* kCertificate = "/agent.crt";
constexpr const char* kKey = "/agent.key";
constexpr const char* kNextKey = "/agent.key.next";
// Too little to fetch another with.
constexpr int64_t kAlmostOverSeconds = 30;

}  // namespace

bool Identity::NeedsEnrolment() const {
  return certificate_pem.empty() || not_after < std::time(nullptr) + kAlmostOverSeconds;
}

Result<Identity> LoadIdentity(const std::string& folder) {
  Identity identity;
  QF_ASSIGN_OR_RETURN(identity.authority_pem, pki::ReadPublic(folder + "/" + pki::kAuthorityFile));
  if (!pki::FileExists(folder + kCertificate)) return identity;
  QF_ASSIGN_OR_RETURN(identity.certificate_pem, pki::ReadPublic(folder + kCertificate));
  QF_ASSIGN_OR_RETURN(identity.key_pem, pki::ReadSecret(folder + kKey));
  // The agent was killed between the two files of a new pair.
  if (!pki::IsKeyOf(identity.key_pem, identity.certificate_pem) &&
      pki::FileExists(folder + kNextKey)) {
    QF_ASSIGN_OR_RETURN(identity.key_pem, pki::ReadSecret(folder + kNextKey));
  }
  if (!pki::IsKeyOf(identity.key_pem, identity.certificate_pem)) {
    return FailedPrecondition(folder + ": agent.key is not the key of agent.crt");
  }
  QF_ASSIGN_OR_RETURN(const auto facts, pki::ReadCertificate(identity.certificate_pem));
  if (facts.subject.role != "agent") {
    return FailedPrecondition(folder + ": agent.crt is no agent's certificate");
  }
  identity.name = facts.subject.name;
  identity.not_before = facts.not_before;
  identity.not_after = facts.not_after;
  return identity;
}

Result<std::string> PendingKey(const std::string& folder) {
  const std::string path = folder + kNextKey;
  if (pki::FileExists(path)) return pki::ReadSecret(path);
  QF_ASSIGN_OR_RETURN(const std::string key, pki::GenerateKey());
  QF_RETURN_IF_ERROR(pki::WriteSecret(path, key));
  return key;
}

Result<Identity> AdoptCertificate(const std::string& folder, const std::string& certificate_pem,
                                  const std::string& authority_pem) {
  QF_ASSIGN_OR_RETURN(const std::string key, pki::ReadSecret(folder + kNextKey));
  if (!pki::IsKeyOf(key, certificate_pem))
    return Internal("a certificate for another key came back");
  if (pki::SplitBundle(authority_pem).empty()) return Internal("no authority came back");
  QF_RETURN_IF_ERROR(pki::WritePublic(folder + "/" + pki::kAuthorityFile, authority_pem));
  QF_RETURN_IF_ERROR(pki::WritePublic(folder + kCertificate, certificate_pem));
  QF_RETURN_IF_ERROR(pki::WriteSecret(folder + kKey, key));
  std::error_code ignored;
  std::filesystem::remove(folder + kNextKey, ignored);
  return LoadIdentity(folder);
}

}  // namespace quantfleet::agent
