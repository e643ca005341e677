// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "kernels/engine/device.hpp"
#include "kernels/engine/operation.hpp"
#include "kernels/ops/conversion/kernel.hpp"

namespace quantfleet::conversion {

// Workload "quantize" or "dequantize" on any device: the weights of workload "linear" of the same
// seed and size, packed or unpacked. One call reads a source that rotates through memory and
// writes one output. An output is right only if it is what the format's own code makes, bit for
// bit. `kernels` all have that direction; `device` outlives the operation.
std::unique_ptr<engine::Operation> MakeConversionOperation(engine::Device& device,
                                                           Direction direction,
                                                           ConversionKernels kernels);

}  // namespace quantfleet::conversion
