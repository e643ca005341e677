// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "kernels/engine/device.hpp"
#include "kernels/engine/operation.hpp"
#include "kernels/ops/linear/kernel.hpp"

namespace quantfleet::linear {

// Workload "linear" on any device: makes weights and activations from the seed, encodes, uploads
// and rotates them, and compares outputs with fp64 references. The same for CPU and GPU; only the
// kernels differ. `device` outlives the operation.
std::unique_ptr<engine::Operation> MakeLinearOperation(engine::Device& device, KernelTable kernels);

}  // namespace quantfleet::linear
