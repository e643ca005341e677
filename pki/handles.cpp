// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "pki/handles.hpp"

#include <algorithm>
#include <array>
#include <cctype>

#include <openssl/err.h>
#include <openssl/pem.h>

#include "base/digest.hpp"

namespace quantfleet::pki {
namespace {

// OpenSSL would otherwise ask the terminal for the password of an encrypted key.
int NoPassword(char*, int, int, void*) {
  return -1;
}

Status NotPem(std::string_view what) {
  ERR_clear_error();
  return InvalidArgument("not " + std::string(what) + " in PEM");
}

}  // namespace

Status OpenSslError(std::string_view what) {
  std::array<char, 256> reason{};
  ERR_error_string_n(ERR_get_error(), reason.data(), reason.size());
  ERR_clear_error();
  return Internal(std::string(what) + ": " + reason.data());
}

Bio ReaderOf(std::string_view text) {
  Bio bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  QF_CHECK(bio != nullptr);
  return bio;
}

std::string TextOf(const Bio& bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<size_t>(size)};
}

Result<Certificate> ParseCertificate(std::string_view pem) {
  Certificate certificate(PEM_read_bio_X509(ReaderOf(pem).get(), nullptr, NoPassword, nullptr));
  if (!certificate) return NotPem("a certificate");
  return certificate;
}

Result<Key> ParseKey(std::string_view pem) {
  Key key(PEM_read_bio_PrivateKey(ReaderOf(pem).get(), nullptr, NoPassword, nullptr));
  if (!key) return NotPem("an unencrypted private key");
  return key;
}

Result<Request> ParseRequest(std::string_view pem) {
  Request request(PEM_read_bio_X509_REQ(ReaderOf(pem).get(), nullptr, NoPassword, nullptr));
  if (!request) return NotPem("a certificate signing request");
  return request;
}

Result<RevocationList> ParseRevocationList(std::string_view pem) {
  RevocationList list(PEM_read_bio_X509_CRL(ReaderOf(pem).get(), nullptr, NoPassword, nullptr));
  if (!list) return NotPem("a revocation list");
  return list;
}

Result<std::string> PemOf(X509* certificate) {
  const Bio bio(BIO_new(BIO_s_mem()));
  if (!bio || PEM_write_bio_X509(bio.get(), certificate) != 1) return OpenSslError("write PEM");
  return TextOf(bio);
}

Result<std::string> KeySha256(EVP_PKEY* key) {
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(key, &der);
  if (size <= 0) return OpenSslError("read the public key");
  const std::string bytes(der, der + size);
  OPENSSL_free(der);
  return Sha256Hex(bytes);
}

std::string SerialHex(const ASN1_INTEGER* serial) {
  const Number number(ASN1_INTEGER_to_BN(serial, nullptr));
  if (!number) return "";
  char* text = BN_bn2hex(number.get());
  std::string hex(text);
  OPENSSL_free(text);
  std::transform(hex.begin(), hex.end(), hex.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return hex;
}

}  // namespace quantfleet::pki
