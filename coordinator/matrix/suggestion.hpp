// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace quantfleet::matrix {

// Least number of insertions, deletions, substitutions and swaps of neighbours that turn `a` into
// `b` (optimal string alignment distance), counted in bytes.
size_t EditDistance(std::string_view a, std::string_view b);

// The one of `known` that `word` was likely meant to be; null if none is near. Points into `known`.
const std::string* Nearest(const std::string& word, const std::vector<std::string>& known);

// A hint for an unknown word: `did you mean "axes"?` if one of `known` is near, else `one of: ...`.
std::string Suggest(const std::string& word, const std::vector<std::string>& known);

// A hint that lists `known`.
std::string OneOf(const std::vector<std::string>& known);

}  // namespace quantfleet::matrix
