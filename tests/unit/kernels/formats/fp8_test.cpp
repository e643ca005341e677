// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/formats/ieee/fp8_e4m3.hpp"
#include "kernels/formats/ieee/fp8_e5m2.hpp"
#include "tests/unit/kernels/formats/packing.hpp"

namespace quantfleet::formats {
namespace {

struct Type {
  const char* name;
  const Format& (*format)();
  float (*decode)(uint8_t);
  uint8_t (*encode)(float);
  int mantissa_bits;
  int bias;
  uint32_t largest;  // code of the largest finite value
  float largest_value;
};

class Fp8 : public ::testing::TestWithParam<Type> {
 protected:
  // By the definition of the type, for codes 0 to `largest`.
  static double ValueOf(uint32_t code) {
    const Type& type = GetParam();
    const int steps = 1 << type.mantissa_bits;
    const int exponent = static_cast<int>(code) / steps;
    const int mantissa = static_cast<int>(code) % steps;
    const int lowest = 1 - type.bias - type.mantissa_bits;
    return exponent == 0 ? std::ldexp(mantissa, lowest)
                         : std::ldexp(steps + mantissa, lowest + exponent - 1);
  }
};

TEST_P(Fp8, DecodesEveryFiniteCode) {
  const Type& type = GetParam();
  for (uint32_t code = 0; code <= type.largest; ++code) {
    const auto negative = static_cast<uint8_t>(code | 0x80U);
    EXPECT_EQ(static_cast<double>(type.decode(static_cast<uint8_t>(code))), ValueOf(code));
    EXPECT_EQ(static_cast<double>(type.decode(negative)), -ValueOf(code));
    EXPECT_TRUE(std::signbit(type.decode(negative)));
    EXPECT_EQ(type.encode(type.decode(negative)), negative);
    EXPECT_EQ(type.encode(type.decode(static_cast<uint8_t>(code))), code);
  }
  EXPECT_EQ(static_cast<float>(ValueOf(type.largest)), type.largest_value);
}

TEST_P(Fp8, RoundsToNearestEvenBetweenEveryTwoNeighbours) {
  const Type& type = GetParam();
  for (uint32_t low = 0; low < type.largest; ++low) {
    const auto middle = static_cast<float>((ValueOf(low) + ValueOf(low + 1)) / 2);
    const uint32_t even = low % 2 == 0 ? low : low + 1;
    EXPECT_EQ(type.encode(middle), even);
    EXPECT_EQ(type.encode(-middle), even | 0x80U);
    EXPECT_EQ(type.encode(std::nextafter(middle, 0.0F)), low);
    EXPECT_EQ(type.encode(std::nextafter(middle, HUGE_VALF)), low + 1);
  }
}

TEST_P(Fp8, SaturatesAndKeepsNan) {
  const Type& type = GetParam();
  for (const float value : {1.1F * type.largest_value, 3.4e38F, HUGE_VALF}) {
    EXPECT_EQ(type.encode(value), type.largest);
    EXPECT_EQ(type.encode(-value), type.largest | 0x80U);
  }
  EXPECT_EQ(type.encode(std::nanf("")), 0x7F);
  EXPECT_TRUE(std::isnan(type.decode(0x7F)));
  EXPECT_TRUE(std::isnan(type.decode(0xFF)));
}

TEST_P(Fp8, ScalesEachRowToTheLargestValue) {
  const Type& type = GetParam();
  constexpr uint64_t kRows = 3;
  constexpr uint64_t kColumns = 77;
  std::vector<float> values = Normal(11, kRows * kColumns, 0.3);
  for (uint64_t i = kColumns; i < 2 * kColumns; ++i) values[i] *= 1e6F;
  const std::vector<std::byte> packed = Encode(type.format(), values, kRows, kColumns);
  const std::vector<float> decoded = Decode(type.format(), packed, kRows, kColumns);
  const double step = std::ldexp(1.0, -type.mantissa_bits - 1);
  for (uint64_t row = 0; row < kRows; ++row) {
    double absmax = 0;
    bool largest_used = false;
    for (uint64_t i = row * kColumns; i < (row + 1) * kColumns; ++i) {
      absmax = std::max(absmax, std::abs(static_cast<double>(values[i])));
      largest_used |= (static_cast<uint32_t>(packed[i]) & 0x7FU) == type.largest;
    }
    EXPECT_TRUE(largest_used);
    const double smallest = absmax / static_cast<double>(type.largest_value) *
                            std::ldexp(1.0, -type.bias - type.mantissa_bits);
    for (uint64_t i = row * kColumns; i < (row + 1) * kColumns; ++i) {
      const auto value = static_cast<double>(values[i]);
      EXPECT_LE(std::abs(value - static_cast<double>(decoded[i])),
                1.0001 * (step * std::abs(value) + smallest));
    }
  }
}

TEST_P(Fp8, TakesRowsOfZerosOfDenormalsAndOfTheLargestFloats) {
  const Type& type = GetParam();
  constexpr float kSmallest = std::numeric_limits<float>::denorm_min();
  constexpr float kMost = std::numeric_limits<float>::max();
  const std::vector<float> values = {0, -0.0F, 0,     0,      kSmallest, -kSmallest,
                                     0, 0,     kMost, -kMost, 1,         0};
  const std::vector<float> decoded =
      Decode(type.format(), Encode(type.format(), values, 3, 4), 3, 4);
  EXPECT_TRUE(SameBits({decoded.begin(), decoded.begin() + 4}, {0, -0.0F, 0, 0}));
  for (size_t i = 4; i < 8; ++i) EXPECT_EQ(decoded[i], 0.0F);
  EXPECT_FLOAT_EQ(decoded[8], kMost);
  EXPECT_FLOAT_EQ(decoded[9], -kMost);
}

INSTANTIATE_TEST_SUITE_P(Types, Fp8,
                         ::testing::Values(Type{"e4m3", Fp8E4m3, DecodeFp8E4m3, EncodeFp8E4m3, 3, 7,
                                                0x7E, kFp8E4m3Largest},
                                           Type{"e5m2", Fp8E5m2, DecodeFp8E5m2, EncodeFp8E5m2, 2,
                                                15, 0x7B, kFp8E5m2Largest}),
                         [](const auto& instance) { return std::string(instance.param.name); });

TEST(Fp8E5m2, HasInfinity) {
  EXPECT_EQ(DecodeFp8E5m2(0x7C), HUGE_VALF);
  EXPECT_EQ(DecodeFp8E5m2(0xFC), -HUGE_VALF);
}

}  // namespace
}  // namespace quantfleet::formats
