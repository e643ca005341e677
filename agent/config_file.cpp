// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "agent/config_file.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <yaml-cpp/yaml.h>

namespace quantfleet::agent {
namespace {

std::string PlaceOf(const std::string& path, const YAML::Mark& mark) {
  return path + ":" + std::to_string(mark.line + 1) + ":" + std::to_string(mark.column + 1);
}

std::string Joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

// Throws YAML::Exception where a scalar is expected and something else stands.
std::vector<std::string> ValuesOf(const YAML::Node& node) {
  std::vector<std::string> values;
  if (node.IsSequence()) {
    for (const auto& item : node) values.push_back(item.as<std::string>());
  } else if (node.IsMap()) {
    for (const auto& item : node) {
      values.push_back(item.first.as<std::string>() + "=" + item.second.as<std::string>());
    }
  } else {
    values.push_back(node.as<std::string>());
  }
  return values;
}

Result<std::vector<ConfigEntry>> ReadRoot(const YAML::Node& root, const std::string& path,
                                          const std::vector<std::string>& known) {
  std::vector<ConfigEntry> entries;
  if (root.IsNull()) return entries;
  if (!root.IsMap()) return InvalidArgument(PlaceOf(path, root.Mark()) + ": no map of settings");
  for (const auto& item : root) {
    ConfigEntry entry{item.first.as<std::string>(), ValuesOf(item.second),
                      PlaceOf(path, item.first.Mark())};
    if (std::find(known.begin(), known.end(), entry.key) == known.end()) {
      return InvalidArgument(entry.place + ": unknown key '" + entry.key +
                             "' (known: " + Joined(known) + ")");
    }
    const bool repeated = std::any_of(entries.begin(), entries.end(),
                                      [&](const ConfigEntry& e) { return e.key == entry.key; });
    if (repeated) return InvalidArgument(entry.place + ": '" + entry.key + "' is there twice");
    entries.push_back(std::move(entry));
  }
  return entries;
}

}  // namespace

Result<std::vector<ConfigEntry>> ReadConfigFile(const std::string& path,
                                                const std::vector<std::string>& known) {
  std::ifstream file(path);
  std::ostringstream text;
  // Not through iterators, which throw where reading fails.
  text << file.rdbuf();
  std::error_code error;
  if (!file || std::filesystem::is_directory(path, error)) return NotFound("cannot read " + path);
  try {
    return ReadRoot(YAML::Load(text.str()), path, known);
  } catch (const YAML::Exception& wrong) {
    return InvalidArgument(PlaceOf(path, wrong.mark) + ": " + wrong.msg);
  }
}

}  // namespace quantfleet::agent
