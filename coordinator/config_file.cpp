// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/config_file.hpp"

#include <algorithm>
#include <fstream>
#include <sstream>

#include <yaml-cpp/yaml.h>

namespace quantfleet {
namespace {

Status Wrong(const std::string& path, const YAML::Mark& mark, const std::string& what) {
  return InvalidArgument(path + ":" + std::to_string(mark.line + 1) + ":" +
                         std::to_string(mark.column + 1) + ": " + what);
}

std::string Joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

}  // namespace

Result<std::map<std::string, std::string>> ReadConfigFile(const std::string& path,
                                                          const std::vector<std::string>& known) {
  std::ifstream file(path);
  if (!file) return NotFound("cannot read " + path);
  std::ostringstream text;
  text << file.rdbuf();
  std::map<std::string, std::string> values;
  try {
    const YAML::Node root = YAML::Load(text.str());
    if (root.IsNull()) return values;
    if (!root.IsMap()) return Wrong(path, root.Mark(), "a map of settings is expected");
    for (const auto& entry : root) {
      if (!entry.first.IsScalar()) return Wrong(path, entry.first.Mark(), "a key must be a word");
      const auto key = entry.first.as<std::string>();
      if (std::find(known.begin(), known.end(), key) == known.end()) {
        return Wrong(path, entry.first.Mark(),
                     "unknown key '" + key + "' (known: " + Joined(known) + ")");
      }
      if (!entry.second.IsScalar())
        return Wrong(path, entry.first.Mark(), key + " takes one value");
      if (!values.emplace(key, entry.second.as<std::string>()).second) {
        return Wrong(path, entry.first.Mark(), "the key '" + key + "' is there twice");
      }
    }
  } catch (const YAML::Exception& e) {
    return Wrong(path, e.mark, e.msg);
  }
  return values;
}

}  // namespace quantfleet
