// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "base/status.hpp"
#include "kernels/engine/messages.hpp"

namespace quantfleet::conversion {

// fp32 to packed codes, or the reverse.
enum class Direction { kQuantize, kDequantize };

// One conversion of a matrix. Pointers are the device's, aligned to 256 bytes.
struct ConversionCall {
  engine::MatrixShape shape;
  // fp32 [rows, columns] to quantize, the packed matrix (formats::Format) to dequantize.
  const std::byte* from = nullptr;
  // The other of the two.
  std::byte* to = nullptr;
  // ScratchBytes(shape) bytes, kept between calls; nullptr if 0.
  std::byte* scratch = nullptr;
};

// A way to convert one format in one direction on one device. Made once, used by one thread. What
// it writes is byte for byte what formats::Format's own Encode and Decode write.
class ConversionKernel {
 public:
  virtual ~ConversionKernel() = default;

  virtual Direction direction() const = 0;
  // Format and kernel as ArmSpec names them; kernel is "parallel" (all threads) or "reference"
  // (the format's own code on one thread).
  virtual std::string_view format() const = 0;
  virtual std::string_view kernel() const = 0;
  // For the record, what runs underneath ("avx3", "rows"). Static.
  virtual std::string_view variant() const = 0;
  virtual uint64_t ScratchBytes(const engine::MatrixShape& shape) const = 0;
  // Starts the call on the device; may return before it has ended.
  virtual Status Run(const ConversionCall& call) = 0;
};

using ConversionKernels = std::vector<std::unique_ptr<ConversionKernel>>;

}  // namespace quantfleet::conversion
