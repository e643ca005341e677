// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>

#include "kernels/formats/ieee/fp16.hpp"
#include "kernels/formats/int4/awq_int4.hpp"
#include "kernels/formats/int4/gptq_int4.hpp"
#include "kernels/formats/int4/gptq_int4_act_order.hpp"
#include "tests/unit/kernels/formats/packing.hpp"

namespace quantfleet::formats {
namespace {

constexpr uint64_t kGroup = 128;

template <typename Value>
Value At(const std::vector<std::byte>& bytes, size_t offset) {
  Value value{};
  EXPECT_LE(offset + sizeof(Value), bytes.size());
  std::memcpy(&value, bytes.data() + offset, sizeof(Value));
  return value;
}

template <typename Value>
void Put(std::vector<std::byte>& bytes, size_t offset, Value value) {
  ASSERT_LE(offset + sizeof(Value), bytes.size());
  std::memcpy(bytes.data() + offset, &value, sizeof(Value));
}

// The decoder as the checkpoint's Python code would write it, from whole arrays.
std::vector<float> DecodeAwqPlainly(const std::vector<std::byte>& packed, uint64_t n, uint64_t k) {
  constexpr int kOrder[8] = {0, 2, 4, 6, 1, 3, 5, 7};
  const auto spread = [&](size_t offset, uint64_t height) {
    std::vector<int> codes(height * n);
    for (uint64_t i = 0; i < height * n / 8; ++i) {
      const auto word = At<uint32_t>(packed, offset + 4 * i);
      for (size_t nibble = 0; nibble < 8; ++nibble) {
        codes[8 * i + static_cast<size_t>(kOrder[nibble])] =
            static_cast<int>((word >> (4 * nibble)) & 15U);
      }
    }
    return codes;
  };
  const std::vector<int> codes = spread(0, k);
  const std::vector<int> zeros = spread(k * n / 2, k / kGroup);
  std::vector<float> weights(n * k);
  for (uint64_t i = 0; i < k * n; ++i) {
    const uint64_t place = i / n / kGroup * n + i % n;
    const float scale = DecodeFp16(At<uint16_t>(packed, (k + k / kGroup) * n / 2 + 2 * place));
    weights[i % n * k + i / n] = static_cast<float>(codes[i] - zeros[place]) * scale;
  }
  return weights;
}

// One group, eight rows: row n has code n in column 0 and spans -5 to 10 in steps of 1.
std::vector<float> AwqCodes() {
  std::vector<float> weights(8 * kGroup, 0.0F);
  for (uint64_t n = 0; n < 8; ++n) {
    weights[n * kGroup] = static_cast<float>(n) - 5;
    weights[n * kGroup + 1] = -5;
    weights[n * kGroup + 2] = 10;
  }
  return weights;
}

TEST(AwqInt4, InterleavesEightRowsInAWord) {
  const std::vector<std::byte> packed = Encode(AwqInt4(), AwqCodes(), 8, kGroup);
  ASSERT_EQ(packed.size(), kGroup * 4 + 4 + 8 * 2);
  EXPECT_EQ(At<uint32_t>(packed, 0), 0x75316420U);
  EXPECT_EQ(At<uint32_t>(packed, 4), 0U);
  EXPECT_EQ(At<uint32_t>(packed, 8), 0xFFFFFFFFU);
  EXPECT_EQ(At<uint32_t>(packed, 12), 0x55555555U);
  EXPECT_EQ(At<uint32_t>(packed, kGroup * 4), 0x55555555U);
  for (size_t n = 0; n < 8; ++n) EXPECT_EQ(At<uint16_t>(packed, kGroup * 4 + 4 + 2 * n), 0x3C00);
  EXPECT_TRUE(SameBits(Decode(AwqInt4(), packed, 8, kGroup), AwqCodes()));
}

TEST(AwqInt4, PutsZerosInTheSameOrder) {
  std::vector<float> weights(8 * kGroup, 0.0F);
  for (uint64_t n = 0; n < 8; ++n) {
    weights[n * kGroup] = -static_cast<float>(n);
    weights[n * kGroup + 1] = 15 - static_cast<float>(n);
  }
  const std::vector<std::byte> packed = Encode(AwqInt4(), weights, 8, kGroup);
  EXPECT_EQ(At<uint32_t>(packed, kGroup * 4), 0x75316420U);
}

TEST(AwqInt4, DecodesAnyBitsAsThePlainDecoderDoes) {
  constexpr uint64_t kN = 24;
  constexpr uint64_t kK = 3 * kGroup;
  std::vector<std::byte> packed = Encode(AwqInt4(), Normal(31, kN * kK, 1), kN, kK);
  const std::vector<float> noise = Normal(32, kK * kN / 8, 1);
  std::memcpy(packed.data(), noise.data(), kK * kN / 2);
  const std::vector<float> zeros = Normal(33, 3 * kN / 8, 1);
  std::memcpy(packed.data() + kK * kN / 2, zeros.data(), 3 * kN / 2);
  EXPECT_TRUE(SameBits(Decode(AwqInt4(), packed, kN, kK), DecodeAwqPlainly(packed, kN, kK)));
}

TEST(AwqInt4, StaysWithinAboutHalfAStep) {
  constexpr uint64_t kN = 16;
  constexpr uint64_t kK = 2 * kGroup;
  std::vector<float> weights = Normal(41, kN * kK, 0.05);
  for (float& weight : weights) weight += 0.02F;
  const std::vector<float> decoded = Decode(AwqInt4(), Encode(AwqInt4(), weights, kN, kK), kN, kK);
  for (uint64_t group = 0; group < kN * kK / kGroup; ++group) {
    const auto first = weights.begin() + static_cast<ptrdiff_t>(group * kGroup);
    const auto [least, most] = std::minmax_element(first, first + kGroup);
    for (uint64_t i = group * kGroup; i < (group + 1) * kGroup; ++i) {
      EXPECT_LE(std::abs(weights[i] - decoded[i]), 0.52F * (*most - *least) / 15);
    }
  }
}

TEST(GptqInt4, PacksEightColumnsInAWordAndStoresTheZeroLessOne) {
  std::vector<float> weights(16 * kGroup, 0.0F);
  for (uint64_t n = 0; n < 16; ++n) {
    for (uint64_t k = 0; k < 8; ++k) {
      weights[n * kGroup + k] = std::max(-7.5F, static_cast<float>(k) - 8);
    }
  }
  const std::vector<std::byte> packed = Encode(GptqInt4(), weights, 16, kGroup);
  ASSERT_EQ(packed.size(), 16 * kGroup / 2 + 8 + 32);
  for (size_t n = 0; n < 16; ++n) {
    EXPECT_EQ(At<uint32_t>(packed, 4 * n), 0x76543210U);
    EXPECT_EQ(At<uint32_t>(packed, 4 * (16 + n)), 0x88888888U);
    EXPECT_EQ(At<uint16_t>(packed, 16 * kGroup / 2 + 8 + 2 * n), 0x3C00);
  }
  EXPECT_EQ(At<uint32_t>(packed, 16 * kGroup / 2), 0x77777777U);
  EXPECT_EQ(At<uint32_t>(packed, 16 * kGroup / 2 + 4), 0x77777777U);
}

// Zeros as other encoders store them: stored 15 is zero 16, and each row has its own.
TEST(GptqInt4, DecodesOtherZerosUnmasked) {
  std::vector<std::byte> packed(GptqInt4().PackedBytes(8, kGroup));
  Put<uint32_t>(packed, 4 * 2, 0x00000009U);  // row 2, columns 0 to 7
  Put<uint32_t>(packed, 4 * 3, 0x90000000U);  // row 3
  Put<uint32_t>(packed, 4 * kGroup, 0x0000F200U);
  for (size_t n = 0; n < 8; ++n) {
    Put<uint16_t>(packed, 4 * kGroup + 4 + 2 * n, EncodeFp16(static_cast<float>(n)));
  }
  const std::vector<float> weights = Decode(GptqInt4(), packed, 8, kGroup);
  EXPECT_EQ(weights[2 * kGroup], (9 - 3) * 2.0F);
  EXPECT_EQ(weights[2 * kGroup + 1], (0 - 3) * 2.0F);
  EXPECT_EQ(weights[3 * kGroup + 7], (9 - 16) * 3.0F);
  EXPECT_EQ(weights[4 * kGroup], (0 - 1) * 4.0F);
}

TEST(GptqInt4, StaysWithinAboutHalfAStep) {
  constexpr uint64_t kN = 8;
  constexpr uint64_t kK = 4 * kGroup;
  const std::vector<float> weights = Normal(51, kN * kK, 0.05);
  const std::vector<float> decoded =
      Decode(GptqInt4(), Encode(GptqInt4(), weights, kN, kK), kN, kK);
  for (uint64_t group = 0; group < kN * kK / kGroup; ++group) {
    float absmax = 0;
    for (uint64_t i = 0; i < kGroup; ++i) {
      absmax = std::max(absmax, std::abs(weights[group * kGroup + i]));
    }
    for (uint64_t i = group * kGroup; i < (group + 1) * kGroup; ++i) {
      EXPECT_LE(std::abs(weights[i] - decoded[i]), 0.505F * 2 * absmax / 15);
    }
  }
}

TEST(GptqInt4, GivesGroupsOfZerosAndOfTinyValuesZeros) {
  for (const float value : {0.0F, 1e-9F, 1e-40F}) {
    const std::vector<std::byte> packed =
        Encode(GptqInt4(), std::vector<float>(8 * kGroup, value), 8, kGroup);
    EXPECT_EQ(At<uint32_t>(packed, 0), 0x88888888U);
    EXPECT_EQ(At<uint16_t>(packed, 4 * kGroup + 4), EncodeFp16(2.0F / 15));
    for (const float weight : Decode(GptqInt4(), packed, 8, kGroup)) EXPECT_EQ(weight, 0.0F);
  }
}

TEST(GptqInt4ActOrder, GroupsColumnsByTheirNorm) {
  constexpr uint64_t kN = 8;
  constexpr uint64_t kK = 4 * kGroup;
  const std::vector<float> weights = Normal(61, kN * kK, 1);
  std::vector<double> norms(kK, 0.0);
  for (size_t i = 0; i < weights.size(); ++i) {
    norms[i % kK] += static_cast<double>(weights[i]) * static_cast<double>(weights[i]);
  }
  const std::vector<uint32_t> groups = OrderedGroups(weights, kK);
  const std::vector<std::byte> packed = Encode(GptqInt4ActOrder(), weights, kN, kK);
  const size_t g_idx = packed.size() - 4 * kK;
  std::vector<uint64_t> sizes(4, 0);
  for (uint64_t a = 0; a < kK; ++a) {
    EXPECT_EQ(At<uint32_t>(packed, g_idx + 4 * a), groups[a]);
    ++sizes[groups[a]];
    for (uint64_t b = 0; b < kK; ++b) {
      EXPECT_FALSE(norms[a] > norms[b] && groups[a] > groups[b]);
    }
  }
  EXPECT_EQ(sizes, (std::vector<uint64_t>(4, kGroup)));
  EXPECT_FALSE(std::is_sorted(groups.begin(), groups.end()));
}

// Sorted by group first, the columns are those of plain gptq_int4.
TEST(GptqInt4ActOrder, EqualsTheOtherFormatOnPermutedColumns) {
  constexpr uint64_t kN = 8;
  constexpr uint64_t kK = 2 * kGroup;
  const std::vector<float> weights = Normal(62, kN * kK, 1);
  const std::vector<uint32_t> groups = OrderedGroups(weights, kK);
  std::vector<uint64_t> order;
  for (const uint32_t group : {0U, 1U}) {
    for (uint64_t k = 0; k < kK; ++k) {
      if (groups[k] == group) order.push_back(k);
    }
  }
  std::vector<float> sorted(weights.size());
  for (uint64_t i = 0; i < sorted.size(); ++i) sorted[i] = weights[i / kK * kK + order[i % kK]];
  const std::vector<float> plain = Decode(GptqInt4(), Encode(GptqInt4(), sorted, kN, kK), kN, kK);
  const std::vector<float> decoded =
      Decode(GptqInt4ActOrder(), Encode(GptqInt4ActOrder(), weights, kN, kK), kN, kK);
  for (uint64_t i = 0; i < plain.size(); ++i) {
    EXPECT_EQ(plain[i], decoded[i / kK * kK + order[i % kK]]);
  }
}

TEST(GptqInt4ActOrder, TakesAnIndexOutsideTheGroupsForTheLast) {
  const std::vector<float> weights = Normal(63, 8 * 2 * kGroup, 1);
  std::vector<std::byte> packed = Encode(GptqInt4ActOrder(), weights, 8, 2 * kGroup);
  const size_t g_idx = packed.size() - 8 * kGroup;
  Put<int32_t>(packed, g_idx, 1);
  const std::vector<float> last = Decode(GptqInt4ActOrder(), packed, 8, 2 * kGroup);
  for (const int32_t index : {2, -1, 1 << 30}) {
    Put<int32_t>(packed, g_idx, index);
    EXPECT_TRUE(SameBits(Decode(GptqInt4ActOrder(), packed, 8, 2 * kGroup), last));
  }
}

TEST(Int4, RefusesOddSizesAndSaysWhy) {
  for (const Format* format : {&AwqInt4(), &GptqInt4(), &GptqInt4ActOrder()}) {
    const Status rows = format->CheckShape(12, kGroup);
    EXPECT_EQ(rows.code(), StatusCode::kInvalidArgument);
    EXPECT_NE(rows.message().find("multiple of 8, not 12"), std::string::npos) << rows.message();
    const Status columns = format->CheckShape(8, 192);
    EXPECT_EQ(columns.code(), StatusCode::kInvalidArgument);
    EXPECT_NE(columns.message().find("blocks of 128, not 192"), std::string::npos);
  }
}

TEST(Int4, RefusesScalesPastFp16AndSaysWhere) {
  for (const Format* format : {&AwqInt4(), &GptqInt4(), &GptqInt4ActOrder()}) {
    std::vector<float> weights(8 * kGroup, 0.0F);
    weights[3 * kGroup + 7] = -2e6F;
    std::vector<std::byte> packed(format->PackedBytes(8, kGroup));
    const Status status = format->Encode(weights, 8, kGroup, packed);
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
    EXPECT_NE(status.message().find("row 3, column 7"), std::string::npos) << status.message();
  }
}

TEST(Int4, TakesTheBitsItClaims) {
  constexpr uint64_t kSide = 4096;
  constexpr double kWeights = static_cast<double>(kSide) * kSide;
  const auto bits = [](const Format& format) {
    return 8.0 * static_cast<double>(format.PackedBytes(kSide, kSide)) / kWeights;
  };
  EXPECT_EQ(bits(AwqInt4()), 4.15625);
  EXPECT_EQ(bits(GptqInt4()), 4.15625);
  EXPECT_EQ(bits(GptqInt4ActOrder()), 4.15625 + 32.0 / kSide);
}

}  // namespace
}  // namespace quantfleet::formats
