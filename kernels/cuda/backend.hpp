// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "kernels/engine/backend.hpp"

namespace quantfleet::cuda {

// The NVIDIA GPUs of this host, "cuda:0" and up in the driver's order. Without a driver or a GPU it
// has no selectors. Needs no CUDA header to use.
std::unique_ptr<engine::Backend> MakeCudaBackend();

}  // namespace quantfleet::cuda
