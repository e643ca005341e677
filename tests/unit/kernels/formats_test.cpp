// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "kernels/formats/bitsandbytes/nf4.hpp"
#include "kernels/formats/format.hpp"
#include "kernels/formats/ieee/bf16.hpp"
#include "kernels/formats/int8/int8.hpp"
#include "tests/unit/kernels/formats/packing.hpp"

namespace quantfleet::formats {
namespace {

constexpr uint64_t kRows = 22;
constexpr uint64_t kColumns = 1024;
// Rows that, with kColumns, every format takes.
constexpr uint64_t kSomeRows = 8;

TEST(Nf4, MatchesBitsandbytesBitForBit) {
  const std::vector<float> input = ReadFloats("input.f32");
  ASSERT_EQ(input.size(), kRows * kColumns);
  std::vector<std::byte> expected = ReadVector("nf4.q.u8");
  const std::vector<std::byte> absmax = ReadVector("nf4.absmax.f32");
  expected.insert(expected.end(), absmax.begin(), absmax.end());
  const std::vector<std::byte> packed = Encode(Nf4(), input, kRows, kColumns);
  EXPECT_TRUE(packed == expected);
  const std::vector<float> decoded = Decode(Nf4(), packed, kRows, kColumns);
  const std::vector<float> reference = ReadFloats("nf4.deq.f32");
  ASSERT_EQ(decoded.size(), reference.size());
  EXPECT_EQ(std::memcmp(decoded.data(), reference.data(), decoded.size() * sizeof(float)), 0);
}

TEST(Nf4, HoldsTheTableAndTheThresholdsOfBitsandbytes) {
  const std::vector<float> table = ReadFloats("nf4.table.f32");
  const std::vector<float> bounds = ReadFloats("nf4.bounds.f32");
  EXPECT_TRUE(std::equal(table.begin(), table.end(), std::begin(kNf4Values), std::end(kNf4Values)));
  ASSERT_EQ(bounds.size(), std::size(kNf4Thresholds));
  // The Python code computes midpoints, the C++ kernels, whose thresholds we keep, have literals:
  // one unit in the last place apart in some.
  for (size_t i = 0; i < bounds.size(); ++i) EXPECT_NEAR(bounds[i], kNf4Thresholds[i], 6.1e-8);
}

TEST(Nf4, GivesABlockOfZerosCodeSevenWhichIsZero) {
  const std::vector<std::byte> packed = Encode(Nf4(), std::vector<float>(64, 0.0F), 1, 64);
  for (size_t i = 0; i < 32; ++i) EXPECT_EQ(packed[i], std::byte{0x77});
  for (const float value : Decode(Nf4(), packed, 1, 64)) EXPECT_EQ(value, 0.0F);
}

TEST(Nf4, RefusesColumnsThatAreNotWholeBlocks) {
  for (const uint64_t columns : {1U, 63U, 65U, 100U}) {
    const Status status = Nf4().CheckShape(3, columns);
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
    EXPECT_NE(status.message().find(std::to_string(columns)), std::string::npos);
  }
}

TEST(Int8, MatchesBitsandbytesRowWiseCodesBitForBit) {
  constexpr uint64_t kVectorRows = 5;
  std::vector<float> input = ReadFloats("input.f32");
  input.resize(kVectorRows * kColumns);
  const std::vector<std::byte> packed = Encode(Int8(), input, kVectorRows, kColumns);
  const std::vector<std::byte> codes = ReadVector("int8_rowwise.q.i8");
  EXPECT_TRUE(std::equal(codes.begin(), codes.end(), packed.begin()));
  const std::vector<float> absmax = ReadFloats("int8_rowwise.absmax.f32");
  for (size_t row = 0; row < kVectorRows; ++row) {
    float scale = 0;
    std::memcpy(&scale, packed.data() + codes.size() + row * sizeof(float), sizeof(float));
    EXPECT_EQ(scale, absmax[row] / 127.0F);
  }
}

TEST(Int8, StaysWithinHalfAStepOfEveryWeight) {
  for (const uint64_t columns : {1U, 7U, 64U, 129U}) {
    const std::vector<float> values = Normal(3, 5 * columns, 0.3);
    const std::vector<float> decoded =
        Decode(Int8(), Encode(Int8(), values, 5, columns), 5, columns);
    for (uint64_t row = 0; row < 5; ++row) {
      float absmax = 0;
      for (uint64_t i = 0; i < columns; ++i) {
        absmax = std::max(absmax, std::abs(values[row * columns + i]));
      }
      for (uint64_t i = row * columns; i < (row + 1) * columns; ++i) {
        EXPECT_LE(std::abs(values[i] - decoded[i]), absmax / 127 * 0.5001F);
      }
    }
  }
}

TEST(Int8, TakesRowsOfZerosAndOfDenormals) {
  std::vector<float> values(8, 0.0F);
  values[4] = std::numeric_limits<float>::denorm_min();
  values[5] = -8 * std::numeric_limits<float>::denorm_min();
  const std::vector<float> decoded = Decode(Int8(), Encode(Int8(), values, 2, 4), 2, 4);
  for (size_t i = 0; i < 4; ++i) EXPECT_EQ(decoded[i], 0.0F);
  for (const float value : decoded) EXPECT_TRUE(std::isfinite(value));
}

TEST(Bf16, RoundsToNearestEven) {
  EXPECT_EQ(EncodeBf16(1.0F), 0x3F80);
  EXPECT_EQ(EncodeBf16(std::bit_cast<float>(0x3F808000U)), 0x3F80);  // Tie: to even, down.
  EXPECT_EQ(EncodeBf16(std::bit_cast<float>(0x3F818000U)), 0x3F82);  // Tie: to even, up.
  EXPECT_EQ(EncodeBf16(std::bit_cast<float>(0x3F808001U)), 0x3F81);
  EXPECT_EQ(EncodeBf16(-0.0F), 0x8000);
  for (uint32_t bits = 0; bits < 0x7F80; ++bits) {
    EXPECT_EQ(EncodeBf16(DecodeBf16(static_cast<uint16_t>(bits))), bits);
  }
}

TEST(Bf16, RefusesWhatRoundsToInfinity) {
  std::vector<std::byte> packed(2);
  const std::vector<float> largest = {std::numeric_limits<float>::max()};
  EXPECT_EQ(Bf16().Encode(largest, 1, 1, packed).code(), StatusCode::kInvalidArgument);
}

TEST(Formats, AreFoundByName) {
  for (const Format* format : AllFormats()) EXPECT_EQ(FindFormat(format->name()), format);
  EXPECT_EQ(FindFormat("int3"), nullptr);
}

TEST(Formats, RefuseValuesThatAreNotFiniteAndSayWhere) {
  for (const Format* format : AllFormats()) {
    for (const float bad : {std::nanf(""), HUGE_VALF, -HUGE_VALF}) {
      std::vector<float> values(kSomeRows * kColumns, 0.5F);
      values[kColumns + 3] = bad;
      std::vector<std::byte> packed(format->PackedBytes(kSomeRows, kColumns));
      const Status status = format->Encode(values, kSomeRows, kColumns, packed);
      EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << format->name();
      EXPECT_NE(status.message().find("row 1, column 3"), std::string::npos) << status.message();
    }
  }
}

TEST(Formats, RefuseSizesThatDoNotAgree) {
  for (const Format* format : AllFormats()) {
    std::vector<float> values(kSomeRows * kColumns);
    std::vector<std::byte> packed(format->PackedBytes(kSomeRows, kColumns) - 1);
    EXPECT_FALSE(format->Encode(values, kSomeRows, kColumns, packed).ok()) << format->name();
    EXPECT_FALSE(format->Decode(packed, kSomeRows, kColumns, values).ok()) << format->name();
    values.pop_back();
    packed.resize(packed.size() + 1);
    EXPECT_FALSE(format->Encode(values, kSomeRows, kColumns, packed).ok()) << format->name();
    EXPECT_FALSE(format->CheckShape(0, kColumns).ok());
    EXPECT_FALSE(format->CheckShape(kSomeRows, 0).ok());
    if (format->info().block > 1) {
      EXPECT_FALSE(format->CheckShape(kSomeRows, kColumns + format->info().block / 2).ok());
    }
  }
}

TEST(Formats, LoseWhatTheySayTheyLose) {
  for (const Format* format : AllFormats()) {
    const std::vector<float> values = Normal(5, kSomeRows * kColumns, 0.02);
    const std::vector<float> decoded =
        Decode(*format, Encode(*format, values, kSomeRows, kColumns), kSomeRows, kColumns);
    double noise = 0, signal = 0;
    for (size_t i = 0; i < values.size(); ++i) {
      noise += std::pow(static_cast<double>(decoded[i]) - static_cast<double>(values[i]), 2);
      signal += std::pow(static_cast<double>(values[i]), 2);
    }
    const double error = std::sqrt(noise / signal);
    EXPECT_LE(error, 1.2 * format->info().relative_error) << format->name();
    EXPECT_GE(error, 0.8 * format->info().relative_error) << format->name();
    if (format->lossless()) {
      EXPECT_EQ(decoded, values);
    }
  }
}

TEST(Formats, TakeTheBitsTheyClaim) {
  EXPECT_EQ(FindFormat("fp32")->PackedBytes(768, 3072), 768U * 3072 * 4);
  EXPECT_EQ(FindFormat("bf16")->PackedBytes(768, 3072), 768U * 3072 * 2);
  EXPECT_EQ(FindFormat("int8")->PackedBytes(768, 3072), 768U * 3072 + 768 * 4);
  EXPECT_EQ(FindFormat("nf4")->PackedBytes(768, 3072), 768U * 3072 / 2 + 768 * 3072 / 64 * 4);
}

}  // namespace
}  // namespace quantfleet::formats
