// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/ops/linear/cuda/register.hpp"

namespace quantfleet::linear::cuda {

// "fused" for the formats whose activations become int8 too:
//   w8a8      quantize each token, int8 product: two launches
//   llm_int8  the steps of bitsandbytes' LLM.int8() as launches of their own: flag and list outlier
//             columns, quantize the rest, int8 product, scale its sums, add the outliers' product
//             in 16 bits. Six launches for one product are why it is slow at small batches.
void RegisterInt8Products(KernelTable& table, const KernelContext& context);

}  // namespace quantfleet::linear::cuda
