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

// What people read about a format. Text that lives as long as the program.
struct FormatInfo {
  // As ArmSpec.format names it ("q4_k").
  std::string_view name;
  // Standard name ("GGUF Q4_K").
  std::string_view title;
  // Weights that share a scale (or a super-block of scales); columns are a multiple of it. 0 where
  // a whole row shares one, 1 where there is none.
  uint32_t block = 1;
  // What is stored beside the codes ("fp16 scale"); empty for none.
  std::string_view scales;
  // Paper, specification or repository that defines the bytes.
  std::string_view source;
  // ||decoded - x|| / ||x|| for rows of 1024 normal weights, about; the output of a product with
  // such weights is off by as much. Measured by formats_test.
  double relative_error = 0;
};

// A weight format: how a matrix [rows, columns] of fp32, row-major, is packed. Immutable,
// thread-safe; the objects live as long as the program.
class Format {
 public:
  virtual ~Format() = default;

  virtual const FormatInfo& info() const = 0;
  std::string_view name() const { return info().name; }
  // True if decoding gives back the very floats.
  virtual bool lossless() const { return false; }
  // ok, or kInvalidArgument with the reason (rows or columns 0, not a whole number of blocks).
  virtual Status CheckShape(uint64_t rows, uint64_t columns) const;
  // Packed codes with their scales. Bytes. The shape is one that CheckShape accepts.
  virtual uint64_t PackedBytes(uint64_t rows, uint64_t columns) const = 0;
  // Packs `weights` (rows x columns values) into `packed` (PackedBytes). kInvalidArgument for a
  // shape that does not fit and for a value that is not finite or that the format cannot hold (with
  // its place); then `packed` is not to be used.
  Status Encode(std::span<const float> weights, uint64_t rows, uint64_t columns,
                std::span<std::byte> packed) const;
  // The reverse, into rows x columns floats. Any bits are decoded; sizes are checked.
  Status Decode(std::span<const std::byte> packed, uint64_t rows, uint64_t columns,
                std::span<float> weights) const;
  // One row of a whole packed matrix [rows, columns] into `columns` floats. Nothing is checked.
  virtual void DecodeRow(const std::byte* packed, uint64_t rows, uint64_t columns, uint64_t row,
                         float* weights) const = 0;
  // The parts of a packed matrix in each of which the rows lie one after the other, in order, as
  // bytes a row ({columns, 4} for codes, then a scale a row). Rows are then packed independently of
  // each other, so that some of them can be packed alone. Empty if they are not. By default one
  // part for formats without scales, else empty.
  virtual std::vector<uint64_t> RowParts(uint64_t columns) const;

 protected:
  // What Encode does once sizes and finiteness are known to be right.
  virtual Status EncodeChecked(std::span<const float> weights, uint64_t rows, uint64_t columns,
                               std::span<std::byte> packed) const = 0;
};

// All formats, in the order they are listed to people.
std::span<const Format* const> AllFormats();
// nullptr if there is none of that name.
const Format* FindFormat(std::string_view name);

// kInvalidArgument: the value at flat position `index` of a matrix of `columns` columns `problem`
// ("is not finite").
Status ValueError(size_t index, uint64_t columns, std::string_view problem);

}  // namespace quantfleet::formats
