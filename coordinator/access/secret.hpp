// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace quantfleet::access {

// A token at the only moment somebody has both halves.
struct NewSecret {
  std::string token_id;  // "tok_...": names the token, opens nothing
  std::string text;      // "qft_...": 130 random bits; shown once, stored nowhere
  std::string sha256;    // of `text`; without salt, since nobody guesses 130 bits
};
NewSecret MakeSecret();

// What a token is looked up by. Empty if `text` cannot be a token of ours.
std::string HashOfSecret(std::string_view text);

}  // namespace quantfleet::access
