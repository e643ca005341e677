// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "base/version.hpp"

namespace quantfleet {

std::string_view Version() {
  return QUANTFLEET_VERSION;
}

}  // namespace quantfleet
