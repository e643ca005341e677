// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda_runtime_api.h>

#include "base/status.hpp"

namespace quantfleet::cuda {

// The status of a runtime call: kResourceExhausted if memory ran out, kInternal otherwise, with
// the error's name and text, the expression and its place. Clears the thread's last error, so that
// the next call does not report this one again. Some errors spoil the context for good (an illegal
// address, for one); then the message says that only a new process helps.
Status StatusOf(cudaError_t error, const char* expression, const char* file, int line);

}  // namespace quantfleet::cuda

#define QF_CUDA_STATUS(expression) \
  ::quantfleet::cuda::StatusOf((expression), #expression, __FILE__, __LINE__)
// Returns from the enclosing function unless the runtime call succeeds.
#define QF_RETURN_IF_CUDA_ERROR(expression) QF_RETURN_IF_ERROR(QF_CUDA_STATUS(expression))
