// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/cpu/powercap.hpp"

#include <filesystem>
#include <fstream>
#include <system_error>

namespace quantfleet::cpu {
namespace {

std::optional<double> ReadNumber(const std::string& path) {
  std::ifstream file(path);
  double value = 0;
  if (!(file >> value)) return std::nullopt;
  return value;
}

std::string ReadWord(const std::string& path) {
  std::ifstream file(path);
  std::string word;
  file >> word;
  return word;
}

}  // namespace

Powercap::Powercap(const std::string& root) {
  std::error_code none;
  for (const auto& zone : std::filesystem::directory_iterator(root, none)) {
    const std::string path = zone.path().string();
    // Zones within a package (cores, memory) are counted in it.
    if (!ReadWord(path + "/name").starts_with("package-")) continue;
    const auto now = ReadNumber(path + "/energy_uj");
    const auto range = ReadNumber(path + "/max_energy_range_uj");
    if (now && range) packages_.push_back({path + "/energy_uj", *range, *now});
  }
}

std::optional<double> Powercap::ReadJoules() {
  if (packages_.empty()) return std::nullopt;
  for (Package& package : packages_) {
    const auto now = ReadNumber(package.file);
    if (!now) return std::nullopt;
    const double step = *now - package.last;
    microjoules_ += step >= 0 ? step : step + package.range;
    package.last = *now;
  }
  return microjoules_ / 1e6;
}

}  // namespace quantfleet::cpu
