// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "coordinator/matrix/catalogue.hpp"
#include "coordinator/matrix/diagnostic.hpp"
#include "coordinator/matrix/document.hpp"

namespace quantfleet::matrix {

// Readers of a node as a typed value. Each returns nothing after adding one entry to `report`;
// `what` names the value in messages ("batch").

// The keys of a map, of which all must be in `known`.
class Fields {
 public:
  // Reports `node` if it is no map, and every unknown key of it.
  Fields(const YamlNode& node, const std::string& what, const std::vector<std::string>& known,
         Report* report);

  // The value of `key`, or null.
  const YamlNode* Find(const std::string& key) const;
  // The value of `key`; reports it as missing at the map's place, unless an unknown key was likely
  // meant to be it.
  const YamlNode* Require(const std::string& key) const;

 private:
  const YamlNode& node_;
  std::string what_;
  std::set<std::string> misspelt_;  // known keys that unknown ones were likely meant to be
  Report* report_;
};

// Whole number in [min, max]: decimal digits, no sign but -, no leading zero, no exponent.
std::optional<uint64_t> ReadInteger(const YamlNode& node, const std::string& what, uint64_t min,
                                    uint64_t max, Report* report);
// Finite decimal number without a unit. `unit` is what the number counts ("seconds"), for the hint.
std::optional<double> ReadNumber(const YamlNode& node, const std::string& what,
                                 const std::string& unit, Report* report);
// A fraction as `0.01` or `1%`.
std::optional<double> ReadFraction(const YamlNode& node, const std::string& what, Report* report);
// A length of time as a whole number with its unit: 90s, 30m, 24h, 7d. Seconds.
std::optional<double> ReadDuration(const YamlNode& node, const std::string& what,
                                   double most_seconds, Report* report);
// `true` or `false`.
std::optional<bool> ReadBool(const YamlNode& node, const std::string& what, Report* report);
// Any text but the empty one, of at most 256 bytes.
std::optional<std::string> ReadText(const YamlNode& node, const std::string& what, Report* report);
// Letters, digits, dots, dashes and underscores, at most 64, starting with a letter or digit.
std::optional<std::string> ReadName(const YamlNode& node, const std::string& what, Report* report);
// A word of the vocabulary that this version runs.
std::optional<std::string> ReadWord(const YamlNode& node, const std::string& what,
                                    const Vocabulary& vocabulary, Report* report);
// A node that must be a sequence with at least one item.
bool IsFilledList(const YamlNode& node, const std::string& what, Report* report);

// Reports `word` as not available or as unknown, with a suggestion.
void ReportUnknownWord(Place place, const std::string& what, const std::string& word,
                       const Vocabulary& vocabulary, Report* report);

// Shortest of at most ten significant digits: "0.15", "16".
std::string NumberText(double number);

}  // namespace quantfleet::matrix
