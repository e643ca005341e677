// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

namespace emulation {

// Queues work on the emulated device's one stream.
void Enqueue(std::function<void()> task);

}  // namespace emulation
