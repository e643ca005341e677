// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "kernels/engine/messages.hpp"

namespace quantfleet::engine {

// Errors of `output` against the fp64 output of the decoded operands and of the operands before
// encoding, value by value (equal sizes). Any value that is not finite makes all errors infinite.
// Tolerances and weight_sqnr_decibel are left alone.
OutputError CompareOutput(std::span<const float> output, std::span<const double> decoded,
                          std::span<const double> exact);

// Signal to noise of decoded operands as two sums of squares: of the values and of the
// differences. Decibel, at most 200.
double SqnrDecibel(double signal, double noise);

}  // namespace quantfleet::engine
