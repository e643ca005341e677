// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "pki/issuer.hpp"

#include <algorithm>
#include <cctype>
#include <ctime>
#include <initializer_list>
#include <utility>

#include <arpa/inet.h>

#include "base/ids.hpp"
#include "pki/handles.hpp"
#include "pki/signing_request.hpp"

namespace quantfleet::pki {
namespace {

constexpr int kSerialBits = 127;
// Clocks of a fleet differ.
constexpr int64_t kBackdateSeconds = 300;
constexpr size_t kMostHosts = 32;

using Extensions = std::vector<std::pair<int, std::string>>;

bool SetSerial(X509* certificate) {
  const Number number(BN_new());
  return number && BN_rand(number.get(), kSerialBits, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1 &&
         BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr;
}

bool SetTimes(X509* certificate, int64_t valid_seconds) {
  const std::time_t now = std::time(nullptr);
  const int64_t begin = std::min<int64_t>(-kBackdateSeconds, 2 * valid_seconds);
  return ASN1_TIME_set(X509_getm_notBefore(certificate), now + begin) != nullptr &&
         ASN1_TIME_set(X509_getm_notAfter(certificate), now + valid_seconds) != nullptr;
}

bool SetSubject(X509* certificate, const std::string& name) {
  const auto text = [&](const char* field, const std::string& value) {
    return X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), field, MBSTRING_UTF8,
                                      reinterpret_cast<const unsigned char*>(value.c_str()), -1, -1,
                                      0) == 1;
  };
  return text("O", "Quantfleet") && text("CN", name);
}

bool AddExtensions(X509* certificate, X509* issuer, const Extensions& extensions) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  return std::all_of(extensions.begin(), extensions.end(), [&](const auto& entry) {
    X509_EXTENSION* extension =
        X509V3_EXT_conf_nid(nullptr, &context, entry.first, entry.second.c_str());
    const bool added = extension != nullptr && X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return added;
  });
}

struct Plan {
  std::string common_name;
  int64_t valid_seconds = 0;
  Extensions extensions;
};

// A certificate for `key` by `issuer_key`; without an issuer's certificate it signs itself.
Result<std::string> Sign(const Plan& plan, EVP_PKEY* key, X509* issuer, EVP_PKEY* issuer_key) {
  const Certificate certificate(X509_new());
  X509* const by = issuer != nullptr ? issuer : certificate.get();
  const bool made = certificate && X509_set_version(certificate.get(), X509_VERSION_3) == 1 &&
                    SetSerial(certificate.get()) &&
                    SetTimes(certificate.get(), plan.valid_seconds) &&
                    SetSubject(certificate.get(), plan.common_name) &&
                    X509_set_issuer_name(certificate.get(), X509_get_subject_name(by)) == 1 &&
                    X509_set_pubkey(certificate.get(), key) == 1 &&
                    AddExtensions(certificate.get(), by, plan.extensions) &&
                    X509_sign(certificate.get(), issuer_key, EVP_sha256()) > 0;
  if (!made) return OpenSslError("sign a certificate");
  return PemOf(certificate.get());
}

bool IsAddress(const std::string& host) {
  unsigned char bytes[sizeof(in6_addr)];
  return inet_pton(AF_INET, host.c_str(), bytes) == 1 ||
         inet_pton(AF_INET6, host.c_str(), bytes) == 1;
}

bool IsHostName(const std::string& host) {
  return !host.empty() && host.size() <= 253 &&
         std::all_of(host.begin(), host.end(), [](unsigned char c) {
           return std::isalnum(c) != 0 || c == '.' || c == '-' || c == '*';
         });
}

// What goes into OpenSSL's little language is checked first: a comma begins another name there.
Result<std::string> AlternativeNames(const Leaf& leaf) {
  QF_RETURN_IF_ERROR(CheckSubject(leaf.subject));
  if (leaf.hosts.size() > kMostHosts) return InvalidArgument("at most 32 hosts");
  std::string names = "URI:quantfleet:" + leaf.subject.role + ":" + leaf.subject.name;
  for (const std::string& host : leaf.hosts) {
    if (IsAddress(host)) {
      names += ",IP:" + host;
    } else if (IsHostName(host)) {
      names += ",DNS:" + host;
    } else {
      return InvalidArgument("'" + host + "' is neither a host name nor an address");
    }
  }
  return names;
}

}  // namespace

Result<Issuer> MakeAuthority(const std::string& name, int64_t valid_seconds, const Issuer* parent) {
  Issuer issuer;
  QF_ASSIGN_OR_RETURN(issuer.key_pem, GenerateKey());
  QF_ASSIGN_OR_RETURN(const Key key, ParseKey(issuer.key_pem));
  // Two authorities of one name could not be told apart by it, as chains are built.
  Plan plan{RandomId(name + " "),
            valid_seconds,
            {{NID_basic_constraints,
              std::string("critical,CA:TRUE,pathlen:") + (parent == nullptr ? "1" : "0")},
             {NID_key_usage, "critical,keyCertSign,cRLSign"},
             {NID_subject_key_identifier, "hash"},
             {NID_authority_key_identifier, "keyid:always"}}};
  if (parent == nullptr) {
    QF_ASSIGN_OR_RETURN(issuer.certificate_pem, Sign(plan, key.get(), nullptr, key.get()));
    return issuer;
  }
  // Below the root, which clients trust: without this its holder could pass for a coordinator.
  plan.extensions.push_back({NID_ext_key_usage, "clientAuth"});
  QF_ASSIGN_OR_RETURN(const Certificate above, ParseCertificate(parent->certificate_pem));
  QF_ASSIGN_OR_RETURN(const Key above_key, ParseKey(parent->key_pem));
  QF_ASSIGN_OR_RETURN(issuer.certificate_pem, Sign(plan, key.get(), above.get(), above_key.get()));
  return issuer;
}

Result<std::string> IssueCertificate(const Issuer& issuer, std::string_view request_pem,
                                     const Leaf& leaf) {
  QF_ASSIGN_OR_RETURN(const std::string names, AlternativeNames(leaf));
  QF_RETURN_IF_ERROR(RequestedKeySha256(request_pem).status());
  QF_ASSIGN_OR_RETURN(const Request request, ParseRequest(request_pem));
  QF_ASSIGN_OR_RETURN(const Certificate above, ParseCertificate(issuer.certificate_pem));
  QF_ASSIGN_OR_RETURN(const Key above_key, ParseKey(issuer.key_pem));
  const bool serves = leaf.subject.role == "server";
  const Plan plan{leaf.subject.name,
                  leaf.valid_seconds,
                  {{NID_basic_constraints, "critical,CA:FALSE"},
                   {NID_key_usage, "critical,digitalSignature"},
                   {NID_ext_key_usage, serves ? "serverAuth" : "clientAuth"},
                   {NID_subject_alt_name, names},
                   {NID_subject_key_identifier, "hash"},
                   {NID_authority_key_identifier, "keyid:always"}}};
  return Sign(plan, X509_REQ_get0_pubkey(request.get()), above.get(), above_key.get());
}

}  // namespace quantfleet::pki
