// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/ops/linear/cuda/launch.hpp"

// FusedLauncher of each format, in the source file of its family.
namespace quantfleet::linear::cuda {

#define QF_FUSED(name) \
  cudaError_t name(const FusedArguments&, ActivationType, const FusedPlan&, cudaStream_t)
QF_FUSED(FusedInt8);
QF_FUSED(FusedFp8E4m3);
QF_FUSED(FusedFp8E5m2);
QF_FUSED(FusedNf4);
QF_FUSED(FusedFp4);
QF_FUSED(FusedNf4DoubleQuant);
QF_FUSED(FusedFp4DoubleQuant);
QF_FUSED(FusedInt4);
QF_FUSED(FusedQ80);
QF_FUSED(FusedQ40);
QF_FUSED(FusedQ41);
QF_FUSED(FusedQ50);
QF_FUSED(FusedQ51);
QF_FUSED(FusedQ2K);
QF_FUSED(FusedQ3K);
QF_FUSED(FusedQ4K);
QF_FUSED(FusedQ5K);
QF_FUSED(FusedQ6K);
QF_FUSED(FusedIq2Xxs);
QF_FUSED(FusedMxfp4);
QF_FUSED(FusedNvfp4);
#undef QF_FUSED

}  // namespace quantfleet::linear::cuda
