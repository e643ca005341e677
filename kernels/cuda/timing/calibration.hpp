// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stop_token>

#include "base/clock.hpp"
#include "base/status.hpp"
#include "kernels/cuda/host/naming.hpp"
#include "kernels/cuda/runtime/lt_matmul.hpp"
#include "kernels/cuda/timing/sampler.hpp"
#include "kernels/engine/messages.hpp"

namespace quantfleet::cuda {

// What a calibration runs on. Everything outlives the call.
struct CalibrationSubject {
  cudaStream_t stream = nullptr;
  Sampler* sampler = nullptr;
  LtMatmul* matmul = nullptr;
  Capability capability;
  int multiprocessors = 0;
  uint64_t l2_bytes = 0;
};

// Measures the device's ceilings within `at_most`, each the best of its repetitions: DRAM by
// reading 1 GiB (or a quarter of what is free, but at least eight times the L2), L2 by reading half
// its size again and again, matrix peaks by square multiplies through cuBLASLt of every type the
// device takes, and the time from asking for an empty kernel to seeing its end. A type that the
// library does not take is left out. kCancelled soon after `stop`; kResourceExhausted without
// memory.
Result<engine::Ceilings> MeasureCeilings(const CalibrationSubject& subject, Duration at_most,
                                         const std::stop_token& stop);

}  // namespace quantfleet::cuda
