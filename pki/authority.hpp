// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/status.hpp"
#include "pki/certificate.hpp"

namespace quantfleet::pki {

// The authority's folder, on one machine that need not be a server:
//   ca.crt, ca.key           signs servers and people, and the next
//   agents.crt, agents.key   signs agents only; coordinators hold it, so that one of them that is
//                            broken into can make no admin
//   ca.crl                   serials revoked
//   issued.csv               what was issued: serial,role,name,end (Unix time)

// kFailedPrecondition: the folder has one.
Status InitAuthority(const std::string& folder);

struct IssueOptions {
  Subject subject;
  std::vector<std::string> hosts;        // of a server; the name itself is added
  std::optional<int64_t> valid_seconds;  // default: an agent a day, people 90 days, a server a year
  std::string out;                       // folder to fill; empty: NAME below the authority's
};

// Fills a folder that programs take: ca.crt with server.crt and server.key, ca.crl, agents.crt and
// agents.key; agent.crt and agent.key; or client.crt and client.key. Returns the folder.
Result<std::string> IssueInto(const std::string& folder, const IssueOptions& options);

// Makes a new authority and signs with it from now on; the old ones stay in ca.crt and agents.crt,
// and what they signed stays good, until `finish`, which leaves the newest alone.
Status RotateAuthority(const std::string& folder);
Status FinishRotation(const std::string& folder);

// Adds a serial, or all certificates of a name, to ca.crl. How many it found. kNotFound.
Result<int> Revoke(const std::string& folder, const std::string& serial_or_name);

}  // namespace quantfleet::pki
