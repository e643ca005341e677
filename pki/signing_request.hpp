// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/status.hpp"

namespace quantfleet::pki {

// A new private key on the curve P-256, as PKCS #8 in PEM. A secret.
Result<std::string> GenerateKey();

// A PKCS #10 request (RFC 2986) for the key. Its subject is `name`, which issuers ignore: they know
// for themselves who asks.
Result<std::string> MakeSigningRequest(std::string_view key_pem, const std::string& name);

// Lower-case hex SHA-256 of the public key a request is for. kInvalidArgument: not a request, not
// signed by its own key, or a key other than one on P-256.
Result<std::string> RequestedKeySha256(std::string_view request_pem);

}  // namespace quantfleet::pki
