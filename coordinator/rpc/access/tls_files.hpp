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
  // Bundle: signs agents. Empty: only agents with a certificate of the other authority are known.
  std::string agents_pem;
  // A secret. Without it (empty) this coordinator enrols nobody and renews nothing.
  std::string agents_key_pem;
  std::string revocation_path;  // read again whenever it changes; empty: none
};

// kNotFound, kFailedPrecondition or kInvalidArgument: a file is missing, open to others, or not
// what it should be.
Result<TlsFiles> LoadTlsFolder(const std::string& folder);

}  // namespace quantfleet::rpc
