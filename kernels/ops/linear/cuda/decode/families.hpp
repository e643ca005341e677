// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/ops/linear/cuda/launch.hpp"

// DecodeLauncher of each format, in the source file of its family.
namespace quantfleet::linear::cuda {

#define QF_DECODE(name) \
  cudaError_t name(const PackedWeights&, ActivationType, void* to, cudaStream_t)
QF_DECODE(DecodeFp32Weights);
QF_DECODE(DecodeBf16Weights);
QF_DECODE(DecodeFp16Weights);
QF_DECODE(DecodeInt8);
QF_DECODE(DecodeLlmInt8);
QF_DECODE(DecodeFp8E4m3);
QF_DECODE(DecodeFp8E5m2);
QF_DECODE(DecodeNf4);
QF_DECODE(DecodeFp4);
QF_DECODE(DecodeNf4DoubleQuant);
QF_DECODE(DecodeFp4DoubleQuant);
QF_DECODE(DecodeAwqInt4);
QF_DECODE(DecodeGptqInt4);
QF_DECODE(DecodeGptqInt4ActOrder);
QF_DECODE(DecodeQ80);
QF_DECODE(DecodeQ40);
QF_DECODE(DecodeQ41);
QF_DECODE(DecodeQ50);
QF_DECODE(DecodeQ51);
QF_DECODE(DecodeQ2K);
QF_DECODE(DecodeQ3K);
QF_DECODE(DecodeQ4K);
QF_DECODE(DecodeQ5K);
QF_DECODE(DecodeQ6K);
QF_DECODE(DecodeIq2Xxs);
QF_DECODE(DecodeMxfp4);
QF_DECODE(DecodeNvfp4);
#undef QF_DECODE

}  // namespace quantfleet::linear::cuda
