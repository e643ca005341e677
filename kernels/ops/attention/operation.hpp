// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "kernels/engine/device.hpp"
#include "kernels/engine/operation.hpp"
#include "kernels/ops/attention/kernel.hpp"

namespace quantfleet::attention {

// Workload "attention" on any device: makes queries, keys and values from the seed, encodes the
// cache, uploads and rotates copies of it, and compares outputs with fp64 references. The same for
// CPU and GPU; only the kernels differ. `device` outlives the operation.
std::unique_ptr<engine::Operation> MakeAttentionOperation(engine::Device& device,
                                                          KernelTable kernels);

}  // namespace quantfleet::attention
