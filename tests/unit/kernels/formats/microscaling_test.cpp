// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "tests/unit/kernels/formats/block_types.hpp"

namespace quantfleet::formats {
namespace {

TEST(E2m1, HasTheValuesOfTheSpecification) {
  const int32_t doubled[8] = {0, 1, 2, 3, 4, 6, 8, 12};
  for (uint32_t code = 0; code < 8; ++code) {
    EXPECT_EQ(DoubledE2m1(code), doubled[code]);
    EXPECT_EQ(DoubledE2m1(code + 8), -doubled[code]);
  }
}

TEST(Mxfp4Scale, IsAPowerOfTwoForEveryByte) {
  for (uint32_t e = 0; e < 256; ++e) {
    const uint8_t block[Mxfp4::kBytes] = {static_cast<uint8_t>(e)};
    EXPECT_EQ(Mxfp4::HalfScale(block), std::ldexp(1.0F, static_cast<int>(e) - 128));
  }
}

TEST(Nvfp4Scale, IsUnsignedE4m3WithoutNan) {
  for (uint32_t bits = 0; bits < 127; ++bits) {
    const float mantissa = static_cast<float>(bits & 7U) / 8;
    const int exponent = static_cast<int>(bits >> 3);
    const float scale =
        exponent == 0 ? std::ldexp(mantissa, -6) : std::ldexp(1 + mantissa, exponent - 7);
    EXPECT_EQ(2 * Nvfp4::DecodeHalfScale(bits), scale) << bits;
  }
  EXPECT_EQ(Nvfp4::DecodeHalfScale(0x7F), 0.0F);
}

TEST(Nvfp4, KeepsTheCodesOfASubBlockTogether) {
  for (uint32_t i = 0; i < Nvfp4::kBlock; ++i) {
    uint8_t block[Nvfp4::kBytes] = {0x38, 0x40, 0x48, 0x50};  // 1, 2, 4, 8
    block[Nvfp4::kCodes + i / 16 * 8 + i % 8] = i / 8 % 2 == 0 ? 0x0F : 0xF0;
    for (uint32_t j = 0; j < Nvfp4::kBlock; ++j) {
      EXPECT_EQ(Nvfp4::Decode(block, j), j == i ? -6.0F * static_cast<float>(1U << i / 16) : 0.0F);
    }
  }
}

}  // namespace
}  // namespace quantfleet::formats
