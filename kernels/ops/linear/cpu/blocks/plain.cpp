// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/ops/linear/cpu/blocks/iq/plain.hpp"

#include "kernels/ops/linear/cpu/blocks/isa/plain.hpp"
#include "kernels/ops/linear/cpu/blocks/multiply.hpp"

namespace quantfleet::linear::cpu::blocks {

extern const KernelSet kPlainKernelSet;
constexpr KernelSet kPlainKernelSet = MakeKernelSet<Plain>("plain");

}  // namespace quantfleet::linear::cpu::blocks
