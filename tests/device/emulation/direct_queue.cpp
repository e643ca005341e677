// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
//
// Kernels run at once: for tests of kernels without a runtime.
#include "tests/device/emulation/queue.hpp"

namespace emulation {

void Enqueue(std::function<void()> task) {
  task();
}

}  // namespace emulation
