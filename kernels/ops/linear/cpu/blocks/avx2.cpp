// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/ops/linear/cpu/blocks/iq/avx2.hpp"

#include "kernels/ops/linear/cpu/blocks/isa/avx2.hpp"
#include "kernels/ops/linear/cpu/blocks/multiply.hpp"

namespace quantfleet::linear::cpu::blocks {

extern const KernelSet kAvx2KernelSet;
constexpr KernelSet kAvx2KernelSet = MakeKernelSet<Avx2>("avx2");

}  // namespace quantfleet::linear::cpu::blocks
