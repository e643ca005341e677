// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/formats/format.hpp"

#include <bit>
#include <cmath>
#include <string>

#include "kernels/formats/float_bits.hpp"

namespace quantfleet::formats {
namespace {

// Packed bytes are little-endian and the codecs copy words as they are.
static_assert(std::endian::native == std::endian::little);

Status CheckSizes(const Format& format, uint64_t rows, uint64_t columns, size_t values,
                  size_t packed_bytes) {
  QF_RETURN_IF_ERROR(format.CheckShape(rows, columns));
  if (values != rows * columns) {
    return InvalidArgument(std::to_string(values) + " values are not " + std::to_string(rows) +
                           " x " + std::to_string(columns));
  }
  const uint64_t needed = format.PackedBytes(rows, columns);
  if (packed_bytes == needed) return OkStatus();
  return InvalidArgument(std::string(format.name()) + " packs " + std::to_string(rows) + " x " +
                         std::to_string(columns) + " into " + std::to_string(needed) +
                         " bytes, not " + std::to_string(packed_bytes));
}

}  // namespace

Status Format::CheckShape(uint64_t rows, uint64_t columns) const {
  if (rows == 0 || columns == 0) {
    return InvalidArgument("a matrix of " + std::to_string(rows) + " x " + std::to_string(columns) +
                           " holds no weights");
  }
  const uint32_t block = info().block;
  if (block < 2 || columns % block == 0) return OkStatus();
  return InvalidArgument(std::string(name()) + " needs columns in whole blocks of " +
                         std::to_string(block) + ", not " + std::to_string(columns));
}

std::vector<uint64_t> Format::RowParts(uint64_t columns) const {
  if (!info().scales.empty()) return {};
  return {PackedBytes(1, columns)};
}

Status Format::Encode(std::span<const float> weights, uint64_t rows, uint64_t columns,
                      std::span<std::byte> packed) const {
  QF_RETURN_IF_ERROR(CheckSizes(*this, rows, columns, weights.size(), packed.size()));
  // Without a way out the loop vectorizes.
  uint32_t not_finite = 0;
  for (const float weight : weights) {
    not_finite |= (BitsOfFloat(weight) & 0x7FFFFFFFU) >= 0x7F800000U ? 1U : 0U;
  }
  for (size_t i = 0; not_finite != 0; ++i) {
    if (!std::isfinite(weights[i])) return ValueError(i, columns, "is not finite");
  }
  return EncodeChecked(weights, rows, columns, packed);
}

Status Format::Decode(std::span<const std::byte> packed, uint64_t rows, uint64_t columns,
                      std::span<float> weights) const {
  QF_RETURN_IF_ERROR(CheckSizes(*this, rows, columns, weights.size(), packed.size()));
  for (uint64_t row = 0; row < rows; ++row) {
    DecodeRow(packed.data(), rows, columns, row, weights.data() + row * columns);
  }
  return OkStatus();
}

Status ValueError(size_t index, uint64_t columns, std::string_view problem) {
  return InvalidArgument("the value at row " + std::to_string(index / columns) + ", column " +
                         std::to_string(index % columns) + " " + std::string(problem));
}

}  // namespace quantfleet::formats
