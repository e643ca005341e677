// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "coordinator/matrix/diagnostic.hpp"
#include "coordinator/matrix/matrix.hpp"

namespace quantfleet::matrix {

struct Entry;

// A value of a YAML document as written: nothing is converted, so that `012` and `NO` stay text.
struct YamlNode {
  enum class Kind { kNull, kScalar, kSequence, kMap };

  Kind kind = Kind::kNull;
  Place place;
  std::string text;             // of a scalar
  bool quoted = false;          // a scalar in quotes or a block scalar: text, never a number
  std::vector<YamlNode> items;  // of a sequence
  std::vector<Entry> entries;   // of a map, in file order, without repeats
};

// A key with its value.
struct Entry {
  std::string key;
  Place place;
  YamlNode value;
};

// Reads the only YAML document in `text` into a tree of at most limits.max_nodes nodes, never
// deeper than limits.max_nesting. Nothing, with at least one entry in `report`, if it is too large,
// not UTF-8, not YAML, or uses anchors, aliases, tags, merge keys or several documents. Repeated
// keys are reported too, and the first value is kept.
std::optional<YamlNode> ReadDocument(std::string_view text, const Limits& limits, Report* report);

}  // namespace quantfleet::matrix
