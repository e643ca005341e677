// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "pki/authority.hpp"

#include <set>
#include <sstream>

#include "pki/files.hpp"
#include "pki/issuer.hpp"
#include "pki/revocation.hpp"
#include "pki/signing_request.hpp"

namespace quantfleet::pki {
namespace {

constexpr const char* kKeyFile = "ca.key";
constexpr const char* kIndexFile = "issued.csv";
constexpr int64_t kAuthoritySeconds = 3650 * kDaySeconds;

Result<Issuer> Load(const std::string& folder) {
  QF_RETURN_IF_ERROR(FinishReplacement(folder));
  Issuer issuer;
  const auto certificates = ReadPublic(folder + "/" + kAuthorityFile);
  if (!certificates.ok()) {
    return NotFound("no authority in " + folder + "; make one with 'quantfleet pki init'");
  }
  issuer.certificate_pem = *certificates;
  QF_ASSIGN_OR_RETURN(issuer.key_pem, ReadSecret(folder + "/" + kKeyFile));
  if (!IsKeyOf(issuer.key_pem, issuer.certificate_pem)) {
    return FailedPrecondition(folder + ": ca.key is not the key of ca.crt");
  }
  return issuer;
}

// A new pair, in front of the certificates in `old_root` and `old_agents`.
Status WriteAuthority(const std::string& folder, const std::set<std::string>& revoked,
                      const std::string& old_root, const std::string& old_agents) {
  QF_ASSIGN_OR_RETURN(const Issuer root,
                      MakeAuthority("Quantfleet CA", kAuthoritySeconds, nullptr));
  QF_ASSIGN_OR_RETURN(const Issuer agents,
                      MakeAuthority("Quantfleet agents CA", kAuthoritySeconds, &root));
  QF_ASSIGN_OR_RETURN(const std::string list, MakeRevocationList(root, revoked));
  // A key without its certificate would sign nothing any more.
  return ReplaceTogether(folder,
                         {{kKeyFile, root.key_pem},
                          {kAuthorityFile, root.certificate_pem + old_root},
                          {kAgentsKeyFile, agents.key_pem},
                          {kAgentsAuthorityFile, agents.certificate_pem + old_agents},
                          {kRevocationFile, list}},
                         {kKeyFile, kAgentsKeyFile});
}

Result<std::set<std::string>> Revoked(const std::string& folder, const std::string& bundle) {
  QF_ASSIGN_OR_RETURN(const std::string list, ReadPublic(folder + "/" + kRevocationFile));
  return ReadRevocationList(list, bundle);
}

int64_t DefaultSeconds(const std::string& role) {
  if (role == "agent") return kDaySeconds;
  return role == "server" ? 365 * kDaySeconds : 90 * kDaySeconds;
}

std::string FileStem(const std::string& role) {
  return role == "server" || role == "agent" ? role : "client";
}

Status CopyTo(const std::string& folder, const std::string& out, const char* name, bool secret) {
  if (folder == out) return OkStatus();
  QF_ASSIGN_OR_RETURN(const std::string text,
                      secret ? ReadSecret(folder + "/" + name) : ReadPublic(folder + "/" + name));
  return secret ? WriteSecret(out + "/" + name, text) : WritePublic(out + "/" + name, text);
}

Status Remember(const std::string& folder, const CertificateFacts& facts) {
  const std::string path = folder + "/" + kIndexFile;
  const auto index = ReadPublic(path);
  return WritePublic(path, (index.ok() ? *index : "") + facts.serial + "," + facts.subject.role +
                               "," + facts.subject.name + "," + std::to_string(facts.not_after) +
                               "\n");
}

}  // namespace

Status InitAuthority(const std::string& folder) {
  QF_RETURN_IF_ERROR(FinishReplacement(folder));
  if (FileExists(folder + "/" + kKeyFile) || FileExists(folder + "/" + kAuthorityFile)) {
    return FailedPrecondition(folder +
                              " has an authority; 'quantfleet pki rotate' makes a new one");
  }
  QF_RETURN_IF_ERROR(MakePrivateFolder(folder));
  return WriteAuthority(folder, {}, "", "");
}

Result<std::string> IssueInto(const std::string& folder, const IssueOptions& options) {
  QF_RETURN_IF_ERROR(CheckSubject(options.subject));
  QF_ASSIGN_OR_RETURN(const Issuer issuer, Load(folder));
  const std::string& role = options.subject.role;
  Leaf leaf{options.subject, {}, options.valid_seconds.value_or(DefaultSeconds(role))};
  if (role == "server") {
    leaf.hosts = options.hosts;
    leaf.hosts.insert(leaf.hosts.begin(), options.subject.name);
  } else if (!options.hosts.empty()) {
    return InvalidArgument("only a server has hosts");
  }
  QF_ASSIGN_OR_RETURN(const std::string key, GenerateKey());
  QF_ASSIGN_OR_RETURN(const std::string request, MakeSigningRequest(key, options.subject.name));
  QF_ASSIGN_OR_RETURN(const std::string certificate, IssueCertificate(issuer, request, leaf));
  QF_ASSIGN_OR_RETURN(const CertificateFacts facts, ReadCertificate(certificate));
  // Before anybody has it: what was issued can be revoked by name.
  QF_RETURN_IF_ERROR(Remember(folder, facts));

  const std::string out = options.out.empty() ? folder + "/" + options.subject.name : options.out;
  QF_RETURN_IF_ERROR(MakePrivateFolder(out));
  QF_RETURN_IF_ERROR(WriteSecret(out + "/" + FileStem(role) + ".key", key));
  QF_RETURN_IF_ERROR(WritePublic(out + "/" + FileStem(role) + ".crt", certificate));
  QF_RETURN_IF_ERROR(CopyTo(folder, out, kAuthorityFile, false));
  if (role != "server") return out;
  QF_RETURN_IF_ERROR(CopyTo(folder, out, kRevocationFile, false));
  QF_RETURN_IF_ERROR(CopyTo(folder, out, kAgentsAuthorityFile, false));
  QF_RETURN_IF_ERROR(CopyTo(folder, out, kAgentsKeyFile, true));
  return out;
}

Status RotateAuthority(const std::string& folder) {
  QF_ASSIGN_OR_RETURN(const Issuer old, Load(folder));
  QF_ASSIGN_OR_RETURN(const std::set<std::string> revoked, Revoked(folder, old.certificate_pem));
  QF_ASSIGN_OR_RETURN(const std::string agents, ReadPublic(folder + "/" + kAgentsAuthorityFile));
  return WriteAuthority(folder, revoked, old.certificate_pem, agents);
}

Status FinishRotation(const std::string& folder) {
  QF_RETURN_IF_ERROR(Load(folder).status());
  for (const char* name : {kAuthorityFile, kAgentsAuthorityFile}) {
    const std::string path = folder + "/" + name;
    QF_ASSIGN_OR_RETURN(const std::string bundle, ReadPublic(path));
    const std::vector<std::string> certificates = SplitBundle(bundle);
    if (certificates.empty()) return FailedPrecondition(path + " has no certificate");
    QF_RETURN_IF_ERROR(WritePublic(path, certificates.front()));
  }
  return OkStatus();
}

Result<int> Revoke(const std::string& folder, const std::string& serial_or_name) {
  QF_ASSIGN_OR_RETURN(const Issuer issuer, Load(folder));
  QF_ASSIGN_OR_RETURN(std::set<std::string> revoked, Revoked(folder, issuer.certificate_pem));
  const auto index = ReadPublic(folder + "/" + kIndexFile);
  std::istringstream lines(index.ok() ? *index : "");
  int found = 0;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream fields(line);
    std::string serial, role, name;
    std::getline(fields, serial, ',');
    std::getline(fields, role, ',');
    std::getline(fields, name, ',');
    if (serial != serial_or_name && name != serial_or_name) continue;
    revoked.insert(serial);
    ++found;
  }
  if (found == 0)
    return NotFound("no certificate was issued with the serial or to the name " + serial_or_name);
  QF_ASSIGN_OR_RETURN(const std::string list, MakeRevocationList(issuer, revoked));
  QF_RETURN_IF_ERROR(WritePublic(folder + "/" + kRevocationFile, list));
  return found;
}

}  // namespace quantfleet::pki
