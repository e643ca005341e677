// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "kernels/ops/linear/cuda/tiling/tiling.hpp"

namespace quantfleet::linear::cuda {

// Formats whose packed bytes are all codes, then all scales: int8, fp8, nf4 and fp4 and both double
// quantized.
std::span<const Tiling> PlainTilings();
// awq_int4 and gptq_int4. With act-order the columns are put in the order of their groups first;
// see ActOrder of act_order.hpp.
std::span<const Tiling> Int4Tilings();
// GGUF formats with one block of 32 weights: q8_0, q4_0, q4_1, q5_0, q5_1, mxfp4; and nvfp4.
std::span<const Tiling> SmallBlockTilings();
// GGUF formats with blocks of 256: K-quants and iq2_xxs.
std::span<const Tiling> LargeBlockTilings();

}  // namespace quantfleet::linear::cuda
