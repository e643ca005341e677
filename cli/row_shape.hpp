// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "quantfleet/v1/comparison.pb.h"

namespace quantfleet::cli {

// The shape of an arm as the tables of all workloads show it.
struct RowShape {
  // Rows and columns of the weight matrix; the matrix itself for a conversion.
  uint32_t n = 0;
  uint32_t k = 0;
  // Rows computed at once: tokens that ask, of all sequences, for attention; 0 for a workload
  // without a batch.
  uint32_t batch = 0;
};
RowShape ShapeOf(const v1::ComparisonRow& row);

// The batch as a cell; empty for a workload without one.
std::string BatchText(const v1::ComparisonRow& row);

// The value that sets the columns of a pivot apart, with the name of its axis: the batch, for
// attention the context, nothing (and 0) for a conversion.
struct Pivot {
  std::string axis;
  uint32_t value = 0;
};
Pivot PivotOf(const v1::ComparisonRow& row);

// Name of the layer, or rows and columns ("4096 x 14336") where the matrix names none; for
// attention its heads. LineText adds what a line of its own has to say besides: the context.
std::string LineText(const v1::ComparisonRow& row);
std::string LayerText(const v1::ComparisonRow& row);

// What one call works on, beside the layer's name: "768 in, 3072 out" of a product, "quantize 3072
// x 768" of a conversion, "8 over 2 heads of 256, 1 query, batch 1, window 512" of attention.
std::string WorkText(const v1::ComparisonRow& row);

}  // namespace quantfleet::cli
