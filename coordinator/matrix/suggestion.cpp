// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/matrix/suggestion.hpp"

#include <algorithm>

namespace quantfleet::matrix {

size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> before(b.size() + 1), above(b.size() + 1), row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) above[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t substituted = above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({substituted, above[j] + 1, row[j - 1] + 1});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], before[j - 2] + 1);
      }
    }
    before.swap(above);
    above.swap(row);
  }
  return above[b.size()];
}

const std::string* Nearest(const std::string& word, const std::vector<std::string>& known) {
  // Beyond this no known word is near, and a hostile one costs no time.
  constexpr size_t kMaxWordBytes = 64;
  if (word.size() > kMaxWordBytes) return nullptr;
  const std::string* nearest = nullptr;
  size_t least = word.size() / 3 + 2;
  for (const std::string& candidate : known) {
    const size_t distance = EditDistance(word, candidate);
    // A word of two letters is two edits from every other one.
    if (distance < least && distance < candidate.size()) {
      nearest = &candidate;
      least = distance;
    }
  }
  return nearest;
}

std::string Suggest(const std::string& word, const std::vector<std::string>& known) {
  const std::string* nearest = Nearest(word, known);
  return nearest != nullptr ? "did you mean \"" + *nearest + "\"?" : OneOf(known);
}

std::string OneOf(const std::vector<std::string>& known) {
  std::string list;
  for (const std::string& word : known) list += (list.empty() ? "" : ", ") + word;
  return "one of: " + list;
}

}  // namespace quantfleet::matrix
