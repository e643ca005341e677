// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "pki/revocation.hpp"

#include <algorithm>
#include <ctime>

#include <openssl/err.h>
#include <openssl/pem.h>

#include "pki/handles.hpp"

namespace quantfleet::pki {
namespace {

struct FreeTime {
  void operator()(ASN1_TIME* time) const { ASN1_TIME_free(time); }
};
using Time = std::unique_ptr<ASN1_TIME, FreeTime>;

bool Add(X509_CRL* list, const std::string& serial, const ASN1_TIME* now) {
  BIGNUM* parsed = nullptr;
  if (BN_hex2bn(&parsed, serial.c_str()) == 0) return false;
  const Number number(parsed);
  struct FreeInteger {
    void operator()(ASN1_INTEGER* integer) const { ASN1_INTEGER_free(integer); }
  };
  const std::unique_ptr<ASN1_INTEGER, FreeInteger> integer(
      BN_to_ASN1_INTEGER(number.get(), nullptr));
  X509_REVOKED* entry = X509_REVOKED_new();
  const bool filled = integer && entry != nullptr &&
                      X509_REVOKED_set_serialNumber(entry, integer.get()) == 1 &&
                      X509_REVOKED_set_revocationDate(entry, const_cast<ASN1_TIME*>(now)) == 1;
  if (filled && X509_CRL_add0_revoked(list, entry) == 1) return true;
  X509_REVOKED_free(entry);
  return false;
}

}  // namespace

Result<std::string> MakeRevocationList(const Issuer& issuer, const std::set<std::string>& serials) {
  QF_ASSIGN_OR_RETURN(const Certificate above, ParseCertificate(issuer.certificate_pem));
  QF_ASSIGN_OR_RETURN(const Key key, ParseKey(issuer.key_pem));
  const RevocationList list(X509_CRL_new());
  const Time now(ASN1_TIME_set(nullptr, std::time(nullptr)));
  const Time next(ASN1_TIME_adj(nullptr, std::time(nullptr), 365, 0));
  const Bio bio(BIO_new(BIO_s_mem()));
  const bool made =
      list && now && next && bio && X509_CRL_set_version(list.get(), X509_CRL_VERSION_2) == 1 &&
      X509_CRL_set_issuer_name(list.get(), X509_get_subject_name(above.get())) == 1 &&
      X509_CRL_set1_lastUpdate(list.get(), now.get()) == 1 &&
      X509_CRL_set1_nextUpdate(list.get(), next.get()) == 1 &&
      std::all_of(serials.begin(), serials.end(),
                  [&](const std::string& serial) { return Add(list.get(), serial, now.get()); }) &&
      X509_CRL_sort(list.get()) == 1 && X509_CRL_sign(list.get(), key.get(), EVP_sha256()) > 0 &&
      PEM_write_bio_X509_CRL(bio.get(), list.get()) == 1;
  if (!made) return OpenSslError("sign a revocation list");
  return TextOf(bio);
}

Result<std::set<std::string>> ReadRevocationList(std::string_view pem, std::string_view bundle) {
  QF_ASSIGN_OR_RETURN(const RevocationList list, ParseRevocationList(pem));
  const std::vector<std::string> authorities = SplitBundle(bundle);
  const bool is_signed =
      std::any_of(authorities.begin(), authorities.end(), [&](const std::string& text) {
        const auto authority = ParseCertificate(text);
        return authority.ok() &&
               X509_CRL_verify(list.get(), X509_get0_pubkey((*authority).get())) == 1;
      });
  ERR_clear_error();
  if (!is_signed)
    return InvalidArgument("the revocation list is signed by none of the authorities");
  std::set<std::string> serials;
  STACK_OF(X509_REVOKED)* entries = X509_CRL_get_REVOKED(list.get());
  for (int i = 0; i < sk_X509_REVOKED_num(entries); ++i) {
    serials.insert(SerialHex(X509_REVOKED_get0_serialNumber(sk_X509_REVOKED_value(entries, i))));
  }
  return serials;
}

}  // namespace quantfleet::pki
