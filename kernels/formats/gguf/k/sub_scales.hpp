// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "kernels/formats/host_device.hpp"

namespace quantfleet::formats {

// A sub-block of a K-quant with a minimum: w = scale q - min.
struct ScaleAndMin {
  float scale = 0;
  float min = 0;
};

// The 6-bit integers of the same before the block's d and dmin multiply them.
struct SixBitPair {
  uint32_t scale = 0;
  uint32_t min = 0;
};

// Sub-block j (0..7) of the 12 bytes b in which Q4_K and Q5_K pack their sub-scales: the first four
// pairs lie in the lower 6 bits of b[j] and b[j + 4]; the last four have their lower 4 bits in the
// nibbles of b[8..11] and their upper 2 bits at the top of b[0..3] (scale) and b[4..7] (min).
// Source: get_scale_min_k4 in src/ggml-quants.c of ggml-org/ggml d99724f2.
QF_HOST_DEVICE inline SixBitPair UnpackSixBitPair(const uint8_t* b, uint32_t j) {
  SixBitPair pair;
  if (j < 4) {
    pair.scale = b[j] & 63U;
    pair.min = b[j + 4] & 63U;
  } else {
    pair.scale = (b[j + 4] & 15U) | ((b[j - 4] >> 6U) << 4U);
    pair.min = (b[j + 4] >> 4U) | ((b[j] >> 6U) << 4U);
  }
  return pair;
}

}  // namespace quantfleet::formats
