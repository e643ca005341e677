// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "kernels/formats/bitsandbytes/four_bit.hpp"
#include "kernels/formats/format.hpp"

// Double quantization: the absmax of the blocks of nf4 or fp4 are themselves stored in 8 bits.
// Packed, for B = rows * columns / 64 blocks: all nibbles (32 B bytes); B bytes absmax8; one fp32
// absmax2 for each 256 blocks, the last ones perhaps fewer; one fp32 offset. Nothing is aligned.
//   absmax = map[absmax8] * absmax2 + offset, two roundings in fp32; the map is the dynamic map.
// The offset is the mean of all absmax, summed in fp64 and rounded once (torch sums in fp32, whose
// order may move the last bit). absmax2 is the largest |absmax - offset| of its 256; each
// difference is multiplied by its fp32 reciprocal and takes the nearest value of the map. Where all
// absmax are equal, absmax2 is 0 and the codes are those of 0.
// Source: section 3 of QLoRA (https://arxiv.org/abs/2305.14314); quantize_4bit with
// compress_statistics and quantize_blockwise of bitsandbytes-foundation/bitsandbytes 95f9af30.
namespace quantfleet::formats {

inline constexpr uint64_t kAbsmaxBlock = 256;

// Where the parts of a packed matrix begin. Bytes.
struct DoubleQuantLayout {
  explicit DoubleQuantLayout(uint64_t weights);
  uint64_t blocks;
  uint64_t absmax8;
  uint64_t absmax2;
  uint64_t offset;
  uint64_t end;
};

// The mean, as above. 0 for none.
float MeanAbsmax(std::span<const float> absmax);
// absmax.size() codes, and the absmax2 of each 256.
void EncodeAbsmax(std::span<const float> absmax, float offset, std::byte* absmax8,
                  std::span<float> absmax2);
// The absmax of block `block` of a packed matrix.
float DecodeAbsmax(const std::byte* packed, const DoubleQuantLayout& layout, uint64_t block);

// `Code` as four_bit.hpp says.
template <typename Code>
class DoubleQuantFormat final : public Format {
 public:
  const FormatInfo& info() const override { return Code::kInfo; }
  uint64_t PackedBytes(uint64_t rows, uint64_t columns) const override {
    return DoubleQuantLayout(rows * columns).end;
  }
  void DecodeRow(const std::byte* packed, uint64_t rows, uint64_t columns, uint64_t row,
                 float* weights) const override {
    const DoubleQuantLayout layout(rows * columns);
    const uint64_t first = row * columns / kFourBitBlock;
    for (uint64_t block = 0; block < columns / kFourBitBlock; ++block) {
      DecodeFourBitBlock<Code>(packed + (first + block) * (kFourBitBlock / 2),
                               DecodeAbsmax(packed, layout, first + block),
                               weights + block * kFourBitBlock);
    }
  }

 protected:
  Status EncodeChecked(std::span<const float> weights, uint64_t, uint64_t,
                       std::span<std::byte> packed) const override {
    const DoubleQuantLayout layout(weights.size());
    std::vector<float> absmax(layout.blocks);
    for (uint64_t block = 0; block < layout.blocks; ++block) {
      const float* const from = weights.data() + block * kFourBitBlock;
      absmax[block] = AbsmaxOfFourBitBlock(from);
      EncodeFourBitBlock<Code>(from, absmax[block], packed.data() + block * (kFourBitBlock / 2));
    }
    const float offset = MeanAbsmax(absmax);
    std::vector<float> absmax2((layout.blocks + kAbsmaxBlock - 1) / kAbsmaxBlock);
    EncodeAbsmax(absmax, offset, packed.data() + layout.absmax8, absmax2);
    std::memcpy(packed.data() + layout.absmax2, absmax2.data(), absmax2.size() * sizeof(float));
    std::memcpy(packed.data() + layout.offset, &offset, sizeof(float));
    return OkStatus();
  }
};

}  // namespace quantfleet::formats
