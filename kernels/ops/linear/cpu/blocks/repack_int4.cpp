// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/ops/linear/cpu/blocks/repack_int4.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <numeric>
#include <utility>

#include "kernels/formats/int4/awq_int4.hpp"
#include "kernels/formats/int4/gptq.hpp"
#include "kernels/formats/int4/gptq_int4_act_order.hpp"
#include "kernels/ops/linear/cpu/blocks/tile_writer.hpp"

namespace quantfleet::linear::cpu::blocks {
namespace {

constexpr uint64_t kGroup = 128;

// The three arrays of a packed matrix [n, k].
class Int4Matrix {
 public:
  // Column i of the matrix is column order[i] of the packed one, or i.
  Int4Matrix(bool awq, const std::byte* packed, uint64_t n, uint64_t k,
             std::vector<uint32_t> order = {})
      : awq_(awq),
        n_(n),
        codes_(packed),
        zeros_(codes_ + n * k / 2),
        scales_(zeros_ + k / kGroup * n / 2),
        order_(std::move(order)) {}

  uint8_t Code(uint64_t row, uint64_t column) const {
    if (!order_.empty()) column = order_[column];
    const uint64_t word = awq_ ? column * (n_ / 8) + row / 8 : column / 8 * n_ + row;
    return Nibble(codes_, word, awq_ ? InWord(row) : static_cast<uint32_t>(column % 8));
  }
  uint8_t Zero(uint64_t row, uint64_t group) const {
    const uint8_t stored = Nibble(zeros_, group * (n_ / 8) + row / 8, InWord(row));
    return static_cast<uint8_t>(awq_ ? stored : stored + 1);
  }
  // The fp16 scale's two bytes.
  const std::byte* Scale(uint64_t row, uint64_t group) const {
    return scales_ + (group * n_ + row) * 2;
  }

 private:
  // Nibble of a row in a word that holds eight of them.
  uint32_t InWord(uint64_t row) const {
    const auto lane = static_cast<uint32_t>(row % 8);
    return awq_ ? formats::AwqNibble(lane) : lane;
  }
  static uint8_t Nibble(const std::byte* words, uint64_t word, uint32_t nibble) {
    const auto pair = std::to_integer<uint32_t>(words[word * 4 + nibble / 2]);
    return static_cast<uint8_t>(pair >> (nibble % 2 * 4) & 15U);
  }

  bool awq_;
  uint64_t n_;
  const std::byte* codes_;
  const std::byte* zeros_;
  const std::byte* scales_;
  std::vector<uint32_t> order_;
};

}  // namespace

std::vector<uint32_t> ColumnsByGroup(const std::byte* packed, uint64_t n, uint64_t k) {
  const std::vector<uint32_t> groups =
      formats::GptqColumnGroups(packed + formats::GptqLayout(n, k).groups, k);
  std::vector<uint32_t> columns(k);
  std::iota(columns.begin(), columns.end(), 0U);
  std::stable_sort(columns.begin(), columns.end(),
                   [&](uint32_t a, uint32_t b) { return groups[a] < groups[b]; });
  for (uint64_t i = 0; i < k; ++i) {
    if (groups[columns[i]] != i / kGroup) return {};
  }
  return columns;
}

std::vector<std::byte> RepackInt4(const BlockFormatInfo& format, uint32_t rows,
                                  const std::byte* packed, uint64_t n, uint64_t k) {
  const BlockLayout& layout = format.layout;
  std::vector<uint32_t> order;
  if (format.format == BlockFormat::kGptqInt4ActOrder) order = ColumnsByGroup(packed, n, k);
  const Int4Matrix matrix(format.format == BlockFormat::kAwqInt4, packed, n, k, order);
  std::vector<std::byte> tiles(MatrixBytes(layout, rows, n, k));
  for (uint64_t r = 0; r < n; ++r) {
    const auto lane = static_cast<uint32_t>(r % rows);
    const TileWriter writer(rows, lane);
    const auto write = [&](uint64_t g, uint8_t* body, uint8_t* head) {
      std::memcpy(head + 2 * lane, matrix.Scale(r, g), 2);
      head[2 * rows + lane] = matrix.Zero(r, g);
      std::array<uint8_t, kGroup> codes;
      for (uint64_t i = 0; i < kGroup; ++i) codes[i] = matrix.Code(r, g * kGroup + i);
      for (uint32_t unit = 0; unit < kGroup / 32; ++unit) {
        writer.Unit(codes.data() + unit * 32, 4, body + unit * layout.unit_bytes * rows);
      }
    };
    ForBlocksOfRow(layout, rows, n, k, r, tiles.data(), write);
  }
  const auto* const bytes = reinterpret_cast<const std::byte*>(order.data());
  tiles.insert(tiles.end(), bytes, bytes + order.size() * sizeof(uint32_t));
  return tiles;
}

}  // namespace quantfleet::linear::cpu::blocks
