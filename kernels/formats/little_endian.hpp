// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "kernels/formats/host_device.hpp"
#include "kernels/formats/ieee/fp16.hpp"

namespace quantfleet::formats {

// Little-endian fields at any address, for blocks whose size is no multiple of their fields'.

QF_HOST_DEVICE inline uint16_t Load16(const uint8_t* bytes) {
  return static_cast<uint16_t>(bytes[0] | (bytes[1] << 8));
}

QF_HOST_DEVICE inline uint32_t Load32(const uint8_t* bytes) {
  return Load16(bytes) | (static_cast<uint32_t>(Load16(bytes + 2)) << 16);
}

QF_HOST_DEVICE inline float LoadFp16(const uint8_t* bytes) {
  return DecodeFp16(Load16(bytes));
}

}  // namespace quantfleet::formats
