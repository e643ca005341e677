// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace quantfleet::matrix {

// Parses `document` and expands what is accepted. Returns the first promise of ParseMatrix and
// ExpandMatrix that is broken, for people; empty if none is.
std::string FindBrokenPromise(std::string_view document);

}  // namespace quantfleet::matrix
