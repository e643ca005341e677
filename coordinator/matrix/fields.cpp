// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/matrix/fields.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <map>

#include "coordinator/matrix/suggestion.hpp"

namespace quantfleet::matrix {
namespace {

constexpr size_t kMaxTextBytes = 256;
constexpr size_t kMaxNameBytes = 64;

// The node as a message shows it.
std::string Shown(const YamlNode& node) {
  switch (node.kind) {
    case YamlNode::Kind::kNull:
      return "empty";
    case YamlNode::Kind::kScalar:
      return Quoted(node.text);
    case YamlNode::Kind::kSequence:
      return "a list";
    case YamlNode::Kind::kMap:
      return "a map";
  }
  return "";
}

bool IsPlainScalar(const YamlNode& node, const std::string& what, const std::string& wanted,
                   Report* report) {
  if (node.kind == YamlNode::Kind::kScalar && !node.quoted) return true;
  const std::string hint = node.quoted ? "remove the quotes" : "";
  report->Add(node.place, what + " is " + Shown(node) + ", " + wanted + " is meant", hint);
  return false;
}

bool AllDigits(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// Decimal number as JSON writes it (RFC 8259, section 6); nothing otherwise.
std::optional<double> ParseNumber(std::string_view text) {
  std::string_view digits = text.starts_with('-') ? text.substr(1) : text;
  const bool starts_well = !digits.empty() && digits[0] >= '0' && digits[0] <= '9';
  const bool leading_zero =
      digits.size() > 1 && digits[0] == '0' && digits[1] >= '0' && digits[1] <= '9';
  if (!starts_well || leading_zero) return std::nullopt;
  double number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || stop != end || !std::isfinite(number)) return std::nullopt;
  return number;
}

bool IsNameByte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '_' || c == '-';
}

}  // namespace

Fields::Fields(const YamlNode& node, const std::string& what, const std::vector<std::string>& known,
               Report* report)
    : node_(node), what_(what), report_(report) {
  if (node.kind != YamlNode::Kind::kMap) {
    report->Add(node.place, what + " is " + Shown(node) + ", a map of keys is meant", OneOf(known));
    return;
  }
  for (const Entry& entry : node.entries) {
    if (Contains(known, entry.key)) continue;
    if (const std::string* nearest = Nearest(entry.key, known)) misspelt_.insert(*nearest);
    report->Add(entry.place, "unknown key " + Quoted(entry.key) + " in " + what,
                Suggest(entry.key, known));
  }
}

const YamlNode* Fields::Find(const std::string& key) const {
  for (const Entry& entry : node_.entries) {
    if (entry.key == key) return &entry.value;
  }
  return nullptr;
}

const YamlNode* Fields::Require(const std::string& key) const {
  const YamlNode* found = Find(key);
  if (found == nullptr && node_.kind == YamlNode::Kind::kMap && !misspelt_.contains(key)) {
    report_->Add(node_.place, "the key " + Quoted(key) + " is missing in " + what_);
  }
  return found;
}

std::optional<uint64_t> ReadInteger(const YamlNode& node, const std::string& what, uint64_t min,
                                    uint64_t max, Report* report) {
  if (!IsPlainScalar(node, what, "a whole number", report)) return std::nullopt;
  const bool negative = node.text.starts_with('-') && AllDigits(node.text.substr(1));
  if (!negative && !AllDigits(node.text)) {
    report->Add(node.place, what + " is " + Shown(node) + ", a whole number is meant",
                "digits only, as in 16");
    return std::nullopt;
  }
  if (node.text.size() > 1 && node.text[negative ? 1 : 0] == '0') {
    report->Add(node.place, what + " is " + Shown(node) + ": a leading zero is ambiguous",
                "write the decimal number");
    return std::nullopt;
  }
  uint64_t number = 0;
  const char* end = node.text.data() + node.text.size();
  const auto error = std::from_chars(node.text.data(), end, number).ec;
  if (negative || (error == std::errc() && number < min)) {
    report->Add(node.place, what + " is " + node.text.substr(0, 24) + ", at least " +
                                std::to_string(min) + " is asked for");
    return std::nullopt;
  }
  if (error != std::errc() || number > max) {
    report->Add(node.place, what + " is " + node.text.substr(0, 24) + ", at most " +
                                std::to_string(max) + " is allowed");
    return std::nullopt;
  }
  return number;
}

std::optional<double> ReadNumber(const YamlNode& node, const std::string& what,
                                 const std::string& unit, Report* report) {
  if (!IsPlainScalar(node, what, "a number", report)) return std::nullopt;
  std::optional<double> number = ParseNumber(node.text);
  if (!number) {
    report->Add(node.place, what + " is " + Shown(node) + ", a number is meant",
                unit.empty() ? "" : "a number of " + unit + ", without a unit");
  }
  return number;
}

