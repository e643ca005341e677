// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/formats/ieee/fp16.hpp"

#include <bit>
#include <cmath>
#include <limits>

#include "tests/unit/kernels/formats/packing.hpp"

namespace quantfleet::formats {
namespace {

constexpr uint16_t kInfinity = 0x7C00;
constexpr uint16_t kLargest = 0x7BFF;

// By the definition of binary16, for finite bits.
double ValueOf(uint32_t bits) {
  const int exponent = static_cast<int>((bits >> 10) & 31U);
  const double mantissa = bits & 0x3FFU;
  const double magnitude =
      exponent == 0 ? std::ldexp(mantissa, -24) : std::ldexp(1024 + mantissa, exponent - 25);
  return (bits & 0x8000U) != 0 ? -magnitude : magnitude;
}

TEST(Fp16, DecodesEveryFiniteCode) {
  for (uint32_t sign = 0; sign <= 0x8000U; sign += 0x8000U) {
    for (uint32_t magnitude = 0; magnitude < kInfinity; ++magnitude) {
      const auto bits = static_cast<uint16_t>(sign | magnitude);
      const float value = DecodeFp16(bits);
      EXPECT_EQ(static_cast<double>(value), ValueOf(bits));
      EXPECT_EQ(std::signbit(value), sign != 0);
      EXPECT_EQ(EncodeFp16(value), bits);
    }
  }
}

// Below, at and above the middle of each two neighbours: the whole of rounding to nearest even.
TEST(Fp16, RoundsToNearestEvenBetweenEveryTwoNeighbours) {
  for (uint32_t low = 0; low < kLargest; ++low) {
    const auto middle = static_cast<float>((ValueOf(low) + ValueOf(low + 1)) / 2);
    const uint32_t even = low % 2 == 0 ? low : low + 1;
    EXPECT_EQ(EncodeFp16(middle), even);
    EXPECT_EQ(EncodeFp16(-middle), even | 0x8000U);
    EXPECT_EQ(EncodeFp16(std::nextafter(middle, 0.0F)), low);
    EXPECT_EQ(EncodeFp16(std::nextafter(middle, HUGE_VALF)), low + 1);
  }
}

TEST(Fp16, TurnsToInfinityFrom65520) {
  EXPECT_EQ(EncodeFp16(std::nextafter(65520.0F, 0.0F)), kLargest);
  EXPECT_EQ(EncodeFp16(65520.0F), kInfinity);
  EXPECT_EQ(EncodeFp16(-HUGE_VALF), 0x8000U | kInfinity);
  EXPECT_EQ(DecodeFp16(kInfinity), HUGE_VALF);
  EXPECT_EQ(DecodeFp16(0xFC00), -HUGE_VALF);
  EXPECT_EQ(EncodeFp16(std::numeric_limits<float>::denorm_min()), 0);
  EXPECT_EQ(EncodeFp16(-std::numeric_limits<float>::denorm_min()), 0x8000);
}

TEST(Fp16, KeepsSignAndPayloadOfNanAndMakesItQuiet) {
  for (uint32_t payload = 1; payload < 0x400U; ++payload) {
    for (const uint32_t sign : {0U, 0x8000U}) {
      const float value = DecodeFp16(static_cast<uint16_t>(sign | kInfinity | payload));
      EXPECT_EQ(std::bit_cast<uint32_t>(value), (sign << 16) | 0x7FC00000U | (payload << 13));
      EXPECT_EQ(EncodeFp16(value), sign | 0x7E00U | payload);
    }
  }
  EXPECT_EQ(EncodeFp16(std::bit_cast<float>(0x7F800001U)), 0x7E00);
}

TEST(Fp16, RefusesWhatRoundsToInfinity) {
  std::vector<std::byte> packed(4);
  const Status status = Fp16().Encode(std::vector<float>{1.0F, 65520.0F}, 1, 2, packed);
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_NE(status.message().find("column 1"), std::string::npos);
  EXPECT_TRUE(Fp16().Encode(std::vector<float>{-65504.0F, 65519.0F}, 1, 2, packed).ok());
}

}  // namespace
}  // namespace quantfleet::formats
