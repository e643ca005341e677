// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <iterator>

#include "base/digest.hpp"
#include "kernels/formats/bitsandbytes/double_quant.hpp"
#include "kernels/formats/bitsandbytes/dynamic_map.hpp"
#include "kernels/formats/bitsandbytes/fp4.hpp"
#include "kernels/formats/bitsandbytes/fp4_double_quant.hpp"
#include "kernels/formats/bitsandbytes/nf4.hpp"
#include "kernels/formats/bitsandbytes/nf4_double_quant.hpp"
#include "tests/unit/kernels/formats/packing.hpp"

namespace quantfleet::formats {
namespace {

constexpr uint64_t kRows = 22;
constexpr uint64_t kColumns = 1024;
// The reference functions decoded these rows of 22 (fp4) and 18 (double quantization).
constexpr uint64_t kDecodedRows = 5;

// Of all decoded rows, from the reference; the files hold the first 5.
constexpr std::string_view kFp4DecodedDigest =
    "55ae4f93cea826ffa6b1c9c7447960f82cea2e4127bb7c9432f39b51dbc706b3";

std::string Digest(const std::vector<float>& values) {
  return Sha256Hex({reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)});
}

// The weight-like rows that were quantized twice.
std::vector<float> NestedInput() {
  const std::vector<float> input = ReadFloats("input.f32");
  std::vector<float> rows(input.begin(), input.begin() + kColumns);
  rows.insert(rows.end(), input.begin() + 5 * kColumns, input.end());
  return rows;
}

// Row 0 and rows 5 to 21 of the packed codes of all 22.
std::vector<std::byte> NestedCodes(const std::string& name) {
  const std::vector<std::byte> all = ReadVector(name);
  std::vector<std::byte> codes(all.begin(), all.begin() + kColumns / 2);
  codes.insert(codes.end(), all.begin() + 5 * (kColumns / 2), all.end());
  return codes;
}

std::vector<std::byte> Joined(const std::vector<std::vector<std::byte>>& parts) {
  std::vector<std::byte> whole;
  for (const auto& part : parts) whole.insert(whole.end(), part.begin(), part.end());
  return whole;
}

TEST(Fp4, MatchesBitsandbytesByteForByteAndBitForBit) {
  const std::vector<std::byte> expected =
      Joined({ReadVector("fp4.q.u8"), ReadVector("fp4.absmax.f32")});
  const std::vector<float> input = ReadFloats("input.f32");
  EXPECT_TRUE(Encode(Fp4(), input, kRows, kColumns) == expected);
  std::vector<float> decoded = Decode(Fp4(), expected, kRows, kColumns);
  EXPECT_EQ(Digest(decoded), kFp4DecodedDigest);
  decoded.resize(kDecodedRows * kColumns);
  EXPECT_TRUE(SameBits(decoded, ReadFloats("fp4.deq.f32")));
}

TEST(Fp4, HoldsTheTableAndTheThresholdsOfBitsandbytes) {
  EXPECT_TRUE(
      SameBits(ReadFloats("fp4.table.f32"), {std::begin(kFp4Values), std::end(kFp4Values)}));
  EXPECT_TRUE(SameBits(ReadFloats("fp4.bounds.f32"),
                       {std::begin(kFp4Thresholds), std::end(kFp4Thresholds)}));
}

TEST(Fp4, GivesTinyPositiveValuesCodeEightAndZerosCodeZero) {
  std::vector<float> values(kFp4Block, 0.0F);
  values[0] = 1;
  values[1] = 1e-9F;
  values[2] = -1e-9F;
  values[3] = -0.0F;
  const std::vector<std::byte> packed = Encode(Fp4(), values, 1, kFp4Block);
  EXPECT_EQ(packed[0], std::byte{0x38});
  for (size_t i = 1; i < kFp4Block / 2; ++i) EXPECT_EQ(packed[i], std::byte{0});
  const std::vector<float> decoded = Decode(Fp4(), packed, 1, kFp4Block);
  for (size_t i = 1; i < kFp4Block; ++i) EXPECT_TRUE(SameBits({decoded[i]}, {0.0F}));
}

TEST(DynamicMap, IsThatOfBitsandbytes) {
  const auto map = DynamicMap();
  EXPECT_TRUE(SameBits(ReadFloats("dynamic_map.f32"), {map.begin(), map.end()}));
  EXPECT_EQ(map[kDynamicMapZero], 0.0F);
}

TEST(DynamicMap, FindsTheNearestValue) {
  const auto map = DynamicMap();
  for (uint32_t code = 0; code < 256; ++code) EXPECT_EQ(EncodeDynamicMap(map[code]), code);
  for (const float x : Normal(17, 5000, 0.4)) {
    double best = HUGE_VAL;
    for (const float value : map) {
      best = std::min(best, std::abs(static_cast<double>(value) - static_cast<double>(x)));
    }
    const double found =
        std::abs(static_cast<double>(map[EncodeDynamicMap(x)]) - static_cast<double>(x));
    EXPECT_LE(found, best + 1e-7 * std::abs(static_cast<double>(x)));
  }
  EXPECT_EQ(EncodeDynamicMap(-HUGE_VALF), 0);
  EXPECT_EQ(EncodeDynamicMap(HUGE_VALF), 255);
}

struct Nested {
  const char* base;
  const Format& (*format)();
  std::string_view digest;  // of all decoded rows, from the reference
};

class DoubleQuant : public ::testing::TestWithParam<Nested> {
 protected:
  static std::string Name(const std::string& suffix) { return GetParam().base + suffix; }
  static std::vector<std::byte> Expected() {
    return Joined({NestedCodes(Name(".q.u8")), ReadVector(Name(".nested.absmax8.u8")),
                   ReadVector(Name(".nested.absmax2.f32")),
                   ReadVector(Name(".nested.offset.f32"))});
  }
};

TEST_P(DoubleQuant, MatchesBitsandbytesByteForByteAndBitForBit) {
  const std::vector<float> input = NestedInput();
  const uint64_t rows = input.size() / kColumns;
  const std::vector<std::byte> expected = Expected();
  EXPECT_TRUE(Encode(GetParam().format(), input, rows, kColumns) == expected);
  std::vector<float> decoded = Decode(GetParam().format(), expected, rows, kColumns);
  EXPECT_EQ(Digest(decoded), GetParam().digest);
  decoded.resize(kDecodedRows * kColumns);
  EXPECT_TRUE(SameBits(decoded, ReadFloats(Name(".nested.deq.f32"))));
}

TEST_P(DoubleQuant, DecodesTheScalesOfBitsandbytes) {
  const std::vector<std::byte> packed = Expected();
  const std::vector<float> expected = ReadFloats(Name(".nested.absmax_deq.f32"));
  const DoubleQuantLayout layout(expected.size() * kFourBitBlock);
  ASSERT_EQ(packed.size(), layout.end);
  for (uint64_t block = 0; block < expected.size(); ++block) {
    EXPECT_EQ(DecodeAbsmax(packed.data(), layout, block), expected[block]);
  }
}

// The offset comes from a sum whose order is not fixed: with the stored one the rest must agree.
TEST_P(DoubleQuant, EncodesTheScalesOfBitsandbytesFromTheStoredOffset) {
  const std::vector<float> input = NestedInput();
  std::vector<float> absmax(input.size() / kFourBitBlock);
  for (size_t i = 0; i < absmax.size(); ++i) {
    absmax[i] = AbsmaxOfFourBitBlock(input.data() + i * kFourBitBlock);
  }
  std::vector<std::byte> absmax8(absmax.size());
  std::vector<float> absmax2(2);
  EncodeAbsmax(absmax, ReadFloats(Name(".nested.offset.f32"))[0], absmax8.data(), absmax2);
  EXPECT_TRUE(absmax8 == ReadVector(Name(".nested.absmax8.u8")));
  EXPECT_TRUE(SameBits(absmax2, ReadFloats(Name(".nested.absmax2.f32"))));
}

TEST_P(DoubleQuant, KeepsEqualScalesExactlyAndTakesZeros) {
  const Format& format = GetParam().format();
  std::vector<float> values(5 * kFourBitBlock, 0.0F);
  EXPECT_TRUE(
      SameBits(Decode(format, Encode(format, values, 1, values.size()), 1, values.size()), values));
  for (size_t i = 0; i < values.size(); ++i) values[i] = i % 2 == 0 ? 0.3F : 0;
  EXPECT_TRUE(
      SameBits(Decode(format, Encode(format, values, 1, values.size()), 1, values.size()), values));
}

INSTANTIATE_TEST_SUITE_P(
    Types, DoubleQuant,
    ::testing::Values(Nested{"nf4", Nf4DoubleQuant,
                             "09de43259ba80cc97225c779f77108ec59bf334a58e075fc15ed1d3001f78ed6"},
                      Nested{"fp4", Fp4DoubleQuant,
                             "675be5c5debad7fe4723c0a4da938769657351f7223735ff091036bccb9b7fa8"}),
    [](const auto& instance) { return std::string(instance.param.base); });

TEST(DoubleQuantSize, TakesTheBitsItClaims) {
  EXPECT_NEAR(8.0 * static_cast<double>(Nf4DoubleQuant().PackedBytes(4096, 4096)) / (4096.0 * 4096),
              4 + 8.0 / 64 + 32.0 / (64 * 256), 1e-4);
  // A last group of 256 blocks that is not full has a scale too.
  EXPECT_EQ(Nf4DoubleQuant().PackedBytes(1, 257 * 64), 257U * 32 + 257 + 2 * 4 + 4);
}

}  // namespace
}  // namespace quantfleet::formats
