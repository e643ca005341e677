// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/unit/kernels/formats/block_types.hpp"
#include "tests/unit/kernels/formats/packing.hpp"

// What holds for every format of blocks, whatever its codes.
namespace quantfleet::formats {
namespace {

class BlockFormats : public testing::TestWithParam<BlockType> {
 protected:
  const BlockType& type() const { return GetParam(); }
  const Format& format() const { return *FindFormat(type().name); }

  std::vector<float> RoundTrip(const std::vector<float>& block) const {
    return Decode(format(), Encode(format(), block, 1, block.size()), 1, block.size());
  }
};

bool SameFloat(float a, float b) {
  return (std::isnan(a) && std::isnan(b)) ||
         std::bit_cast<uint32_t>(a) == std::bit_cast<uint32_t>(b);
}

double RelativeError(const std::vector<float>& values, const std::vector<float>& decoded) {
  double noise = 0, signal = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    noise += std::pow(static_cast<double>(decoded[i]) - static_cast<double>(values[i]), 2);
    signal += std::pow(static_cast<double>(values[i]), 2);
  }
  return std::sqrt(noise / signal);
}

TEST_P(BlockFormats, AreRegisteredWithTheBlockOfTheirHeader) {
  EXPECT_EQ(format().info().block, type().block);
  EXPECT_EQ(format().PackedBytes(3, 4 * uint64_t{type().block}), uint64_t{12} * type().bytes);
}

TEST_P(BlockFormats, DecodeAnyBitsByRowAsByWeight) {
  constexpr uint64_t kRows = 24, kColumns = 512;
  std::vector<std::byte> packed(format().PackedBytes(kRows, kColumns));
  for (size_t i = 0; i < packed.size(); ++i) {
    packed[i] = static_cast<std::byte>(engine::RandomWord(17, 3, i) & 255U);
  }
  const std::vector<float> rows = Decode(format(), packed, kRows, kColumns);
  const auto* const bytes = reinterpret_cast<const uint8_t*>(packed.data());
  for (uint32_t i = 0; i < rows.size(); ++i) {
    const float value =
        type().decode(bytes + size_t{i / type().block} * type().bytes, i % type().block);
    ASSERT_TRUE(SameFloat(value, rows[i])) << i << ": " << value << " and " << rows[i];
  }
}

TEST_P(BlockFormats, LeaveOtherBlocksAlone) {
  std::vector<float> values = Normal(23, size_t{6} * type().block, 0.02);
  const std::vector<std::byte> before = Encode(format(), values, 3, uint64_t{2} * type().block);
  for (uint32_t i = 0; i < type().block; ++i) values[3 * type().block + i] *= -1.5F;
  const std::vector<std::byte> after = Encode(format(), values, 3, uint64_t{2} * type().block);
  for (size_t i = 0; i < before.size(); ++i) {
    if (i / type().bytes != 3) {
      EXPECT_EQ(before[i], after[i]);
    }
  }
  EXPECT_NE(before, after);
}

TEST_P(BlockFormats, KeepZerosAndLoseDenormalsToZero) {
  for (const float value :
       {0.0F, -0.0F, 1e-40F, -1e-40F, std::numeric_limits<float>::denorm_min()}) {
    for (const float decoded : RoundTrip(std::vector<float>(type().block, value))) {
      EXPECT_LE(std::abs(decoded), 1e-39F) << value;
    }
  }
}

// An outlier takes the whole range of its scale: it must come back, and so must its sign.
TEST_P(BlockFormats, KeepASingleOutlier) {
  for (const uint32_t place : {0U, 1U, type().block / 2, type().block - 1}) {
    for (const float outlier : {1.0F, -1.0F, 100.0F, -100.0F}) {
      std::vector<float> values(type().block, 0.0F);
      values[place] = outlier;
      const std::vector<float> decoded = RoundTrip(values);
      const float allowed = type().name == "iq2_xxs" ? 0.3F : 0.13F;
      EXPECT_NEAR(decoded[place] / outlier, 1, allowed) << place;
    }
  }
}

TEST_P(BlockFormats, KeepEqualWeightsNearTheirValue) {
  // The grid of iq2_xxs has few points with eight equal codes.
  const double allowed = type().name == "iq2_xxs" ? 0.71 : 0.18;
  for (const float value : {0.5F, -0.5F, 3.0F, -0.01F}) {
    const std::vector<float> decoded = RoundTrip(std::vector<float>(type().block, value));
    for (const float weight : decoded) EXPECT_NEAR(weight / value, 1, allowed) << value;
  }
}

TEST_P(BlockFormats, StayWithinAQuarterMoreThanTheirErrorAtAnyMagnitude) {
  for (int exponent = -6; exponent <= 6; ++exponent) {
    // Below, its scales are subnormal.
    if (type().name == "nvfp4" && exponent < 0) continue;
    const std::vector<float> values =
        Normal(static_cast<uint32_t>(exponent + 100), 4096, std::ldexp(0.25, exponent));
    EXPECT_LE(RelativeError(values, RoundTrip(values)), 1.25 * format().info().relative_error)
        << exponent;
  }
}

TEST_P(BlockFormats, RefuseColumnsThatAreNotWholeBlocks) {
  for (const uint32_t columns : {1U, type().block - 1, type().block + 1, type().block * 3 / 2}) {
    const Status status = format().CheckShape(2, columns);
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
    EXPECT_NE(status.message().find("blocks of " + std::to_string(type().block)),
              std::string::npos);
  }
}

TEST_P(BlockFormats, RefuseWhatNoScaleHoldsAndSayWhere) {
  std::vector<std::byte> packed(size_t{2} * type().bytes);
  for (const float large : {3e9F, -1e20F, std::numeric_limits<float>::max()}) {
    std::vector<float> values(size_t{2} * type().block, 1.0F);
    values[type().block + 5] = large;
    const Status status = format().Encode(values, 2, type().block, packed);
    if (type().name == "mxfp4") {
      EXPECT_TRUE(status.ok());
    } else {
      EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << large;
      EXPECT_NE(status.message().find("row 1, column 5 is too large"), std::string::npos)
          << status.message();
    }
  }
}

// Whatever is taken comes back as numbers.
TEST_P(BlockFormats, DecodeWhatTheyEncodeToFiniteWeights) {
  std::vector<std::byte> packed(type().bytes);
  for (int exponent = -149; exponent < 128; exponent += 1) {
    std::vector<float> values = Normal(static_cast<uint32_t>(exponent + 200), type().block, 0.1);
    for (float& value : values) value = std::ldexp(value, exponent);
    if (!std::all_of(values.begin(), values.end(), [](float v) { return std::isfinite(v); })) break;
    if (!format().Encode(values, 1, type().block, packed).ok()) continue;
    for (const float value : Decode(format(), packed, 1, type().block)) {
      ASSERT_TRUE(std::isfinite(value)) << exponent;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, BlockFormats, testing::ValuesIn(BlockTypes()),
                         [](const auto& instance) { return instance.param.name; });

// ---- hashes of a longer set, made with ggml d99724f2 (no fused multiply-add, importance 1)

uint64_t Fnv(const void* data, size_t size) {
  uint64_t hash = 1469598103934665603U;
  for (size_t i = 0; i < size; ++i) {
    hash = (hash ^ static_cast<const uint8_t*>(data)[i]) * 1099511628211U;
  }
  return hash;
}

// 256 values on a grid that fp16 holds, then 16128 of a bell shape.
std::vector<float> LongSet() {
  std::vector<float> values(16384);
  for (int i = 0; i < 256; ++i) {
    values[static_cast<size_t>(i)] = static_cast<float>((31 * i * i + 17 * i + 5) % 101 - 50) / 16;
  }
  uint32_t state = 1;
  for (size_t i = 256; i < values.size(); ++i) {
    float sum = 0;
    for (int part = 0; part < 4; ++part) {
      state = state * 1664525U + 1013904223U;
      sum += static_cast<float>(state >> 8) / 16777216.0F - 0.5F;
    }
    values[i] = sum;
  }
  return values;
}

struct Hashes {
  const char* format;
  uint64_t first_packed, all_packed, first_decoded;
};

class FormatHashes : public testing::TestWithParam<Hashes> {};

TEST_P(FormatHashes, AreThoseOfTheReference) {
  const Format& format = *FindFormat(GetParam().format);
  const std::vector<float> values = LongSet();
  const std::vector<std::byte> packed = Encode(format, values, 1, values.size());
  EXPECT_EQ(Fnv(packed.data(), format.PackedBytes(1, 256)), GetParam().first_packed);
  EXPECT_EQ(Fnv(packed.data(), packed.size()), GetParam().all_packed);
  const std::vector<float> decoded = Decode(format, packed, 1, values.size());
  EXPECT_EQ(Fnv(decoded.data(), 256 * sizeof(float)), GetParam().first_decoded);
}

INSTANTIATE_TEST_SUITE_P(
    All, FormatHashes,
    testing::Values(Hashes{"q8_0", 0x6bedbbd5195cfa56, 0x43fddd0fd03f6daa, 0xc1f196f7490fb5a0},
                    // A fused multiply-add in the encoder would give 0x72354f8ddafbd4a3.
                    Hashes{"q4_0", 0xb5cae8919b56bfe0, 0xe75b041463a61fe5, 0x6316419281dcae17},
                    Hashes{"q4_k", 0x3b5f200215be7501, 0x88ceeecfe2cd0dbe, 0xfdf07e2162f65d37},
                    Hashes{"q3_k", 0x2622bf158aacc28c, 0xe534ce70f0f3cb3f, 0x87d5c14421987cff},
                    Hashes{"q2_k", 0x5acabe6f8e0d7f7b, 0x181582452f554ad9, 0x304bc48c49e29c7a},
                    Hashes{"iq2_xxs", 0x23f5dca66b7a4321, 0x779effa5a0fd3292, 0x9d305d871431e7c3},
                    Hashes{"mxfp4", 0x293c9d72ad81cc55, 0xdbcadd64f86b9ea2, 0xcf6469900eb772fd},
                    Hashes{"nvfp4", 0xc6975ecaab1108f9, 0xf23a2b2f2e5aa0fe, 0x833be89689d81bac}),
    [](const auto& instance) { return std::string(instance.param.format); });

}  // namespace
}  // namespace quantfleet::formats
