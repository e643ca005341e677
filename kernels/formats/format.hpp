// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/status.hpp"

namespace quantfleet::formats {

// A weight format: how a matrix [rows, columns] of fp32, row-major, is packed. Immutable,
// thread-safe; the objects live as long as the program.
class Format {
 public:
  virtual ~Format() = default;

  // As ArmSpec.format names it.
  virtual std::string_view name() const = 0;
  // True if decoding gives back the very floats.
  virtual bool lossless() const = 0;
  // ok, or kInvalidArgument with the reason (rows or columns 0, not a whole number of blocks).
  virtual Status CheckShape(uint64_t rows, uint64_t columns) const = 0;
  // Packed codes with their scales. Bytes. The shape is one that CheckShape accepts.
  virtual uint64_t PackedBytes(uint64_t rows, uint64_t columns) const = 0;
  // Packs `weights` (rows x columns values) into `packed` (PackedBytes). kInvalidArgument for a
  // shape that does not fit and for a value that is not finite (with its place); then `packed` is
  // not to be used.
  virtual Status Encode(std::span<const float> weights, uint64_t rows, uint64_t columns,
                        std::span<std::byte> packed) const = 0;
  // The reverse, into rows x columns floats. Any bits are decoded; sizes are checked.
  virtual Status Decode(std::span<const std::byte> packed, uint64_t rows, uint64_t columns,
                        std::span<float> weights) const = 0;
};

// All formats, in the order they are listed to people.
std::span<const Format* const> AllFormats();
// nullptr if there is none of that name.
const Format* FindFormat(std::string_view name);

// Checks shared by the implementations; each is kInvalidArgument with the reason.
Status CheckNotEmpty(uint64_t rows, uint64_t columns);
Status CheckSizes(const Format& format, uint64_t rows, uint64_t columns, size_t values,
                  size_t packed_bytes);
Status CheckFinite(std::span<const float> weights, uint64_t columns);

}  // namespace quantfleet::formats
