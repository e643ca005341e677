// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "kernels/engine/random.hpp"
#include "kernels/formats/format.hpp"

// What the tests of the formats do again and again.
namespace quantfleet::formats {

// A file of tests/data; a failure and nothing if it cannot be read.
inline std::vector<std::byte> ReadData(const std::string& name) {
  std::ifstream file(QUANTFLEET_SOURCE_DIR "/tests/data/" + name, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  EXPECT_FALSE(text.empty()) << name;
  std::vector<std::byte> bytes(text.size());
  std::memcpy(bytes.data(), text.data(), text.size());
  return bytes;
}

// A reference file of tests/data/bnb.
inline std::vector<std::byte> ReadVector(const std::string& name) {
  return ReadData("bnb/" + name);
}

inline std::vector<float> AsFloats(const std::vector<std::byte>& bytes) {
  std::vector<float> values(bytes.size() / sizeof(float));
  std::memcpy(values.data(), bytes.data(), bytes.size());
  return values;
}

inline std::vector<float> ReadFloats(const std::string& name) {
  return AsFloats(ReadVector(name));
}

inline std::vector<std::byte> Encode(const Format& format, const std::vector<float>& values,
                                     uint64_t rows, uint64_t columns) {
  std::vector<std::byte> packed(format.PackedBytes(rows, columns));
  const Status status = format.Encode(values, rows, columns, packed);
  EXPECT_TRUE(status.ok()) << format.name() << ": " << status.ToString();
  return packed;
}

inline std::vector<float> Decode(const Format& format, const std::vector<std::byte>& packed,
                                 uint64_t rows, uint64_t columns) {
  std::vector<float> values(rows * columns);
  const Status status = format.Decode(packed, rows, columns, values);
  EXPECT_TRUE(status.ok()) << format.name() << ": " << status.ToString();
  return values;
}

inline std::vector<float> Normal(uint32_t seed, size_t count, double deviation) {
  std::vector<float> values(count);
  for (size_t i = 0; i < count; ++i) {
    values[i] = static_cast<float>(deviation * engine::RandomNormal(seed, 9, i));
  }
  return values;
}

// Equal, the sign of zero and the payload of NaN included.
inline bool SameBits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

}  // namespace quantfleet::formats
