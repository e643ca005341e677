// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/formats/format.hpp"

namespace quantfleet::formats {

// IEEE binary32, little-endian: the weights as they are. The baseline of every comparison.
const Format& Fp32();

}  // namespace quantfleet::formats
