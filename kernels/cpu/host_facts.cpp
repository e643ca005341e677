// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/cpu/host_facts.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <fstream>
#include <sstream>
#include <string_view>

#include <sys/utsname.h>

#include "base/units.hpp"

namespace quantfleet::cpu {
namespace {

constexpr std::array<std::string_view, 13> kFeatures = {
    "asimd",    "avx",  "avx2", "avx512_bf16", "avx512_vnni", "avx512bw", "avx512f",
    "avx512vl", "f16c", "fma",  "sse4_1",      "sve",         "sve2"};

std::string FirstLine(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

// Value of the first "name : value" line of /proc/cpuinfo.
std::string CpuInfo(std::string_view name) {
  std::ifstream file("/proc/cpuinfo");
  std::string line;
  while (std::getline(file, line)) {
    if (line.compare(0, name.size(), name) != 0) continue;
    const size_t colon = line.find(':');
    const size_t after_name = line.find_last_not_of(" \t", colon - 1);
    if (colon == std::string::npos || after_name + 1 != name.size()) continue;
    const size_t begin = line.find_first_not_of(" \t", colon + 1);
    return begin == std::string::npos ? "" : line.substr(begin);
  }
  return "";
}

// "32768K" as the kernel writes cache sizes.
uint64_t ParseCacheSize(const std::string& text) {
  std::istringstream in(text);
  uint64_t number = 0;
  char unit = 0;
  in >> number >> unit;
  return unit == 'M' ? number * kMebibyte : number * kKibibyte;
}

uint64_t LastLevelCache() {
  uint64_t largest = 0;
  for (int index = 0; index < 8; ++index) {
    const std::string size =
        FirstLine("/sys/devices/system/cpu/cpu0/cache/index" + std::to_string(index) + "/size");
    if (!size.empty()) largest = std::max(largest, ParseCacheSize(size));
  }
  return largest > 0 ? largest : 32 * kMebibyte;
}

}  // namespace

HostFacts ReadHostFacts() {
  HostFacts facts;
  facts.model = CpuInfo("model name");
  if (facts.model.empty()) facts.model = "unknown";
  utsname system = {};
  if (uname(&system) == 0) facts.architecture = system.machine;
  std::string flags = CpuInfo("flags");
  if (flags.empty()) flags = CpuInfo("Features");  // Arm's name for it.
  std::istringstream words(flags);
  for (std::string word; words >> word;) {
    if (std::find(kFeatures.begin(), kFeatures.end(), word) != kFeatures.end()) {
      facts.features.push_back(word);
    }
  }
  std::sort(facts.features.begin(), facts.features.end());
  facts.last_level_cache_bytes = LastLevelCache();
  return facts;
}

engine::Fingerprint ReadHostFingerprint(const HostFacts& facts) {
  utsname system = {};
  const std::string release = uname(&system) == 0 ? system.release : "";
  engine::Fingerprint values = {
    {"cpu.model", facts.model},
    {"cpu.microcode", CpuInfo("microcode")},
    {"cpu.governor", FirstLine("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")},
    {"cpu.smt", FirstLine("/sys/devices/system/cpu/smt/active")},
    {"cpu.cache.llc", std::to_string(facts.last_level_cache_bytes)},
    {"kernel.release", release},
#if defined(__clang__)
    {"compiler", "clang " __clang_version__},
#else
    {"compiler", "gcc " __VERSION__},
#endif
  };
  std::erase_if(values, [](const auto& entry) { return entry.second.empty(); });
  return values;
}

std::string Dashed(const std::string& text) {
  std::string dashed;
  for (const char c : text) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0) {
      dashed += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    } else if (!dashed.empty() && dashed.back() != '-') {
      dashed += '-';
    }
  }
  while (!dashed.empty() && dashed.back() == '-') dashed.pop_back();
  return dashed;
}

}  // namespace quantfleet::cpu
