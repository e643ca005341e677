// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/formats/int8/int8.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/formats/int8/activations.hpp"
#include "kernels/formats/int8/llm_int8.hpp"
#include "kernels/formats/int8/w8a8.hpp"
#include "tests/unit/kernels/formats/packing.hpp"

namespace quantfleet::formats {
namespace {

constexpr uint64_t kRows = 5;
constexpr uint64_t kColumns = 1024;

std::vector<float> InputRows(const std::vector<size_t>& rows) {
  const std::vector<float> input = ReadFloats("input.f32");
  std::vector<float> chosen;
  for (const size_t row : rows) {
    const auto first = input.begin() + static_cast<ptrdiff_t>(row * kColumns);
    chosen.insert(chosen.end(), first, first + kColumns);
  }
  return chosen;
}

TEST(LlmInt8, MatchesBitsandbytesByteForByteAndBitForBit) {
  std::vector<std::byte> expected = ReadVector("int8_rowwise.q.i8");
  const std::vector<std::byte> absmax = ReadVector("int8_rowwise.absmax.f32");
  expected.insert(expected.end(), absmax.begin(), absmax.end());
  EXPECT_TRUE(Encode(LlmInt8(), InputRows({0, 1, 2, 3, 4}), kRows, kColumns) == expected);
  EXPECT_TRUE(
      SameBits(Decode(LlmInt8(), expected, kRows, kColumns), ReadFloats("int8_rowwise.deq.f32")));
}

TEST(LlmInt8, RefusesWhatItWouldDecodeToInfinity) {
  std::vector<std::byte> packed(LlmInt8().PackedBytes(2, 3));
  const std::vector<float> values = {1, 2, 3, 4, -3e38F, 5};
  const Status status = LlmInt8().Encode(values, 2, 3, packed);
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_NE(status.message().find("row 1, column 1"), std::string::npos) << status.message();
}

TEST(W8a8, HasTheBytesOfInt8) {
  const std::vector<float> values = Normal(4, 3 * 50, 1);
  EXPECT_TRUE(Encode(W8a8(), values, 3, 50) == Encode(Int8(), values, 3, 50));
  const std::vector<std::byte> packed = Encode(W8a8(), values, 3, 50);
  EXPECT_TRUE(SameBits(Decode(W8a8(), packed, 3, 50), Decode(Int8(), packed, 3, 50)));
}

TEST(Activations, KeepOutliersOutAsBitsandbytesDoes) {
  const std::vector<float> input = InputRows({0, 1, 5, 6, 7});
  const std::vector<uint32_t> outliers = OutlierColumns(input, kColumns, kLlmInt8Threshold);
  const std::vector<std::byte> column_bytes = ReadVector("int8_rowwise_t6.outlier_cols.i64");
  std::vector<int64_t> columns(column_bytes.size() / sizeof(int64_t));
  std::memcpy(columns.data(), column_bytes.data(), column_bytes.size());
  EXPECT_TRUE(std::equal(outliers.begin(), outliers.end(), columns.begin(), columns.end()));
  std::vector<std::byte> codes(input.size());
  std::vector<float> absmax(kRows);
  for (size_t row = 0; row < kRows; ++row) {
    absmax[row] = QuantizeLlmInt8Row({input.data() + row * kColumns, kColumns}, kLlmInt8Threshold,
                                     outliers, codes.data() + row * kColumns);
  }
  EXPECT_TRUE(codes == ReadVector("int8_rowwise_t6.q.i8"));
  EXPECT_TRUE(SameBits(absmax, ReadFloats("int8_rowwise_t6.absmax.f32")));
}

TEST(Activations, TakeATokenOfOutliersOnly) {
  const std::vector<float> row = {7, -8, 9};
  std::vector<std::byte> codes(3, std::byte{1});
  EXPECT_EQ(OutlierColumns(row, 3, 6.0F), (std::vector<uint32_t>{0, 1, 2}));
  EXPECT_EQ(QuantizeLlmInt8Row(row, 6.0F, {}, codes.data()), 0.0F);
  for (const std::byte code : codes) EXPECT_EQ(code, std::byte{0});
}

TEST(Activations, OfOneTokenStayWithinHalfAStep) {
  for (const size_t count : {1U, 33U, 1000U}) {
    const std::vector<float> row = Normal(21, count, 2);
    std::vector<std::byte> codes(count);
    const float scale = QuantizeToken(row, codes.data());
    int largest = 0;
    for (size_t i = 0; i < count; ++i) {
      const auto code = static_cast<int8_t>(codes[i]);
      largest = std::max(largest, std::abs(int{code}));
      EXPECT_LE(std::abs(row[i] - static_cast<float>(code) * scale), 0.50001F * scale);
    }
    EXPECT_EQ(largest, 127);
  }
}

}  // namespace
}  // namespace quantfleet::formats
