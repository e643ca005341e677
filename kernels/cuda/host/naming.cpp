// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/cuda/host/naming.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

namespace quantfleet::cuda {

std::string ArchitectureName(Capability capability) {
  return "sm_" + std::to_string(capability.major) + std::to_string(capability.minor);
}

std::string DeviceClassOf(std::string_view name) {
  std::string result = "cuda/";
  const size_t prefix = result.size();
  bool dash = false;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) == 0) {
      dash = true;
      continue;
    }
    if (dash && result.size() > prefix) result += '-';
    dash = false;
    result += static_cast<char>(std::tolower(byte));
  }
  return result;
}

std::string UidOf(std::span<const std::byte, 16> uuid) {
  static constexpr std::string_view kHex = "0123456789abcdef";
  std::string result = "GPU-";
  for (size_t i = 0; i < uuid.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) result += '-';
    const auto byte = std::to_integer<unsigned>(uuid[i]);
    result += kHex[byte >> 4];
    result += kHex[byte & 15];
  }
  return result;
}

std::vector<std::string> FeaturesOf(Capability capability) {
  struct Row {
    Capability since;
    std::string_view feature;
  };
  static constexpr std::array<Row, 6> kRows = {{{{8, 0}, "bf16"},
                                                {{7, 0}, "fp16"},
                                                {{10, 0}, "fp4"},
                                                {{8, 9}, "fp8"},
                                                {{7, 5}, "int8"},
                                                {{8, 0}, "tf32"}}};
  std::vector<std::string> features;
  for (const Row& row : kRows) {
    if (capability >= row.since) features.emplace_back(row.feature);
  }
  return features;
}

std::optional<int> IndexOfSelector(std::string_view selector) {
  static constexpr std::string_view kPrefix = "cuda:";
  if (!selector.starts_with(kPrefix)) return std::nullopt;
  const std::string_view digits = selector.substr(kPrefix.size());
  int index = -1;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), index);
  if (error != std::errc() || end != digits.data() + digits.size() || index < 0) {
    return std::nullopt;
  }
  return index;
}

std::string CudaVersionText(int version) {
  return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

std::string CublasVersionText(size_t version) {
  return std::to_string(version / 10000) + "." + std::to_string(version % 10000 / 100) + "." +
         std::to_string(version % 100);
}

}  // namespace quantfleet::cuda
