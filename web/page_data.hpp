// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace quantfleet::web {

// Written by pack_page during the build.
extern const std::string_view kPage;
extern const std::string_view kPagePolicy;

// Line of the document that a report replaces with its data.
inline constexpr std::string_view kDataPlace = "<!-- quantfleet-comparison -->";

}  // namespace quantfleet::web
