// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "pki/certificate.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <ctime>

#include <openssl/err.h>

#include "pki/handles.hpp"

namespace quantfleet::pki {
namespace {

constexpr std::string_view kScheme = "quantfleet:";
constexpr std::array<std::string_view, 6> kRoles = {"server",    "agent",    "viewer",
                                                    "submitter", "operator", "admin"};
constexpr size_t kMostNameBytes = 64;  // of a common name, RFC 5280 A.1

int64_t UnixTime(const ASN1_TIME* time) {
  std::tm fields{};
  if (ASN1_TIME_to_tm(time, &fields) != 1) return 0;
  return timegm(&fields);
}

// The one URI of our scheme among the alternative names; none, or a second one: nobody.
Subject SubjectOf(X509* certificate) {
  struct FreeNames {
    void operator()(GENERAL_NAMES* names) const { GENERAL_NAMES_free(names); }
  };
  const std::unique_ptr<GENERAL_NAMES, FreeNames> names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  Subject subject;
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type != GEN_URI) continue;
    const ASN1_IA5STRING* text = name->d.uniformResourceIdentifier;
    const std::string_view uri(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                               static_cast<size_t>(ASN1_STRING_length(text)));
    if (!uri.starts_with(kScheme)) continue;
    if (!subject.role.empty()) return {};
    const std::string_view rest = uri.substr(kScheme.size());
    const size_t colon = rest.find(':');
    if (colon == std::string_view::npos) return {};
    subject = {std::string(rest.substr(0, colon)), std::string(rest.substr(colon + 1))};
  }
  return CheckSubject(subject).ok() ? subject : Subject();
}

}  // namespace

Status CheckSubject(const Subject& subject) {
  if (std::find(kRoles.begin(), kRoles.end(), subject.role) == kRoles.end()) {
    return InvalidArgument("unknown role '" + subject.role +
                           "' (known: server, agent, viewer, submitter, operator, admin)");
  }
  const std::string& name = subject.name;
  const bool plain = std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '.' || c == '-' || c == '_';
  });
  if (!name.empty() && name.size() <= kMostNameBytes && name.front() != '.' && plain) return {};
  return InvalidArgument("a name is 1 to 64 of a-z A-Z 0-9 . - _, not \"" + name + "\"");
}

Result<CertificateFacts> ReadCertificate(std::string_view pem) {
  QF_ASSIGN_OR_RETURN(const Certificate certificate, ParseCertificate(pem));
  CertificateFacts facts;
  facts.subject = SubjectOf(certificate.get());
  facts.serial = SerialHex(X509_get0_serialNumber(certificate.get()));
  facts.not_before = UnixTime(X509_get0_notBefore(certificate.get()));
  facts.not_after = UnixTime(X509_get0_notAfter(certificate.get()));
  facts.is_authority = X509_check_ca(certificate.get()) == 1;
  EVP_PKEY* key = X509_get0_pubkey(certificate.get());
  if (key == nullptr) return OpenSslError("read the certificate's key");
  QF_ASSIGN_OR_RETURN(facts.key_sha256, KeySha256(key));
  return facts;
}

std::vector<std::string> SplitBundle(std::string_view bundle) {
  constexpr std::string_view kEnd = "-----END CERTIFICATE-----";
  std::vector<std::string> certificates;
  size_t begin = 0;
  for (size_t end = 0; (end = bundle.find(kEnd, begin)) != std::string_view::npos;) {
    end += kEnd.size();
    const size_t first = bundle.find("-----BEGIN", begin);
    if (first < end) certificates.push_back(std::string(bundle.substr(first, end - first)) + "\n");
    begin = end;
  }
  return certificates;
}

bool IsSignedByAny(std::string_view pem, std::string_view bundle) {
  const auto certificate = ParseCertificate(pem);
  if (!certificate.ok()) return false;
  const std::vector<std::string> authorities = SplitBundle(bundle);
  const bool found =
      std::any_of(authorities.begin(), authorities.end(), [&](const std::string& text) {
        const auto authority = ParseCertificate(text);
        return authority.ok() && X509_check_ca(authority->get()) == 1 &&
               X509_verify((*certificate).get(), X509_get0_pubkey((*authority).get())) == 1;
      });
  ERR_clear_error();
  return found;
}

bool IsKeyOf(std::string_view key_pem, std::string_view certificate_pem) {
  const auto key = ParseKey(key_pem);
  const auto certificate = ParseCertificate(certificate_pem);
  if (!key.ok() || !certificate.ok()) return false;
  const bool fits = X509_check_private_key((*certificate).get(), (*key).get()) == 1;
  ERR_clear_error();
  return fits;
}

}  // namespace quantfleet::pki
