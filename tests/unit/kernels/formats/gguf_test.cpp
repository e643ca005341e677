// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include <bit>
#include <cstring>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/unit/kernels/formats/block_types.hpp"
#include "tests/unit/kernels/formats/packing.hpp"

namespace quantfleet::formats {
namespace {

class GgufFormats : public testing::TestWithParam<BlockType> {};

TEST_P(GgufFormats, DecodeEachWeightAsTheReferenceDoes) {
  const BlockType& type = GetParam();
  const std::vector<std::byte> packed = ReadData("gguf/" + type.name + ".q.bin");
  const std::vector<float> expected = AsFloats(ReadData("gguf/" + type.name + ".deq.f32"));
  ASSERT_EQ(packed.size(), expected.size() / type.block * type.bytes);
  const auto* const bytes = reinterpret_cast<const uint8_t*>(packed.data());
  for (uint32_t i = 0; i < expected.size(); ++i) {
    const float value = type.decode(bytes + size_t{i / type.block} * type.bytes, i % type.block);
    ASSERT_EQ(std::bit_cast<uint32_t>(value), std::bit_cast<uint32_t>(expected[i])) << i;
  }
}

TEST_P(GgufFormats, EncodeTheVeryBytesOfTheReference) {
  const BlockType& type = GetParam();
  const std::vector<float> input = AsFloats(ReadData("gguf/input.f32"));
  const std::vector<std::byte> expected = ReadData("gguf/" + type.name + ".q.bin");
  const std::vector<std::byte> packed = Encode(*FindFormat(type.name), input, 5, 1024);
  ASSERT_EQ(packed.size(), expected.size());
  for (size_t i = 0; i < packed.size(); ++i) {
    ASSERT_EQ(packed[i], expected[i])
        << "byte " << i % type.bytes << " of block " << i / type.bytes;
  }
}

INSTANTIATE_TEST_SUITE_P(All, GgufFormats, testing::ValuesIn(kGgufTypes),
                         [](const auto& instance) { return instance.param.name; });

TEST(Iq2XxsTables, AreThoseOfTheReference) {
  const std::vector<std::byte> grid = ReadData("gguf/iq2xxs_grid.u64");
  ASSERT_EQ(grid.size(), 256U * 8);
  for (uint32_t i = 0; i < 2048; ++i) {
    const uint32_t code = (Iq2XxsGridPoint(i / 8) >> (i % 8 * 2)) & 3U;
    EXPECT_EQ(Iq2Xxs::Magnitude(code), static_cast<int32_t>(grid[i])) << i;
  }
  const std::vector<std::byte> signs = ReadData("gguf/ksigns_iq2xs.u8");
  ASSERT_EQ(signs.size(), 128U);
  for (uint32_t field = 0; field < 128; ++field) {
    uint8_t block[Iq2Xxs::kBytes] = {};
    const uint32_t word = field << 14;  // The third of the four fields of the last group.
    std::memcpy(block + Iq2Xxs::kBytes - sizeof(word), &word, sizeof(word));
    EXPECT_EQ(Iq2Xxs::Signs(block, 30), static_cast<uint32_t>(signs[field])) << field;
  }
}

}  // namespace
}  // namespace quantfleet::formats
