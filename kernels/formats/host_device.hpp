// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

// Marks functions that a CUDA compiler builds for both sides: one decode for CPU and GPU.
#if defined(__CUDACC__)
#define QF_HOST_DEVICE __host__ __device__
#else
#define QF_HOST_DEVICE
#endif
