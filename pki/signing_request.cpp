// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "pki/signing_request.hpp"

#include <array>

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include "pki/handles.hpp"

namespace quantfleet::pki {
namespace {

constexpr const char* kCurve = "prime256v1";

bool IsOnOurCurve(EVP_PKEY* key) {
  std::array<char, 64> name{};
  size_t size = 0;
  return EVP_PKEY_get_group_name(key, name.data(), name.size(), &size) == 1 &&
         std::string_view(name.data(), size) == kCurve;
}

}  // namespace

Result<std::string> GenerateKey() {
  const Key key(EVP_EC_gen(kCurve));
  if (!key) return OpenSslError("make a key");
  const Bio bio(BIO_new(BIO_s_mem()));
  if (!bio || PEM_write_bio_PKCS8PrivateKey(bio.get(), key.get(), nullptr, nullptr, 0, nullptr,
                                            nullptr) != 1) {
    return OpenSslError("write a key");
  }
  return TextOf(bio);
}

Result<std::string> MakeSigningRequest(std::string_view key_pem, const std::string& name) {
  QF_ASSIGN_OR_RETURN(const Key key, ParseKey(key_pem));
  const Request request(X509_REQ_new());
  const auto* bytes = reinterpret_cast<const unsigned char*>(name.c_str());
  const Bio bio(BIO_new(BIO_s_mem()));
  const bool made = request && bio &&
                    X509_REQ_set_version(request.get(), X509_REQ_VERSION_1) == 1 &&
                    X509_NAME_add_entry_by_txt(X509_REQ_get_subject_name(request.get()), "CN",
                                               MBSTRING_UTF8, bytes, -1, -1, 0) == 1 &&
                    X509_REQ_set_pubkey(request.get(), key.get()) == 1 &&
                    X509_REQ_sign(request.get(), key.get(), EVP_sha256()) > 0 &&
                    PEM_write_bio_X509_REQ(bio.get(), request.get()) == 1;
  if (!made) return OpenSslError("make a signing request");
  return TextOf(bio);
}

Result<std::string> RequestedKeySha256(std::string_view request_pem) {
  QF_ASSIGN_OR_RETURN(const Request request, ParseRequest(request_pem));
  EVP_PKEY* key = X509_REQ_get0_pubkey(request.get());
  if (key == nullptr || !IsOnOurCurve(key)) {
    ERR_clear_error();
    return InvalidArgument("the signing request is not for a key on P-256");
  }
  if (X509_REQ_verify(request.get(), key) != 1) {
    ERR_clear_error();
    return InvalidArgument("the signing request is not signed by its own key");
  }
  return KeySha256(key);
}

}  // namespace quantfleet::pki
