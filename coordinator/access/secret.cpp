// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/access/secret.hpp"

#include "base/digest.hpp"
#include "base/ids.hpp"

namespace quantfleet::access {
namespace {

constexpr std::string_view kPrefix = "qft_";
constexpr size_t kSecretBytes = 30;

}  // namespace

NewSecret MakeSecret() {
  NewSecret secret;
  secret.token_id = RandomId("tok_");
  secret.text = RandomId(kPrefix);
  secret.sha256 = Sha256Hex(secret.text);
  return secret;
}

std::string HashOfSecret(std::string_view text) {
  if (text.size() != kSecretBytes || !text.starts_with(kPrefix)) return "";
  return Sha256Hex(text);
}

}  // namespace quantfleet::access
