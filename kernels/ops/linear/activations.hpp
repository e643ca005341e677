// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "kernels/ops/linear/kernel.hpp"

namespace quantfleet::linear {

// Bytes of one value.
uint64_t ActivationBytes(ActivationType type);
// fp32 to `type`, rounded to nearest even. Values are finite; what is too large becomes infinity.
std::vector<std::byte> NarrowActivations(std::span<const float> values, ActivationType type);
// Back to fp32, exact. `bytes` is a whole number of values.
std::vector<float> WidenActivations(std::span<const std::byte> bytes, ActivationType type);

}  // namespace quantfleet::linear
