// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <limits>

#include "kernels/formats/format.hpp"

namespace quantfleet::formats {

// A format whose blocks (FormatInfo.block weights of a row) hold their own scales: a packed matrix
// is the blocks of each row one after the other, rows one after the other.
class BlockFormat final : public Format {
 public:
  struct Codec {
    // Of a packed block.
    uint32_t bytes = 0;
    // Any bits give some floats.
    void (*decode)(const uint8_t* block, float* weights) = nullptr;
    // Weights are finite and within `largest_weight`. False if a scale does not fit into its field.
    bool (*encode)(const float* weights, uint8_t* block) = nullptr;
    // Largest magnitude that `encode` takes.
    float largest_weight = std::numeric_limits<float>::max();
  };

  BlockFormat(const FormatInfo& info, const Codec& codec) : info_(info), codec_(codec) {}

  const FormatInfo& info() const override { return info_; }
  uint64_t PackedBytes(uint64_t rows, uint64_t columns) const override {
    return rows * (columns / info_.block) * codec_.bytes;
  }
  std::vector<uint64_t> RowParts(uint64_t columns) const override {
    return {PackedBytes(1, columns)};
  }
  void DecodeRow(const std::byte* packed, uint64_t rows, uint64_t columns, uint64_t row,
                 float* weights) const override;

 protected:
  Status EncodeChecked(std::span<const float> weights, uint64_t rows, uint64_t columns,
                       std::span<std::byte> packed) const override;

 private:
  FormatInfo info_;
  Codec codec_;
};

}  // namespace quantfleet::formats
