// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/status.hpp"

// OpenSSL's objects, freed with their owner. For this room's sources only.
namespace quantfleet::pki {

template <auto Free>
struct Freer {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};

using Bio = std::unique_ptr<BIO, Freer<BIO_free_all>>;
using Key = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freer<X509_free>>;
using Request = std::unique_ptr<X509_REQ, Freer<X509_REQ_free>>;
using RevocationList = std::unique_ptr<X509_CRL, Freer<X509_CRL_free>>;
using Number = std::unique_ptr<BIGNUM, Freer<BN_free>>;

// kInternal with OpenSSL's first reason; clears its queue of errors, which is the thread's.
Status OpenSslError(std::string_view what);

// Only the first object of its kind in `pem` is read. kInvalidArgument.
Result<Certificate> ParseCertificate(std::string_view pem);
Result<Key> ParseKey(std::string_view pem);
Result<Request> ParseRequest(std::string_view pem);
Result<RevocationList> ParseRevocationList(std::string_view pem);

// All that was written into a memory BIO.
std::string TextOf(const Bio& bio);
Bio ReaderOf(std::string_view text);
Result<std::string> PemOf(X509* certificate);

// Lower-case hex SHA-256 of the DER of a public key.
Result<std::string> KeySha256(EVP_PKEY* key);
// Lower-case hex of a serial number.
std::string SerialHex(const ASN1_INTEGER* serial);

}  // namespace quantfleet::pki
