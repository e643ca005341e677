// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/rpc/access/certificate_check.hpp"

#include <utility>

#include <sys/stat.h>

#include "base/digest.hpp"
#include "base/logging.hpp"
#include "coordinator/access/refusal.hpp"
#include "pki/certificate.hpp"
#include "pki/files.hpp"
#include "pki/revocation.hpp"

namespace quantfleet::rpc {
namespace {

constexpr size_t kMostKnown = 20'000;
constexpr Duration kLookEvery = std::chrono::seconds(1);

int64_t ModifiedNanoseconds(const std::string& path) {
  struct stat facts {};
  if (stat(path.c_str(), &facts) != 0) return 0;
  return int64_t{facts.st_mtim.tv_sec} * 1'000'000'000 + facts.st_mtim.tv_nsec;
}

}  // namespace

CertificateCheck::CertificateCheck(TlsFiles files) : files_(std::move(files)) {}

Result<CertificateCheck::Known> CertificateCheck::Read(const std::string& pem) const {
  const auto facts = pki::ReadCertificate(pem);
  if (!facts.ok()) return access::Unauthenticated("the certificate cannot be read");
  const auto role = access::ParseRole(facts->subject.role);
  if (!role) return access::Unauthenticated("the certificate names no role that calls");
  const bool by_root = pki::IsSignedByAny(pem, files_.authority_pem);
  const bool by_agents = !by_root && pki::IsSignedByAny(pem, files_.agents_pem);
  if (!by_root && !by_agents)
    return access::Unauthenticated("the certificate is of another authority");
  // Whoever holds the key that signs agents must not make people of any role.
  if (by_agents && *role != access::Role::kAgent) {
    return access::Unauthenticated("the authority of agents signed a certificate of another role");
  }
  return Known{{facts->subject.name, *role, facts->serial, by_agents}, facts->not_after};
}

Result<CertificateCheck::Holder> CertificateCheck::Check(const std::string& pem) {
  const std::string key = Sha256Hex(pem);
  const std::lock_guard lock(mutex_);
  Reload();
  auto found = known_.find(key);
  if (found == known_.end()) {
    QF_ASSIGN_OR_RETURN(Known fresh, Read(pem));
    if (known_.size() >= kMostKnown) known_.clear();
    found = known_.emplace(key, std::move(fresh)).first;
  }
  const Known& known = found->second;
  if (known.not_after <= std::time(nullptr))
    return access::Unauthenticated("the certificate is expired");
  if (revoked_.contains(known.holder.serial))
    return access::Unauthenticated("the certificate is revoked");
  return known.holder;
}

void CertificateCheck::Reload() {
  const Duration now = Clock::Steady()->Now();
  if (files_.revocation_path.empty() || now < next_look_) return;
  next_look_ = now + kLookEvery;
  const int64_t modified = ModifiedNanoseconds(files_.revocation_path);
  if (modified == read_mtime_ns_) return;
  const auto text = pki::ReadPublic(files_.revocation_path);
  auto serials = text.ok() ? pki::ReadRevocationList(*text, files_.authority_pem)
                           : Result<std::set<std::string>>(text.status());
  if (!serials.ok()) {
    log::Error("the revocation list is left as it was", {{"reason", serials.status().message()}});
    return;
  }
  // Only now: a list that could not be read is looked at again, although it has not changed.
  read_mtime_ns_ = modified;
  revoked_ = *std::move(serials);
  log::Info("revocation list read", {{"serials", revoked_.size()}});
}

}  // namespace quantfleet::rpc
