// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/ops/attention/kv_cache.hpp"

#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "kernels/ops/attention/cpu/simd.hpp"
#include "kernels/ops/attention/shape.hpp"

namespace quantfleet::attention {
namespace {

using engine::AttentionShape;

std::vector<float> Normal(size_t count, uint32_t seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0, 1);
  std::vector<float> values(count);
  for (float& value : values) value = normal(random);
  return values;
}

// Both halves of a packed cache, decoded.
struct Decoded {
  std::vector<float> keys;
  std::vector<float> values;
};
Decoded Decode(const KvFormat& format, const AttentionShape& shape,
               const std::vector<std::byte>& packed) {
  const KvLayout layout = LayoutOf(format, shape);
  const uint64_t vectors = CacheVectors(shape);
  Decoded decoded;
  decoded.keys.resize(vectors * shape.head_dimension);
  decoded.values.resize(decoded.keys.size());
  const std::byte* const at = packed.data();
  DecodeKvVectors(format, at, at + layout.key_scales, vectors, shape.head_dimension,
                  decoded.keys.data());
  DecodeKvVectors(format, at + layout.values, at + layout.value_scales, vectors,
                  shape.head_dimension, decoded.values.data());
  return decoded;
}

TEST(KvCache, KeepsEachValueWithinItsFormatsStep) {
  const AttentionShape shape = {6, 3, 80, 17, 1, 2, 0};
  const uint32_t seed = std::random_device()();
  const size_t count = CacheVectors(shape) * shape.head_dimension;
  const std::vector<float> keys = Normal(count, seed);
  const std::vector<float> values = Normal(count, seed + 1);
  for (const KvFormat& format : AllKvFormats()) {
    const auto packed = EncodeKvCache(format, shape, keys, values);
    ASSERT_TRUE(packed.ok()) << packed.status().ToString();
    EXPECT_EQ(packed->size(), LayoutOf(format, shape).bytes);
    const Decoded decoded = Decode(format, shape, *packed);
    for (size_t i = 0; i < count; ++i) {
      float absmax = 0;
      const size_t first = i / shape.head_dimension * shape.head_dimension;
      for (size_t j = first; j < first + shape.head_dimension; ++j) {
        absmax = std::max(absmax, std::abs(values[j]));
      }
      // Half a step; scales and steps near a power of two are rounded by up to 2^-11.
      float bound = 0;
      if (format.code == KvCode::kFp16) bound = 0x1p-11F * std::abs(values[i]) + 0x1p-25F;
      if (format.code == KvCode::kFp8E4m3) bound = 0x1p-4F * std::abs(values[i]) + 0x1p-10F;
      if (format.code == KvCode::kInt8) bound = absmax / 127 * 0.5F * 1.12F;
      if (format.code == KvCode::kInt4) bound = absmax / 7 * 0.5F * 1.01F;
      ASSERT_LE(std::abs(decoded.values[i] - values[i]), bound)
          << format.name << " value " << i << " seed " << seed;
    }
    if (format.code == KvCode::kFp32) {
      EXPECT_EQ(decoded.keys, keys);
    }
  }
}

TEST(KvCache, PacksInt4LowNibbleFirstWithAnOffsetOfEight) {
  const AttentionShape shape = {1, 1, 4, 1, 1, 1, 0};
  const KvFormat& format = *FindKvFormat("int4");
  const std::vector<float> keys = {7, -7, 1, 0};
  const std::vector<float> values = {0, 0, 0, 0};
  const auto packed = EncodeKvCache(format, shape, keys, values);
  ASSERT_TRUE(packed.ok());
  // K: 15 | 1 << 4, 9 | 8 << 4; V: zeros are 8; scales 1.0 and 0 as fp16.
  const std::vector<std::byte> expected = {std::byte{0x1F}, std::byte{0x89}, std::byte{0x88},
                                           std::byte{0x88}, std::byte{0x00}, std::byte{0x3C},
                                           std::byte{0x00}, std::byte{0x00}};
  EXPECT_EQ(*packed, expected);
}

TEST(KvCache, PacksInt8AsSignedBytes) {
  const AttentionShape shape = {1, 1, 3, 1, 1, 1, 0};
  const std::vector<float> keys = {127, -127, 0.5F};  // a tie goes to the even 0
  const std::vector<float> values = {-254, 3, 1};     // scale 2: 1.5 goes to 2, 0.5 to 0
  const auto packed = EncodeKvCache(*FindKvFormat("int8"), shape, keys, values);
  ASSERT_TRUE(packed.ok());
  const std::vector<std::byte> expected = {
      std::byte{0x7F}, std::byte{0x81}, std::byte{0x00}, std::byte{0x81}, std::byte{0x02},
      std::byte{0x00}, std::byte{0x00}, std::byte{0x3C}, std::byte{0x00}, std::byte{0x40}};
  EXPECT_EQ(*packed, expected);
}

TEST(KvCache, KeepsZerosAndVectorsTooSmallForTheirScale) {
  const AttentionShape shape = {1, 1, 2, 2, 1, 1, 0};
  const std::vector<float> keys = {0, 0, 1e-9F, -1e-9F};
  for (const char* name : {"int8", "int4"}) {
    const KvFormat& format = *FindKvFormat(name);
    const auto packed = EncodeKvCache(format, shape, keys, keys);
    ASSERT_TRUE(packed.ok());
    EXPECT_EQ(Decode(format, shape, *packed).keys, std::vector<float>(4, 0.0F)) << name;
  }
}

TEST(KvCache, RefusesWhatAFormatCannotKeep) {
  const AttentionShape shape = {1, 1, 2, 1, 1, 1, 0};
  const float infinity = std::numeric_limits<float>::infinity();
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (const KvFormat& format : AllKvFormats()) {
    for (const float bad : {infinity, -infinity, nan}) {
      EXPECT_EQ(EncodeKvCache(format, shape, std::vector<float>{1, bad}, std::vector<float>{1, 1})
                    .status()
                    .code(),
                StatusCode::kInvalidArgument)
          << format.name;
    }
    EXPECT_TRUE(EncodeKvCache(format, shape, std::vector<float>{format.largest, 1},
                              std::vector<float>{1, -format.largest})
                    .ok())
        << format.name;
  }
  EXPECT_FALSE(EncodeKvCache(*FindKvFormat("fp8_e4m3"), shape, std::vector<float>{449, 1},
                             std::vector<float>{1, 1})
                   .ok());
  const AttentionShape odd = {1, 1, 3, 1, 1, 1, 0};
  EXPECT_EQ(CheckKvShape(*FindKvFormat("int4"), odd).code(), StatusCode::kUnimplemented);
  EXPECT_TRUE(CheckKvShape(*FindKvFormat("int8"), odd).ok());
  EXPECT_EQ(FindKvFormat("nf4"), nullptr);
}

// Every code of every format with scales of all sizes: the vector code gives the very floats.
TEST(KvCacheSimd, DecodesTheVeryFloatsOfTheFormats) {
  constexpr uint32_t kDimension = 80;
  constexpr uint64_t kVectors = 64;
  std::mt19937 random(std::random_device{}());
  for (const KvFormat& format : AllKvFormats()) {
    std::vector<std::byte> codes(kVectors * VectorBytes(format, kDimension));
    for (size_t i = 0; i < codes.size(); ++i) {
      codes[i] = static_cast<std::byte>(i < 256 ? i : random() & 0xFFU);
      // No NaN: a cache has none.
      const bool last = format.bits == 8 || i % 2 == 1;
      if (format.code == KvCode::kFp8E4m3 && (codes[i] & std::byte{0x7F}) == std::byte{0x7F}) {
        codes[i] = std::byte{0x7E};
      }
      if (format.bits >= 16 && last) codes[i] &= std::byte{0xBB};
    }
    std::vector<std::byte> scales(kVectors * 2);
    for (size_t i = 0; i < scales.size(); ++i) {
      scales[i] = static_cast<std::byte>(random() & (i % 2 == 0 ? 0xFFU : 0x3BU));
    }
    const std::byte* const at = format.scaled ? scales.data() : nullptr;
    std::vector<float> expected(kVectors * kDimension);
    DecodeKvVectors(format, codes.data(), scales.data(), kVectors, kDimension, expected.data());
    std::vector<float> decoded(expected.size());
    cpu::DecodeVectors(format.code, codes.data(), at, kVectors, kDimension, decoded.data());
    EXPECT_EQ(decoded, expected) << format.name;
  }
}

TEST(Shape, QueriesSeeThemselvesAndWhatComesBefore) {
  const AttentionShape decode = {8, 2, 64, 100, 1, 1, 0};
  EXPECT_EQ(VisibleTokens(decode, 0).begin, 0U);
  EXPECT_EQ(VisibleTokens(decode, 0).end, 100U);
  EXPECT_EQ(VisiblePairs(decode), 100U);
  const AttentionShape prefill = {8, 2, 64, 100, 40, 1, 0};
  EXPECT_EQ(VisibleTokens(prefill, 0).end, 61U);
  EXPECT_EQ(VisibleTokens(prefill, 39).end, 100U);
  EXPECT_EQ(VisiblePairs(prefill), 40U * 61 + 39 * 40 / 2);
  const AttentionShape window = {8, 2, 64, 100, 40, 1, 10};
  EXPECT_EQ(VisibleTokens(window, 0).begin, 51U);
  EXPECT_EQ(VisibleTokens(window, 39).begin, 90U);
  EXPECT_EQ(VisiblePairs(window), 400U);
  EXPECT_EQ(TouchedTokens(window).begin, 51U);
  const AttentionShape wide = {8, 2, 64, 100, 100, 1, 60};
  EXPECT_EQ(VisibleTokens(wide, 0).begin, 0U);
  EXPECT_EQ(VisibleTokens(wide, 59).begin, 0U);
  EXPECT_EQ(VisibleTokens(wide, 60).begin, 1U);
}

}  // namespace
}  // namespace quantfleet::attention
