// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "base/ids.hpp"

#include <cstdint>
#include <random>

namespace quantfleet {

std::string RandomId(std::string_view prefix) {
  static constexpr std::string_view kAlphabet = "0123456789abcdefghjkmnpqrstvwxyz";
  // Opening the device takes longer than reading it.
  thread_local std::random_device device;
  std::string id(prefix);
  uint32_t bits = 0;
  for (int i = 0; i < 26; ++i) {
    // Six characters of five bits from each word: the device is slow.
    bits = i % 6 == 0 ? device() : bits >> 5;
    id.push_back(kAlphabet[bits & 31U]);
  }
  return id;
}

}  // namespace quantfleet
