// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace quantfleet {

inline constexpr uint64_t kKibibyte = uint64_t{1} << 10;
inline constexpr uint64_t kMebibyte = uint64_t{1} << 20;
inline constexpr uint64_t kGibibyte = uint64_t{1} << 30;

// Three significant digits with the unit that fits: "1.23 us", "45.6 ms". Negative and zero keep
// their sign.
std::string FormatSeconds(double seconds);
// "1.50 MiB".
std::string FormatBytes(uint64_t bytes);
// Decimal, "20.4 GB/s".
std::string FormatBytesPerSecond(double rate);
// "12.3 GFLOP/s".
std::string FormatOperationsPerSecond(double rate);

}  // namespace quantfleet
