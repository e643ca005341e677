// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/status.hpp"
#include "coordinator/access/role.hpp"
#include "coordinator/postgres/connection.hpp"

namespace quantfleet::postgres {

// A certificate as the database knows it.
struct IssuedCertificate {
  std::string serial;     // lower-case hex
  int64_t not_after = 0;  // Unix time, seconds
};

// Makes a certificate for an agent; may run more than once for one that is kept.
using SignFor = std::function<Result<IssuedCertificate>(const std::string& agent_name)>;

// Spends an enrolment token on the key `key_sha256` and stores what `sign` made. kUnauthenticated:
// no such token, or it is expired, revoked, or spent on another key.
Status SpendEnrolmentToken(Connection& db, const std::string& token_sha256,
                           const std::string& key_sha256, const std::string& peer,
                           const SignFor& sign);
// Stores the next certificate of the agent `actor`, who showed the one with the serial `shown`;
// empty: one that no coordinator signed. kUnauthenticated: that was revoked, perhaps just now.
Status StoreRenewal(Connection& db, const access::Actor& actor, const std::string& shown,
                    const IssuedCertificate& issued);

// True if a coordinator signed the certificate and nobody revoked it.
Result<bool> IsCertificateGood(Connection& db, const std::string& serial);
// Ends what is alive of an agent's certificates and enrolment tokens; how many certificates.
// kNotFound: neither.
Result<uint32_t> RevokeAgent(Connection& db, const access::Actor& actor,
                             const std::string& agent_name);

}  // namespace quantfleet::postgres
