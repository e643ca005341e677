// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/status.hpp"

namespace quantfleet::rpc {

// What `quantfleet pki issue server` fills a folder with.
struct TlsFiles {
  std::string authority_pem;    // bundle: signs servers and people
  std::string certificate_pem;  // of this server
  std::string key_pem;          // a secret
  // Signs agents. Without them (both empty) this coordinator enrols nobody.
  std::string agents_pem;
  std::string agents_key_pem;   // a secret
  std::string revocation_path;  // read again whenever it changes; empty: none
};

// kNotFound, kFailedPrecondition or kInvalidArgument: a file is missing, open to others, or not
// what it should be.
Result<TlsFiles> LoadTlsFolder(const std::string& folder);

}  // namespace quantfleet::rpc
