// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/formats/format.hpp"

namespace quantfleet::formats {

// nf4 whose absmax are quantized in their turn: layout and rule in double_quant.hpp. About 4.13
// bits a weight. The codes are those of nf4, chosen with the exact absmax.
const Format& Nf4DoubleQuant();

}  // namespace quantfleet::formats
