// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.hpp"
#include "benchmarks/engine/arm.hpp"
#include "kernels/engine/messages.hpp"

namespace quantfleet::bench {

// Another implementation of the same product, linked into this program.
class Peer {
 public:
  virtual ~Peer() = default;

  // With version and commit, for the record.
  virtual std::string name() const = 0;
  // Instruction sets and options it was built with, for the record.
  virtual std::string build() const = 0;
  // Whether it has the format, by our name of it ("q4_k").
  virtual bool Knows(std::string_view format) const = 0;
  // The peer's own encoder and decoder, rows x columns values; kInvalidArgument if a row is not a
  // whole number of blocks. The format is one it knows.
  virtual Result<std::vector<std::byte>> Encode(std::string_view format,
                                                std::span<const float> weights, uint64_t rows,
                                                uint64_t columns) const = 0;
  virtual Result<std::vector<float>> Decode(std::string_view format,
                                            std::span<const std::byte> packed, uint64_t rows,
                                            uint64_t columns) const = 0;
  // One arm for each layout that the peer has for the format and shape, each with `copies` copies
  // of the weights. `x` is [batch, k]. kResourceExhausted without memory.
  virtual Result<std::vector<std::unique_ptr<Arm>>> MakeArms(std::string_view format,
                                                             const engine::LinearShape& shape,
                                                             std::span<const std::byte> packed,
                                                             std::span<const float> x,
                                                             uint32_t copies) = 0;
};

// nullptr in a build without a peer (see QUANTFLEET_GGML).
Result<std::unique_ptr<Peer>> MakePeer();

}  // namespace quantfleet::bench
