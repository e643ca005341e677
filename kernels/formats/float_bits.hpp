// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "kernels/formats/host_device.hpp"

// Floats as their bits. Unions, because std::bit_cast is not for device code everywhere.
namespace quantfleet::formats {

QF_HOST_DEVICE inline float FloatOfBits(uint32_t bits) {
  union {
    uint32_t bits;
    float value;
  } pun = {bits};
  return pun.value;
}

QF_HOST_DEVICE inline uint32_t BitsOfFloat(float value) {
  union {
    float value;
    uint32_t bits;
  } pun = {value};
  return pun.bits;
}

}  // namespace quantfleet::formats
