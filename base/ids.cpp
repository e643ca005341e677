// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "base/ids.hpp"

#include <random>

namespace quantfleet {

std::string RandomId(std::string_view prefix) {
  static constexpr std::string_view kAlphabet = "0123456789abcdefghjkmnpqrstvwxyz";
  // Opening the device takes longer than reading it.
  thread_local std::random_device device;
  std::string id(prefix);
  for (int i = 0; i < 26; ++i) id.push_back(kAlphabet[device() & 31U]);
  return id;
}

}  // namespace quantfleet
