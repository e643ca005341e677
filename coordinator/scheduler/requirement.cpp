// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/scheduler/requirement.hpp"

#include <algorithm>
#include <cstdio>
#include <set>
#include <utility>

#include <nlohmann/json.hpp>

#include "base/units.hpp"

namespace quantfleet::scheduler {
namespace {

constexpr std::string_view kLabelPrefix = "labels.";

struct Bound {
  const char* key;
  std::optional<double> Condition::*limit;
  const char* words;
};
constexpr Bound kBounds[] = {{"lt", &Condition::less_than, "less than"},
                             {"le", &Condition::at_most, "at most"},
                             {"gt", &Condition::greater_than, "more than"},
                             {"ge", &Condition::at_least, "at least"}};

// A property of a device: one text, or several for "feature".
struct Property {
  std::vector<std::string> texts;
  std::optional<double> number;
};

char Lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool EqualsEntry(const std::string& entry, std::string_view text) {
  const bool glob = entry.find_first_of("*?") != std::string::npos;
  return glob ? MatchesGlob(entry, text) : entry == text;
}

bool AnyEquals(const std::vector<std::string>& entries, std::string_view text) {
  return std::any_of(entries.begin(), entries.end(),
                     [&](const std::string& entry) { return EqualsEntry(entry, text); });
}

bool WithinBounds(const Condition& condition, std::optional<double> number) {
  const auto broken = [&](const std::optional<double>& limit, auto holds) {
    return limit.has_value() && !(number.has_value() && holds(*number, *limit));
  };
  return !broken(condition.less_than, std::less<>()) &&
         !broken(condition.at_most, std::less_equal<>()) &&
         !broken(condition.greater_than, std::greater<>()) &&
         !broken(condition.at_least, std::greater_equal<>());
}

std::string ToText(double number) {
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%.6g", number);
  return buffer;
}

std::string Join(const std::vector<std::string>& texts, const char* separator) {
  std::string joined;
  for (const std::string& text : texts) {
    if (!joined.empty()) joined += separator;
    joined += text;
  }
  return joined;
}

std::string KindName(v1::DeviceKind kind) {
  switch (kind) {
    case v1::DEVICE_KIND_CPU:
      return "cpu";
    case v1::DEVICE_KIND_CUDA:
      return "cuda";
    default:
      return "";
  }
}

std::optional<Property> OneText(const std::string& text) {
  if (text.empty()) return std::nullopt;
  return Property{{text}, std::nullopt};
}

std::optional<Property> OneNumber(double number) {
  return Property{{ToText(number)}, number};
}

std::optional<Property> FindProperty(const std::string& name, const DeviceFacts& facts) {
  const v1::Device& device = facts.device;
  if (name == "device") return OneText(device.name());
  if (name == "device_class") return OneText(device.device_class());
  if (name == "kind") return OneText(KindName(device.kind()));
  if (name == "architecture") return OneText(device.architecture());
  if (name == "agent") return OneText(facts.agent_name);
  if (name == "feature") {
    return Property{{device.features().begin(), device.features().end()}, std::nullopt};
  }
  if (name == "memory_gib" && device.memory_bytes() > 0) {
    return OneNumber(static_cast<double>(device.memory_bytes()) / static_cast<double>(kGibibyte));
  }
  if (name == "threads" && device.threads() > 0) return OneNumber(device.threads());
  if (name.starts_with(kLabelPrefix)) {
    const auto label = facts.labels.find(name.substr(kLabelPrefix.size()));
    if (label != facts.labels.end()) return OneText(label->second);
  }
  return std::nullopt;
}

bool PropertyHolds(const Condition& condition, const Property& property) {
  if (!WithinBounds(condition, property.number)) return false;
  const auto among = [&](const std::vector<std::string>& entries) {
    return std::any_of(property.texts.begin(), property.texts.end(),
                       [&](const std::string& text) { return AnyEquals(entries, text); });
  };
  return (condition.any_of.empty() || among(condition.any_of)) && !among(condition.none_of);
}

std::string Describe(const Condition& condition) {
  std::vector<std::string> parts;
  if (!condition.any_of.empty()) parts.push_back(Join(condition.any_of, " or "));
  if (!condition.none_of.empty()) parts.push_back("not " + Join(condition.none_of, ", not "));
  for (const Bound& bound : kBounds) {
    if (const auto& limit = condition.*bound.limit) {
      parts.push_back(std::string(bound.words) + " " + ToText(*limit));
    }
  }
  return parts.empty() ? "some value" : Join(parts, " and ");
}

bool KnownProperty(const std::string& name) {
  static const std::set<std::string> kNames = {"device",       "device_class", "kind",
                                               "architecture", "memory_gib",   "threads",
                                               "feature",      "agent"};
  return kNames.contains(name) ||
         (name.starts_with(kLabelPrefix) && name.size() > kLabelPrefix.size());
}

Status ReadTexts(const nlohmann::json& json, std::vector<std::string>* texts) {
  if (!json.is_array() || json.empty()) return InvalidArgument("not a list of texts");
  for (const nlohmann::json& entry : json) {
    if (!entry.is_string()) return InvalidArgument("not a list of texts");
    texts->push_back(entry.get<std::string>());
  }
  return OkStatus();
}

Status ReadMember(const std::string& key, const nlohmann::json& json, Condition* condition) {
  if (key == "any_of") return ReadTexts(json, &condition->any_of);
  if (key == "none_of") return ReadTexts(json, &condition->none_of);
  for (const Bound& bound : kBounds) {
    if (key != bound.key) continue;
    if (!json.is_number()) return InvalidArgument("not a number");
    condition->*bound.limit = json.get<double>();
    return OkStatus();
  }
  return InvalidArgument("unknown key");
}

nlohmann::json Sorted(std::vector<std::string> texts) {
  std::sort(texts.begin(), texts.end());
  texts.erase(std::unique(texts.begin(), texts.end()), texts.end());
  return texts;
}

}  // namespace

bool MatchesGlob(std::string_view pattern, std::string_view text) {
  // Only the last * ever needs another try: an earlier one could not reach further.
  size_t p = 0, t = 0, after_star = std::string_view::npos, retry = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      after_star = ++p;
      retry = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || Lower(pattern[p]) == Lower(text[t]))) {
      ++p;
      ++t;
    } else if (after_star != std::string_view::npos) {
      p = after_star;
      t = ++retry;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

bool Holds(const Condition& condition, std::string_view text, std::optional<double> number) {
  return WithinBounds(condition, number) &&
         (condition.any_of.empty() || AnyEquals(condition.any_of, text)) &&
         !AnyEquals(condition.none_of, text);
}

bool Matches(const Requirement& requirement, const DeviceFacts& facts) {
  return WhyNot(requirement, facts).empty();
}

std::string WhyNot(const Requirement& requirement, const DeviceFacts& facts) {
  for (const auto& [name, condition] : requirement.conditions) {
    const std::optional<Property> property = FindProperty(name, facts);
    if (property.has_value() && PropertyHolds(condition, *property)) continue;
    std::string why = name;
    why += " is ";
    why += !property.has_value()     ? "not known"
           : property->texts.empty() ? "empty"
                                     : Join(property->texts, ", ");
    return why.append(", ").append(Describe(condition)).append(" is asked for");
  }
  return "";
}

std::string Requirement::ToJson() const {
  nlohmann::json json = nlohmann::json::object();
  for (const auto& [name, condition] : conditions) {
    nlohmann::json& members = json[name] = nlohmann::json::object();
    if (!condition.any_of.empty()) members["any_of"] = Sorted(condition.any_of);
    if (!condition.none_of.empty()) members["none_of"] = Sorted(condition.none_of);
    for (const Bound& bound : kBounds) {
      if (const auto& limit = condition.*bound.limit) members[bound.key] = *limit;
    }
  }
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

Result<Requirement> Requirement::FromJson(const std::string& json) {
  const nlohmann::json parsed = nlohmann::json::parse(json, nullptr, false);
  if (!parsed.is_object()) return InvalidArgument("requirement: not a JSON object");
  Requirement requirement;
  for (const auto& [name, members] : parsed.items()) {
    if (!KnownProperty(name)) return InvalidArgument("requirement: unknown property " + name);
    if (!members.is_object()) return InvalidArgument("requirement: " + name + ": not an object");
    Condition& condition = requirement.conditions[name];
    for (const auto& [key, value] : members.items()) {
      Status status = ReadMember(key, value, &condition);
      if (!status.ok()) return status.WithContext(key).WithContext(name).WithContext("requirement");
    }
  }
  return requirement;
}

}  // namespace quantfleet::scheduler
