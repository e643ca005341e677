// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "base/address.hpp"

namespace quantfleet {

bool IsLoopback(std::string_view address) {
  if (address.starts_with("unix:")) return true;
  const std::string_view host = address.substr(0, address.rfind(':'));
  const bool is_ipv4 = host.find_first_not_of("0123456789.") == std::string_view::npos;
  return (is_ipv4 && host.starts_with("127.")) || host == "localhost" || host == "[::1]";
}

}  // namespace quantfleet
