// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/ops/linear/cuda/register.hpp"

namespace quantfleet::linear::cuda {

// "fused" for gptq_int4_act_order: one launch puts the activations in the order of the columns
// (tiling/act_order.hpp), the next is that of gptq_int4.
void RegisterActOrder(KernelTable& table, const KernelContext& context);

}  // namespace quantfleet::linear::cuda
