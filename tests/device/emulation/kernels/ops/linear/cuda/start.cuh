// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tests/device/emulation/device.hpp"
#include "tests/device/emulation/queue.hpp"

namespace quantfleet::linear::cuda {

template <typename... Arguments>
cudaError_t Start(void (*kernel)(Arguments...), dim3 grid, uint32_t threads, cudaStream_t,
                  Arguments... arguments) {
  emulation::Enqueue([=] { emulation::Run(grid, threads, [&] { kernel(arguments...); }); });
  return cudaSuccess;
}

}  // namespace quantfleet::linear::cuda
