// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "base/units.hpp"

#include <array>
#include <cmath>
#include <cstdio>

namespace quantfleet {
namespace {

std::string ThreeDigits(double value, const char* unit) {
  const double size = std::abs(value);
  const int decimals = size < 9.995 ? 2 : size < 99.95 ? 1 : 0;
  std::array<char, 64> text;
  std::snprintf(text.data(), text.size(), "%.*f %s", decimals, value, unit);
  return text.data();
}

template <size_t N>
std::string Scaled(double value, double base, const std::array<const char*, N>& units) {
  size_t i = 0;
  while (i + 1 < N && std::abs(value) >= base * 0.9995) {
    value /= base;
    ++i;
  }
  return ThreeDigits(value, units[i]);
}

}  // namespace

std::string FormatSeconds(double seconds) {
  return Scaled(seconds * 1e9, 1000, std::array{"ns", "us", "ms", "s"});
}

std::string FormatBytes(uint64_t bytes) {
  if (bytes < kKibibyte) return std::to_string(bytes) + " B";
  return Scaled(static_cast<double>(bytes) / 1024, 1024, std::array{"KiB", "MiB", "GiB", "TiB"});
}

std::string FormatBytesPerSecond(double rate) {
  return Scaled(rate, 1000, std::array{"B/s", "kB/s", "MB/s", "GB/s", "TB/s"});
}

std::string FormatOperationsPerSecond(double rate) {
  return Scaled(rate, 1000,
                std::array{"FLOP/s", "kFLOP/s", "MFLOP/s", "GFLOP/s", "TFLOP/s", "PFLOP/s"});
}

}  // namespace quantfleet