std::optional<double> ReadFraction(const YamlNode& node, const std::string& what, Report* report) {
  if (!IsPlainScalar(node, what, "a fraction", report)) return std::nullopt;
  const bool percent = node.text.ends_with('%');
  const std::optional<double> number =
      ParseNumber(std::string_view(node.text).substr(0, node.text.size() - (percent ? 1 : 0)));
  if (!number) {
    report->Add(node.place, what + " is " + Shown(node) + ", a fraction is meant",
                "write 1% or 0.01");
    return std::nullopt;
  }
  return percent ? *number / 100 : *number;
}

std::optional<double> ReadDuration(const YamlNode& node, const std::string& what,
                                   double most_seconds, Report* report) {
  if (!IsPlainScalar(node, what, "a length of time", report)) return std::nullopt;
  static const std::map<char, double> kUnits = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
  const auto unit = node.text.empty() ? kUnits.end() : kUnits.find(node.text.back());
  const std::string digits = node.text.substr(0, node.text.size() - 1);
  const bool is_count =
      unit != kUnits.end() && AllDigits(digits) && digits.size() <= 9 && !digits.starts_with('0');
  if (!is_count) {
    report->Add(node.place, what + " is " + Shown(node) + ", a length of time is meant",
                "a whole number and its unit, as in 90s, 30m, 24h or 7d");
    return std::nullopt;
  }
  const double seconds = std::stod(digits) * unit->second;
  if (seconds <= most_seconds) return seconds;
  report->Add(node.place, what + " is " + node.text + ", at most " +
                              NumberText(most_seconds / 86400) + "d is allowed");
  return std::nullopt;
}

std::optional<bool> ReadBool(const YamlNode& node, const std::string& what, Report* report) {
  if (!IsPlainScalar(node, what, "true or false", report)) return std::nullopt;
  if (node.text == "true" || node.text == "false") return node.text == "true";
  report->Add(node.place, what + " is " + Shown(node) + ", true or false is meant");
  return std::nullopt;
}

std::optional<std::string> ReadText(const YamlNode& node, const std::string& what, Report* report) {
  if (node.kind != YamlNode::Kind::kScalar || node.text.empty()) {
    const std::string shown = node.kind == YamlNode::Kind::kScalar ? "empty" : Shown(node);
    report->Add(node.place, what + " is " + shown + ", a text is meant");
    return std::nullopt;
  }
  if (node.text.size() > kMaxTextBytes) {
    report->Add(node.place, what + " has " + std::to_string(node.text.size()) + " bytes, at most " +
                                std::to_string(kMaxTextBytes) + " are allowed");
    return std::nullopt;
  }
  return node.text;
}

std::optional<std::string> ReadName(const YamlNode& node, const std::string& what, Report* report) {
  std::optional<std::string> name = ReadText(node, what, report);
  if (!name) return std::nullopt;
  const bool well_formed = name->size() <= kMaxNameBytes &&
                           std::all_of(name->begin(), name->end(), IsNameByte) &&
                           name->find_first_of("._-") != 0;
  if (well_formed) return name;
  report->Add(node.place, what + " is " + Shown(node) + ", not a name",
              "at most 64 letters, digits, dots, dashes and underscores, a letter or digit first");
  return std::nullopt;
}

std::optional<std::string> ReadWord(const YamlNode& node, const std::string& what,
                                    const Vocabulary& vocabulary, Report* report) {
  std::optional<std::string> word = ReadText(node, what, report);
  if (!word || Contains(vocabulary.available, *word)) return word;
  ReportUnknownWord(node.place, what, *word, vocabulary, report);
  return std::nullopt;
}

bool IsFilledList(const YamlNode& node, const std::string& what, Report* report) {
  if (node.kind == YamlNode::Kind::kSequence && !node.items.empty()) return true;
  const bool empty = node.kind == YamlNode::Kind::kSequence;
  report->Add(node.place, what + " is " + (empty ? "an empty list" : Shown(node)) +
                              ", a list with at least one entry is meant");
  return false;
}

void ReportUnknownWord(Place place, const std::string& what, const std::string& word,
                       const Vocabulary& vocabulary, Report* report) {
  if (Contains(vocabulary.awaited, word)) {
    report->Add(place, what + " " + Quoted(word) + " is not available in this version",
                OneOf(vocabulary.available));
    return;
  }
  report->Add(place, "unknown " + what + " " + Quoted(word), Suggest(word, vocabulary.available));
}

std::string NumberText(double number) {
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%.10g", number);
  return buffer;
}

}  // namespace quantfleet::matrix
