// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/postgres/input.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <sstream>

namespace quantfleet::postgres {
namespace {

constexpr size_t kMaxTextBytes = 2000;

bool ContinuesCharacter(char c) {
  return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U;
}

}  // namespace

std::optional<int64_t> ParseBlockId(std::string_view block_id) {
  int64_t key = 0;
  const char* end = block_id.data() + block_id.size();
  const auto [stop, error] = std::from_chars(block_id.data(), end, key);
  if (error != std::errc() || stop != end || key <= 0) return std::nullopt;
  // One spelling a block: "07" is not 7.
  if (std::to_string(key) != block_id) return std::nullopt;
  return key;
}

std::optional<int64_t> Bigint(uint64_t value) {
  if (value > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) return std::nullopt;
  return static_cast<int64_t>(value);
}

std::vector<int64_t> NumbersIn(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c == '{' || c == '}' || c == ','; }, ' ');
  std::istringstream stream(text);
  std::vector<int64_t> numbers;
  for (int64_t number = 0; stream >> number;) numbers.push_back(number);
  return numbers;
}

std::vector<double> SecondsIn(std::string_view text) {
  std::vector<double> seconds;
  const char* end = text.data() + text.size();
  for (const char* at = text.data(); at < end; ++at) {
    double value = 0;
    const auto [stop, error] = std::from_chars(at, end, value);
    if (error != std::errc()) continue;
    seconds.push_back(value);
    at = stop;
  }
  return seconds;
}

std::string PlainText(std::string_view text) {
  size_t size = std::min(text.size(), kMaxTextBytes);
  while (size < text.size() && size > 0 && ContinuesCharacter(text[size])) --size;
  std::string plain(text.substr(0, size));
  std::replace(plain.begin(), plain.end(), '\0', ' ');
  return plain;
}

}  // namespace quantfleet::postgres
