// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "base/status.hpp"

namespace quantfleet::agent {

// What an agent proves itself and its coordinator with: the files of the folder --identity.
struct Identity {
  std::string authority_pem;    // ca.crt; whom to believe
  std::string certificate_pem;  // agent.crt; empty before it is enrolled
  std::string key_pem;          // agent.key; a secret
  std::string name;             // whom the certificate names
  int64_t not_before = 0;       // Unix time, seconds
  int64_t not_after = 0;

  // True without a certificate that is good for some time yet.
  bool NeedsEnrolment() const;
  // When the next certificate should be fetched: two thirds of the way to the end. Unix time.
  int64_t RenewTime() const { return not_before + (not_after - not_before) / 3 * 2; }
};

// kNotFound: no ca.crt. A folder without agent.crt is an agent that has yet to enrol.
Result<Identity> LoadIdentity(const std::string& folder);
// A new key for the agent, kept in the folder before it is used: a retry of an enrolment must show
// the same one.
Result<std::string> PendingKey(const std::string& folder);
// Makes `certificate_pem` for the key of PendingKey, and the authorities to believe, the folder's.
Result<Identity> AdoptCertificate(const std::string& folder, const std::string& certificate_pem,
                                  const std::string& authority_pem);

}  // namespace quantfleet::agent
