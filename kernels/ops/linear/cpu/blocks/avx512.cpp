// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/ops/linear/cpu/blocks/iq/avx512.hpp"

#include "kernels/ops/linear/cpu/blocks/isa/avx512.hpp"
#include "kernels/ops/linear/cpu/blocks/multiply.hpp"

namespace quantfleet::linear::cpu::blocks {

extern const KernelSet kAvx512KernelSet;
constexpr KernelSet kAvx512KernelSet = MakeKernelSet<Avx512>("avx512_vnni");

}  // namespace quantfleet::linear::cpu::blocks
