// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace quantfleet::linear::cpu::blocks {

// The grid of IQ2_XXS as the kernels look it up, by index.
struct Iq2XxsTables {
  // 2-bit codes of elements 0..3 and 4..7, first element lowest.
  alignas(64) uint8_t low_codes[256];
  alignas(64) uint8_t high_codes[256];
  // Magnitudes of the 8 elements, first element in the lowest byte.
  alignas(64) uint64_t magnitudes[256];
};

extern const Iq2XxsTables kIq2XxsTables;

}  // namespace quantfleet::linear::cpu::blocks
