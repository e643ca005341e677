// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace quantfleet {

// `prefix` and 26 random characters of Crockford's base 32 (130 bits from the system's generator),
// for example "mtx_5zr...". Sorts by nothing; collides never.
std::string RandomId(std::string_view prefix);

}  // namespace quantfleet
