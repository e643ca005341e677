// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "quantfleet/v1/arm.pb.h"
#include "quantfleet/v1/comparison.pb.h"
#include "quantfleet/v1/device.pb.h"
#include "quantfleet/v1/measurement.pb.h"

namespace quantfleet::analysis {

// moved_bytes over the median time, as fraction of the session's DRAM read ceiling. Nothing without
// a median or a ceiling. Above 1 where the data came from a cache.
std::optional<double> DramFraction(const v1::Measurement& measurement,
                                   const v1::Ceilings& ceilings);

// operations over the median time, as fraction of the session's matrix peak for the type that
// MatrixType names. Nothing without a median, or without a peak for it.
std::optional<double> MatrixFraction(const v1::ArmSpec& spec, const v1::Measurement& measurement,
                                     const v1::Device& device, const v1::Ceilings& ceilings);

// Operand type of the multiply, as key of Ceilings.matrix_operations_per_second: the one that
// kernel_used names ("fused/bf16_mma"); else, since weights are decoded to the activations' type,
// fp32 on a CPU and for format fp32, bf16 on a GPU.
std::string MatrixType(const v1::ArmSpec& spec, const v1::Measurement& measurement,
                       const v1::Device& device);

// Where the ceilings alone put the crossover of `arm` along the batch, against the `baseline` of
// its block: see PredictedCrossover in comparison.proto. Both rows are of one shape but for the
// batch. Nothing without a DRAM ceiling, or a matrix peak for the type of either.
std::optional<v1::PredictedCrossover> PredictCrossover(const v1::ComparisonRow& arm,
                                                       const v1::ComparisonRow& baseline,
                                                       const v1::ComparisonSession& session);

}  // namespace quantfleet::analysis
