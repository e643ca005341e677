// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.hpp"
#include "pki/certificate.hpp"

namespace quantfleet::pki {

inline constexpr int64_t kDaySeconds = 24 * 3600;

// An authority that can sign. The key is a secret.
struct Issuer {
  std::string certificate_pem;
  std::string key_pem;
};

// A new authority called `name` and a random part. Without `parent` it signs itself and may sign
// one further authority; with one it is that authority, and signs leaves only.
Result<Issuer> MakeAuthority(const std::string& name, int64_t valid_seconds, const Issuer* parent);

// What a certificate says. Times count from now; `valid_seconds` may be negative, in tests.
struct Leaf {
  Subject subject;
  std::vector<std::string> hosts;  // of a server: names and numeric addresses it is reached at
  int64_t valid_seconds = kDaySeconds;
};

// A certificate for the key of `request_pem`: nothing else of the request is believed. A server's
// is good for serving, all others for calling, and neither for the other. kInvalidArgument: a
// subject, host or request that is wrong.
Result<std::string> IssueCertificate(const Issuer& issuer, std::string_view request_pem,
                                     const Leaf& leaf);

}  // namespace quantfleet::pki
