// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/formats/format.hpp"

#include <array>
#include <bit>
#include <cmath>
#include <string>

#include "kernels/formats/bf16.hpp"
#include "kernels/formats/fp32.hpp"
#include "kernels/formats/int8.hpp"
#include "kernels/formats/nf4.hpp"

namespace quantfleet::formats {

// Packed bytes are little-endian and the codecs copy words as they are.
static_assert(std::endian::native == std::endian::little);

std::span<const Format* const> AllFormats() {
  static const std::array<const Format*, 4> formats = {&Fp32(), &Bf16(), &Int8(), &Nf4()};
  return formats;
}

const Format* FindFormat(std::string_view name) {
  for (const Format* format : AllFormats()) {
    if (format->name() == name) return format;
  }
  return nullptr;
}

Status CheckNotEmpty(uint64_t rows, uint64_t columns) {
  if (rows > 0 && columns > 0) return OkStatus();
  return InvalidArgument("a matrix of " + std::to_string(rows) + " x " + std::to_string(columns) +
                         " holds no weights");
}

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

Status CheckFinite(std::span<const float> weights, uint64_t columns) {
  for (size_t i = 0; i < weights.size(); ++i) {
    if (std::isfinite(weights[i])) continue;
    return InvalidArgument("the value at row " + std::to_string(i / columns) + ", column " +
                           std::to_string(i % columns) + " is not finite");
  }
  return OkStatus();
}

}  // namespace quantfleet::formats
