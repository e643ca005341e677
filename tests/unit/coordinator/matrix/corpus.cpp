// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/coordinator/matrix/corpus.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "base/status.hpp"

namespace quantfleet::matrix {

std::filesystem::path CorpusFolder() {
  return std::filesystem::path(QUANTFLEET_SOURCE_DIR) / "tests/unit/coordinator/matrix";
}

std::vector<std::filesystem::path> YamlFiles(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".yaml") files.push_back(entry.path());
  }
  QF_CHECK(!files.empty());
  std::sort(files.begin(), files.end());
  return files;
}

std::string ReadBytes(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  QF_CHECK(file.is_open());
  std::ostringstream bytes;
  bytes << file.rdbuf();
  return bytes.str();
}

std::string CompareWithFile(const std::string& text, const std::filesystem::path& path) {
  if (std::getenv("UPDATE_EXPECTED") != nullptr) {
    std::ofstream(path, std::ios::binary) << text;
    return "";
  }
  if (!std::filesystem::exists(path)) return path.string() + " is missing (UPDATE_EXPECTED=1)";
  const std::string expected = ReadBytes(path);
  if (text == expected) return "";
  return path.string() + " says\n" + expected + "but this was found\n" + text;
}

}  // namespace quantfleet::matrix
