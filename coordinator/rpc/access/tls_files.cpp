// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/rpc/access/tls_files.hpp"

#include <ctime>

#include "pki/certificate.hpp"
#include "pki/files.hpp"
#include "pki/revocation.hpp"

namespace quantfleet::rpc {
namespace {

Status CheckServer(const std::string& folder, const TlsFiles& files) {
  if (!pki::IsKeyOf(files.key_pem, files.certificate_pem)) {
    return InvalidArgument(folder + ": server.key is not the key of server.crt");
  }
  QF_ASSIGN_OR_RETURN(const auto facts, pki::ReadCertificate(files.certificate_pem));
  if (facts.not_after <= std::time(nullptr)) {
    return FailedPrecondition(folder +
                              ": server.crt is expired; 'quantfleet pki issue server' "
                              "makes another");
  }
  return OkStatus();
}

}  // namespace

Result<TlsFiles> LoadTlsFolder(const std::string& folder) {
  const std::string at = folder + "/";
  TlsFiles files;
  QF_ASSIGN_OR_RETURN(files.authority_pem, pki::ReadPublic(at + pki::kAuthorityFile));
  QF_ASSIGN_OR_RETURN(files.certificate_pem, pki::ReadPublic(at + "server.crt"));
  QF_ASSIGN_OR_RETURN(files.key_pem, pki::ReadSecret(at + "server.key"));
  QF_RETURN_IF_ERROR(CheckServer(folder, files));
  if (pki::FileExists(at + pki::kRevocationFile)) {
    files.revocation_path = at + pki::kRevocationFile;
    QF_ASSIGN_OR_RETURN(const std::string list, pki::ReadPublic(files.revocation_path));
    const Status read = pki::ReadRevocationList(list, files.authority_pem).status();
    if (!read.ok()) return read.WithContext(files.revocation_path);
  }
  if (pki::FileExists(at + pki::kAgentsAuthorityFile)) {
    QF_ASSIGN_OR_RETURN(files.agents_pem, pki::ReadPublic(at + pki::kAgentsAuthorityFile));
  }
  if (!pki::FileExists(at + pki::kAgentsKeyFile)) return files;
  QF_ASSIGN_OR_RETURN(files.agents_key_pem, pki::ReadSecret(at + pki::kAgentsKeyFile));
  if (!pki::IsKeyOf(files.agents_key_pem, files.agents_pem)) {
    return InvalidArgument(folder + ": agents.key is not the key of agents.crt");
  }
  return files;
}

}  // namespace quantfleet::rpc
