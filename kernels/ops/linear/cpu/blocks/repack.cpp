// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/ops/linear/cpu/blocks/repack.hpp"

#include <array>
#include <cstring>

#include "kernels/ops/linear/cpu/blocks/repack_int4.hpp"
#include "kernels/ops/linear/cpu/blocks/tile_writer.hpp"

namespace quantfleet::linear::cpu::blocks {
namespace {

// A block of one row, unpacked: codes with their offset, sub-scales, and the float scales' bytes.
struct RowBlock {
  std::array<uint8_t, 256> codes{};
  std::array<uint8_t, 16> scales{};
  std::array<uint8_t, 16> minima{};
  std::array<uint8_t, 4> head{};
};

uint8_t Byte(uint32_t value) {
  return static_cast<uint8_t>(value);
}

void UnpackQ8_0(const uint8_t* block, RowBlock* row) {
  std::memcpy(row->head.data(), block, 2);
  std::memcpy(row->codes.data(), block + 2, 32);
}

void UnpackNibbles(const uint8_t* from, RowBlock* row) {
  for (uint32_t i = 0; i < 16; ++i) {
    row->codes[i] = from[i] & 15U;
    row->codes[i + 16] = from[i] >> 4;
  }
}

void AddFifthBits(const uint8_t* from, RowBlock* row) {
  for (uint32_t i = 0; i < 32; ++i) {
    row->codes[i] = Byte(row->codes[i] | ((uint32_t{from[i / 8]} >> i % 8 & 1U) << 4));
  }
}

void UnpackQ4_0(const uint8_t* block, RowBlock* row) {
  std::memcpy(row->head.data(), block, 2);
  UnpackNibbles(block + 2, row);
}

void UnpackQ4_1(const uint8_t* block, RowBlock* row) {
  std::memcpy(row->head.data(), block, 4);
  UnpackNibbles(block + 4, row);
}

void UnpackQ5_0(const uint8_t* block, RowBlock* row) {
  std::memcpy(row->head.data(), block, 2);
  UnpackNibbles(block + 6, row);
  AddFifthBits(block + 2, row);
}

void UnpackQ5_1(const uint8_t* block, RowBlock* row) {
  std::memcpy(row->head.data(), block, 4);
  UnpackNibbles(block + 8, row);
  AddFifthBits(block + 4, row);
}

void UnpackMxfp4(const uint8_t* block, RowBlock* row) {
  row->head[0] = block[0];
  UnpackNibbles(block + 1, row);
}

// Sub-blocks of 16, each with its low half in the low nibbles. 0x7F is 0, with the sign bit not.
void UnpackNvfp4(const uint8_t* block, RowBlock* row) {
  for (uint32_t s = 0; s < 4; ++s) {
    row->head[s] = block[s] == 127 ? 0 : block[s] & 127U;
    for (uint32_t j = 0; j < 8; ++j) {
      const uint32_t pair = block[4 + s * 8 + j];
      row->codes[s * 16 + j] = pair & 15U;
      row->codes[s * 16 + j + 8] = Byte(pair >> 4U);
    }
  }
}

// The 6-bit scales and minima of Q4_K and Q5_K.
void UnpackSixBitScales(const uint8_t* from, RowBlock* row) {
  for (uint32_t j = 0; j < 4; ++j) {
    row->scales[j] = from[j] & 63U;
    row->minima[j] = from[j + 4] & 63U;
    row->scales[j + 4] = Byte((from[j + 8] & 15U) | ((from[j] >> 6U) << 4U));
    row->minima[j + 4] = Byte((from[j + 8] >> 4U) | ((from[j + 4] >> 6U) << 4U));
  }
}

void UnpackQ4K(const uint8_t* block, RowBlock* row) {
  std::memcpy(row->head.data(), block, 4);
  UnpackSixBitScales(block + 4, row);
  for (uint32_t i = 0; i < 256; ++i) {
    const uint32_t byte = block[16 + i / 64 * 32 + i % 32];
    row->codes[i] = Byte(byte >> (i % 64 / 32 * 4) & 15U);
  }
}

void UnpackQ5K(const uint8_t* block, RowBlock* row) {
  std::memcpy(row->head.data(), block, 4);
  UnpackSixBitScales(block + 4, row);
  for (uint32_t i = 0; i < 256; ++i) {
    const uint32_t byte = block[48 + i / 64 * 32 + i % 32];
    const uint32_t high = uint32_t{block[16 + i % 32]} >> (i / 32) & 1U;
    row->codes[i] = Byte((byte >> (i % 64 / 32 * 4) & 15U) | high << 4U);
  }
}

void UnpackQ6K(const uint8_t* block, RowBlock* row) {
  for (uint32_t i = 0; i < 256; ++i) {
    const uint32_t half = i / 128, quarter = i % 128 / 32, lane = i % 32;
    const uint32_t low = block[half * 64 + quarter % 2 * 32 + lane] >> (quarter / 2 * 4) & 15U;
    const uint32_t high = block[128 + half * 32 + lane] >> (quarter * 2) & 3U;
    row->codes[i] = Byte(low | high << 4U);
  }
  std::memcpy(row->scales.data(), block + 192, 16);
  std::memcpy(row->head.data(), block + 208, 2);
}

// 2-bit codes as Q2_K and Q3_K lay them.
uint32_t TwoBits(const uint8_t* from, uint32_t i) {
  return uint32_t{from[i / 128 * 32 + i % 32]} >> (i % 128 / 32 * 2) & 3U;
}

void UnpackQ3K(const uint8_t* block, RowBlock* row) {
  for (uint32_t i = 0; i < 256; ++i) {
    const uint32_t high = uint32_t{block[i % 32]} >> (i / 32) & 1U;
    row->codes[i] = Byte(TwoBits(block + 32, i) | high << 2U);
  }
  const uint8_t* const scales = block + 96;
  for (uint32_t j = 0; j < 16; ++j) {
    const uint32_t low = j < 8 ? scales[j] & 15U : scales[j - 8] >> 4U;
    row->scales[j] = Byte(low | (uint32_t{scales[8 + j % 4]} >> (j / 4 * 2) & 3U) << 4U);
  }
  std::memcpy(row->head.data(), block + 108, 2);
}

void UnpackQ2K(const uint8_t* block, RowBlock* row) {
  for (uint32_t j = 0; j < 16; ++j) {
    row->scales[j] = block[j] & 15U;
    row->minima[j] = block[j] >> 4U;
  }
  for (uint32_t i = 0; i < 256; ++i) row->codes[i] = Byte(TwoBits(block + 16, i));
  std::memcpy(row->head.data(), block + 80, 4);
}

void WriteNoScales(const RowBlock&, const TileWriter&, uint8_t*) {}

void WriteSixBitScales(const RowBlock& row, const TileWriter& writer, uint8_t* to) {
  const uint32_t plane = writer.plane();
  for (uint32_t half = 0; half < 2; ++half) {
    writer.Groups(&row.scales[4 * half], 4, 0, 4, 4 * half, to);
    writer.Groups(&row.minima[4 * half], 4, 0, 4, 4 * half, to + plane);
    writer.Groups(&row.scales[4 * half], 4, 4, 2, 2 * half, to + 2 * plane);
    writer.Groups(&row.minima[4 * half], 4, 4, 2, 4 + 2 * half, to + 2 * plane);
  }
}

void WriteCentredScales(const RowBlock& row, const TileWriter& writer, uint8_t* to) {
  const uint32_t plane = writer.plane();
  for (uint32_t part = 0; part < 4; ++part) {
    writer.Groups(&row.scales[4 * part], 4, 0, 4, part % 2 * 4, to + part / 2 * plane);
    writer.Groups(&row.scales[4 * part], 4, 4, 2, 2 * part, to + 2 * plane);
  }
}

void WriteSignedScales(const RowBlock& row, const TileWriter& writer, uint8_t* to) {
  writer.Groups(row.scales.data(), 16, 0, 8, 0, to);
}

void WriteFourBitScales(const RowBlock& row, const TileWriter& writer, uint8_t* to) {
  writer.Groups(row.scales.data(), 16, 0, 4, 0, to);
  writer.Groups(row.minima.data(), 16, 0, 4, 4, to);
}

// Grid indices, signs and scales of IQ2_XXS stay as they are, but for their places: iq/plain.hpp.
void WriteIq2XxsUnit(const uint8_t* group, uint32_t rows, uint32_t lane, uint8_t* to) {
  std::memcpy(to + 4 * lane, group, 4);
  uint32_t word = 0;
  std::memcpy(&word, group + 4, sizeof(word));
  const auto put = [&](uint32_t field, uint32_t nibble) {
    const uint32_t at = field * rows + lane;
    uint8_t& byte = to[4 * rows + at / 2];
    byte = Byte(byte | nibble << (at % 2 * 4));
  };
  for (uint32_t j = 0; j < 4; ++j) {
    const uint32_t signs = word >> (7 * j) & 127U;
    put(j, signs & 15U);
    put(4 + j, signs >> 4U | (word >> (28 + j) & 1U) << 3U);
  }
}

struct Recipe {
  BlockFormatInfo info;
  uint32_t bits;
  void (*unpack)(const uint8_t* block, RowBlock* row);
  void (*write_scales)(const RowBlock& row, const TileWriter& writer, uint8_t* to);
};

constexpr std::array<Recipe, kBlockFormats> kRecipes = {{
    {{BlockFormat::kQ8_0, "q8_0", kQ8_0Layout, 34}, 8, UnpackQ8_0, WriteNoScales},
    {{BlockFormat::kQ4_0, "q4_0", kQ4_0Layout, 18}, 4, UnpackQ4_0, WriteNoScales},
    {{BlockFormat::kQ4_1, "q4_1", kQ4_1Layout, 20}, 4, UnpackQ4_1, WriteNoScales},
    {{BlockFormat::kQ5_0, "q5_0", kQ5_0Layout, 22}, 5, UnpackQ5_0, WriteNoScales},
    {{BlockFormat::kQ5_1, "q5_1", kQ5_1Layout, 24}, 5, UnpackQ5_1, WriteNoScales},
    {{BlockFormat::kMxfp4, "mxfp4", kMxfp4Layout, 17}, 4, UnpackMxfp4, WriteNoScales},
    {{BlockFormat::kNvfp4, "nvfp4", kNvfp4Layout, 36}, 4, UnpackNvfp4, WriteNoScales},
    {{BlockFormat::kQ4K, "q4_k", kQ4KLayout, 144}, 4, UnpackQ4K, WriteSixBitScales},
    {{BlockFormat::kQ5K, "q5_k", kQ5KLayout, 176}, 5, UnpackQ5K, WriteSixBitScales},
    {{BlockFormat::kQ6K, "q6_k", kQ6KLayout, 210}, 6, UnpackQ6K, WriteSignedScales},
    {{BlockFormat::kQ3K, "q3_k", kQ3KLayout, 110}, 3, UnpackQ3K, WriteCentredScales},
    {{BlockFormat::kQ2K, "q2_k", kQ2KLayout, 84}, 2, UnpackQ2K, WriteFourBitScales},
    {{BlockFormat::kIq2Xxs, "iq2_xxs", kIq2XxsLayout, 66}, 0, nullptr, nullptr},
    {{BlockFormat::kAwqInt4, "awq_int4", kInt4Layout, 0}, 0, nullptr, nullptr},
    {{BlockFormat::kGptqInt4, "gptq_int4", kInt4Layout, 0}, 0, nullptr, nullptr},
    {{BlockFormat::kGptqInt4ActOrder, "gptq_int4_act_order", kInt4Layout, 0}, 0, nullptr, nullptr},
}};

// The fp16 scales (or E8M0 and E4M3 bytes) of a block.
void WriteHead(const BlockFormatInfo& info, const uint8_t* values, uint32_t rows, uint32_t lane,
               uint8_t* head) {
  const BlockLayout& layout = info.layout;
  if (info.format == BlockFormat::kMxfp4 || info.format == BlockFormat::kNvfp4) {
    for (uint32_t i = 0; i < layout.head_bytes; ++i) head[i * rows + lane] = values[i];
    return;
  }
  for (uint32_t half = 0; half < layout.head_bytes / 2; ++half) {
    std::memcpy(head + (half * rows + lane) * 2, values + half * 2, 2);
  }
}

// One block of one row into its tile.
void WriteBlock(const Recipe& recipe, const uint8_t* packed, const TileWriter& writer,
                uint32_t rows, uint32_t lane, uint8_t* body, uint8_t* head) {
  const BlockLayout& layout = recipe.info.layout;
  const uint32_t units = layout.block / 32;
  uint8_t* const first = body + layout.scale_bytes * rows;
  if (recipe.info.format == BlockFormat::kIq2Xxs) {
    for (uint32_t unit = 0; unit < units; ++unit) {
      WriteIq2XxsUnit(packed + 2 + unit * 8, rows, lane, first + unit * layout.unit_bytes * rows);
    }
    return WriteHead(recipe.info, packed, rows, lane, head);
  }
  RowBlock row;
  recipe.unpack(packed, &row);
  for (uint32_t unit = 0; unit < units; ++unit) {
    writer.Unit(row.codes.data() + unit * 32, recipe.bits, first + unit * layout.unit_bytes * rows);
  }
  recipe.write_scales(row, writer, body);
  WriteHead(recipe.info, row.head.data(), rows, lane, head);
}

}  // namespace

std::span<const BlockFormatInfo> BlockFormatInfos() {
  static const auto infos = [] {
    std::array<BlockFormatInfo, kBlockFormats> all;
    for (uint32_t i = 0; i < kBlockFormats; ++i) all[i] = kRecipes[i].info;
    return all;
  }();
  return infos;
}

std::vector<std::byte> Repack(const BlockFormatInfo& format, uint32_t rows, const std::byte* packed,
                              uint64_t n, uint64_t k) {
  if (format.packed_bytes == 0) return RepackInt4(format, rows, packed, n, k);
  const Recipe& recipe = kRecipes[static_cast<size_t>(format.format)];
  const BlockLayout& layout = format.layout;
  std::vector<std::byte> tiles(MatrixBytes(layout, rows, n, k));
  const auto* from = reinterpret_cast<const uint8_t*>(packed);
  for (uint64_t r = 0; r < n; ++r) {
    const auto lane = static_cast<uint32_t>(r % rows);
    const TileWriter writer(rows, lane);
    ForBlocksOfRow(layout, rows, n, k, r, tiles.data(),
                   [&](uint64_t, uint8_t* body, uint8_t* head) {
                     WriteBlock(recipe, from, writer, rows, lane, body, head);
                     from += format.packed_bytes;
                   });
  }
  return tiles;
}

}  // namespace quantfleet::linear::cpu::blocks
