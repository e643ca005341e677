// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/ops/linear/cpu/blocks/iq/tables.hpp"

#include "kernels/formats/gguf/iq/iq2_xxs.hpp"

namespace quantfleet::linear::cpu::blocks {
namespace {

Iq2XxsTables MakeTables() {
  Iq2XxsTables tables{};
  for (uint32_t index = 0; index < 256; ++index) {
    const uint32_t codes = formats::Iq2XxsGridPoint(index);
    tables.low_codes[index] = static_cast<uint8_t>(codes);
    tables.high_codes[index] = static_cast<uint8_t>(codes >> 8U);
    for (uint32_t e = 0; e < 8; ++e) {
      const int32_t magnitude = formats::Iq2Xxs::Magnitude(codes >> (2 * e) & 3U);
      tables.magnitudes[index] |= static_cast<uint64_t>(magnitude) << (8 * e);
    }
  }
  return tables;
}

}  // namespace

const Iq2XxsTables kIq2XxsTables = MakeTables();

}  // namespace quantfleet::linear::cpu::blocks
