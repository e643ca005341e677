// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
//
// Bytes and values from outside: any bits are decoded, and what cannot be encoded is refused with
// its place. Buffers have exactly the size they need, so that the sanitizers see a step past them.
#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <string>

#include "tests/unit/kernels/formats/packing.hpp"

namespace quantfleet::formats {
namespace {

constexpr float kLargest = std::numeric_limits<float>::max();
constexpr float kSubnormal = std::numeric_limits<float>::denorm_min();

struct Shape {
  uint64_t rows;
  uint64_t columns;
};

// Those of some shapes that the format takes: odd ones, single blocks, more blocks than one level
// of scales covers.
std::vector<Shape> ShapesOf(const Format& format) {
  std::vector<Shape> shapes;
  for (const Shape shape : {Shape{1, 1},
                            {3, 7},
                            {1, 65},
                            {2, 32},
                            {5, 64},
                            {8, 128},
                            {3, 256},
                            {16, 384},
                            {24, 768},
                            {3, 64 * 257}}) {
    if (format.CheckShape(shape.rows, shape.columns).ok()) shapes.push_back(shape);
  }
  EXPECT_GE(shapes.size(), 2U) << format.name();
  return shapes;
}

TEST(OutsideBytes, AreDecodedWhateverTheyAre) {
  std::mt19937_64 random(2026);
  for (const Format* format : AllFormats()) {
    for (const auto [rows, columns] : ShapesOf(*format)) {
      std::vector<std::byte> packed(format->PackedBytes(rows, columns));
      for (int round = 0; round < 20; ++round) {
        // Plain noise, and the two constants that make NaN and the largest indices.
        for (std::byte& byte : packed) {
          byte = round == 0   ? std::byte{0xFF}
                 : round == 1 ? std::byte{0x7F}
                              : std::byte(random() & 0xFF);
        }
        const std::vector<float> whole = Decode(*format, packed, rows, columns);
        const uint64_t row = random() % rows;
        std::vector<float> one(columns);
        format->DecodeRow(packed.data(), rows, columns, row, one.data());
        const auto first = whole.begin() + static_cast<ptrdiff_t>(row * columns);
        EXPECT_TRUE(SameBits(one, {first, first + static_cast<ptrdiff_t>(columns)}))
            << format->name();
      }
    }
  }
}

// What a format does with values of one magnitude: it refuses with a place, or it decodes to finite
// values of at most twice that magnitude (iq2_xxs, of 2 bits, exceeds it by 61 %).
void ExpectRefusedOrFinite(const Format& format, const std::vector<float>& values, Shape shape) {
  std::vector<std::byte> packed(format.PackedBytes(shape.rows, shape.columns));
  const Status status = format.Encode(values, shape.rows, shape.columns, packed);
  if (!status.ok()) {
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << format.name();
    EXPECT_NE(status.message().find("at row "), std::string::npos) << status.message();
    return;
  }
  double most = 0;
  for (const float value : values) most = std::max(most, std::abs(static_cast<double>(value)));
  double decoded = 0;
  for (const float value : Decode(format, packed, shape.rows, shape.columns)) {
    decoded =
        std::isfinite(value) ? std::max(decoded, std::abs(static_cast<double>(value))) : HUGE_VAL;
    if (decoded > 2 * most + 1e-5) break;
  }
  EXPECT_LE(decoded, 2 * most + 1e-5) << format.name();
}

TEST(OutsideValues, OfEveryMagnitudeAreRefusedOrStayFinite) {
  for (const Format* format : AllFormats()) {
    for (const Shape shape : ShapesOf(*format)) {
      const uint64_t count = shape.rows * shape.columns;
      for (const float scale : {kSubnormal, 1e-42F, 1e-38F, 1e-30F, 1e-10F, 1e-5F, 1.0F, 1e3F, 6e4F,
                                1e6F, 1e9F, 1e30F, 1e37F, 8e37F}) {
        std::vector<float> values = Normal(7, count, 1);
        for (float& value : values) value = std::clamp(value, -4.0F, 4.0F) * scale;
        ExpectRefusedOrFinite(*format, values, shape);
      }
    }
  }
}

TEST(OutsideValues, AtTheEndsOfTheRangeAreRefusedOrStayFinite) {
  for (const Format* format : AllFormats()) {
    for (const Shape shape : ShapesOf(*format)) {
      const uint64_t count = shape.rows * shape.columns;
      for (const float value : {kLargest, -kLargest, std::nextafter(kLargest, 0.0F), 65504.0F,
                                65520.0F, kSubnormal, -kSubnormal, 1.17549435e-38F}) {
        ExpectRefusedOrFinite(*format, std::vector<float>(count, value), shape);
        // Alone among ordinary weights, first and last.
        for (const uint64_t place : {uint64_t{0}, count - 1}) {
          std::vector<float> values = Normal(8, count, 0.02);
          values[place] = value;
          ExpectRefusedOrFinite(*format, values, shape);
        }
        // With its opposite.
        std::vector<float> values(count, value);
        for (uint64_t i = 0; i < count; i += 2) values[i] = -value;
        ExpectRefusedOrFinite(*format, values, shape);
      }
    }
  }
}

TEST(OutsideValues, OfNothingButZerosAndSubnormalsAreEncodedAsAboutZero) {
  for (const Format* format : AllFormats()) {
    for (const auto [rows, columns] : ShapesOf(*format)) {
      std::vector<float> values(rows * columns, 0.0F);
      for (size_t i = 1; i < values.size(); i += 2) values[i] = -0.0F;
      for (const float value :
           Decode(*format, Encode(*format, values, rows, columns), rows, columns)) {
        EXPECT_EQ(value, 0.0F) << format->name();
      }
      for (size_t i = 0; i < values.size(); i += 3) values[i] = i % 2 == 0 ? kSubnormal : -1e-40F;
      for (const float value :
           Decode(*format, Encode(*format, values, rows, columns), rows, columns)) {
        EXPECT_LE(std::abs(value), 1e-38F) << format->name();
      }
    }
  }
}

}  // namespace
}  // namespace quantfleet::formats
