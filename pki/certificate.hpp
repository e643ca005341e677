// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.hpp"

namespace quantfleet::pki {

// Who a certificate is for. In the certificate it is a URI among the subject's alternative names,
// "quantfleet:ROLE:NAME" (RFC 5280, 4.2.1.6); the common name repeats NAME for people.
struct Subject {
  std::string role;  // server, agent, viewer, submitter, operator or admin
  std::string name;  // 1 to 64 of a-z A-Z 0-9 . - _
};

struct CertificateFacts {
  Subject subject;         // both empty: an authority, or not one of ours
  std::string serial;      // lower-case hex
  std::string key_sha256;  // of the public key's DER, lower-case hex
  int64_t not_before = 0;  // Unix time, seconds
  int64_t not_after = 0;
  bool is_authority = false;
};

// kInvalidArgument: a role or a name that no certificate of ours may carry.
Status CheckSubject(const Subject& subject);

// Of the first certificate in `pem`. Proves nothing: see IsSignedByAny. kInvalidArgument.
Result<CertificateFacts> ReadCertificate(std::string_view pem);

// Each certificate of a bundle as a PEM of its own, in order.
std::vector<std::string> SplitBundle(std::string_view bundle);

// True if the first certificate in `pem` carries the signature of one of the authorities in
// `bundle`. Says nothing about times, which the handshake has checked.
bool IsSignedByAny(std::string_view pem, std::string_view bundle);

// True if `key` is the private key of `certificate`.
bool IsKeyOf(std::string_view key_pem, std::string_view certificate_pem);

}  // namespace quantfleet::pki
