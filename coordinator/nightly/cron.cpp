// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/nightly/cron.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace quantfleet::nightly {
namespace {

constexpr std::array<std::string_view, 12> kMonths = {"jan", "feb", "mar", "apr", "may", "jun",
                                                      "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::array<std::string_view, 7> kWeekdays = {"sun", "mon", "tue", "wed",
                                                       "thu", "fri", "sat"};

// What a field may hold.
struct FieldKind {
  const char* name;
  int least;
  int most;
  std::span<const std::string_view> names = {};  // of least, least + 1, ...
};

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lower;
}

std::vector<std::string_view> Split(std::string_view text, std::string_view separators) {
  std::vector<std::string_view> parts;
  while (true) {
    const size_t end = text.find_first_of(separators);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::optional<int> NumberIn(std::string_view text) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  return whole && text[0] != '-' ? std::optional(number) : std::nullopt;
}

class Field {
 public:
  Field(const FieldKind& kind, std::string_view text) : kind_(kind), text_(text) {}

  // Values that match, ascending and with repeats.
  Result<std::vector<int>> Values() const {
    std::vector<int> values;
    for (const std::string_view item : Split(text_, ",")) {
      QF_RETURN_IF_ERROR(AddItem(item, &values));
    }
    return values;
  }

 private:
  Status Problem(const std::string& what) const {
    return InvalidArgument(std::string("cron line, ") + kind_.name + " '" + std::string(text_) +
                           "': " + what);
  }

  Result<int> Value(std::string_view text) const {
    const std::string lower = Lower(text);
    for (size_t i = 0; i < kind_.names.size(); ++i) {
      if (kind_.names[i] == lower) return kind_.least + static_cast<int>(i);
    }
    const auto number = NumberIn(text);
    if (!number)
      return Problem("'" + std::string(text) + "' is no number" +
                     (kind_.names.empty() ? "" : " and no name"));
    if (*number < kind_.least || *number > kind_.most) {
      return Problem(std::to_string(*number) + " is not between " + std::to_string(kind_.least) +
                     " and " + std::to_string(kind_.most));
    }
    return *number;
  }

  Status AddItem(std::string_view item, std::vector<int>* values) const {
    const auto parts = Split(item, "/");
    if (parts.size() > 2) return Problem("more than one step");
    const auto ends = Split(parts[0], "-");
    if (ends.size() > 2) return Problem("a range has two ends");
    int first = kind_.least;
    int last = kind_.most;
    if (parts[0] != "*") {
      QF_ASSIGN_OR_RETURN(first, Value(ends[0]));
      last = first;
      if (ends.size() == 2) {
        QF_ASSIGN_OR_RETURN(last, Value(ends[1]));
      }
      if (last < first) return Problem("the range ends before it starts");
    }
    int step = 1;
    if (parts.size() == 2) {
      if (parts[0] != "*" && ends.size() == 1) return Problem("a step takes * or a range");
      const auto number = NumberIn(parts[1]);
      if (!number || *number < 1) return Problem("a step is a number of at least 1");
      step = std::min(*number, kind_.most + 1);
    }
    for (int value = first; value <= last; value += step) values->push_back(value);
    return OkStatus();
  }

  const FieldKind& kind_;
  const std::string_view text_;
};

template <size_t kSize>
Status Fill(const FieldKind& kind, std::string_view text, std::bitset<kSize>* set) {
  QF_ASSIGN_OR_RETURN(const std::vector<int> values, Field(kind, text).Values());
  for (const int value : values) set->set(static_cast<size_t>(value) % kSize);
  return OkStatus();
}

}  // namespace

bool Cron::MatchesDay(unsigned month, unsigned day, unsigned weekday) const {
  if (!months.test(month)) return false;
  if (any_day || any_weekday) return days.test(day) && weekdays.test(weekday);
  return days.test(day) || weekdays.test(weekday);
}

Result<Cron> ParseCron(std::string_view line) {
  static const std::map<std::string, std::string_view> kNamed = {
      {"@hourly", "0 * * * *"},  {"@daily", "0 0 * * *"},   {"@midnight", "0 0 * * *"},
      {"@weekly", "0 0 * * 0"},  {"@monthly", "0 0 1 * *"}, {"@yearly", "0 0 1 1 *"},
      {"@annually", "0 0 1 1 *"}};
  if (const auto named = kNamed.find(Lower(line)); named != kNamed.end()) line = named->second;
  std::vector<std::string_view> fields = Split(line, " \t");
  std::erase(fields, std::string_view());
  if (fields.size() != 5) {
    return InvalidArgument(
        "a cron line has five fields (minute, hour, day of the month, month, "
        "day of the week), this one " +
        std::to_string(fields.size()));
  }
  Cron cron;
  QF_RETURN_IF_ERROR(Fill({"minute", 0, 59}, fields[0], &cron.minutes));
  QF_RETURN_IF_ERROR(Fill({"hour", 0, 23}, fields[1], &cron.hours));
  QF_RETURN_IF_ERROR(Fill({"day of the month", 1, 31}, fields[2], &cron.days));
  QF_RETURN_IF_ERROR(Fill({"month", 1, 12, kMonths}, fields[3], &cron.months));
  QF_RETURN_IF_ERROR(Fill({"day of the week", 0, 7, kWeekdays}, fields[4], &cron.weekdays));
  cron.any_day = fields[2].starts_with('*');
  cron.any_weekday = fields[4].starts_with('*');
  cron.repeats = fields[0].starts_with('*') || fields[1].starts_with('*');
  return cron;
}

}  // namespace quantfleet::nightly
