// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "base/status.hpp"
#include "benchmarks/engine/peer.hpp"
#include "kernels/engine/messages.hpp"

namespace quantfleet::bench {

// A weight matrix [n, k] in one format: normal with deviation 0.02. Rows repeat after a while,
// since encoders that search take minutes for a whole matrix; every copy of a row is read at its
// own address.
struct Weights {
  std::vector<std::byte> packed;
  // Decodes one row into k floats: by our format, or by the peer's where we lack it.
  std::function<void(uint64_t row, float* weights)> decode_row;
  // Our formats have it, so that our kernels can use `packed`.
  bool ours = false;
  // The peer decodes `packed` to the very same floats, so that it can use it as well.
  bool peers = false;
  // Whether the peer's encoder makes the same bytes; absent if only one side has the format.
  std::optional<bool> same_encoding;
};

// `peer` may be nullptr. kNotFound if no side has the format, kInvalidArgument if the shape does
// not fit it.
Result<Weights> MakeWeights(std::string_view format, uint32_t n, uint32_t k, uint32_t seed,
                            const Peer* peer);

// Standard normal, [batch, k].
std::vector<float> MakeActivations(uint32_t batch, uint32_t k, uint32_t seed);

// y of some rows of x with the decoded weights, in fp64.
class Reference {
 public:
  Reference(const Weights& weights, const engine::LinearShape& shape, const std::vector<float>& x);

  // ||y - reference||^2 / ||reference||^2 over the rows that the reference has; infinity if a value
  // is not finite. `y` is [batch, n].
  double NormalizedError(const std::vector<float>& y) const;

 private:
  uint32_t n_;
  // Rows of x, and [rows, n].
  std::vector<uint32_t> rows_;
  std::vector<double> y_;
};

}  // namespace quantfleet::bench
