// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "base/status.hpp"
#include "pki/issuer.hpp"

namespace quantfleet::pki {

// Serials (lower-case hex) that are good no longer, as an X.509 revocation list (RFC 5280, 5) in
// PEM. One list of the newest authority speaks for all: serials are 127 random bits.
Result<std::string> MakeRevocationList(const Issuer& issuer, const std::set<std::string>& serials);

// kInvalidArgument: not a list, or signed by none of the authorities in `bundle`.
Result<std::set<std::string>> ReadRevocationList(std::string_view pem, std::string_view bundle);

}  // namespace quantfleet::pki
