// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "quantfleet/v1/comparison.pb.h"

namespace quantfleet::cli {

// What a comparison shows. See interfaces: one line an arm, or a compact pivot.
enum class Metric { kLatency, kTokensPerSecond, kBytes, kEnergy, kError };
enum class GroupBy { kHardware, kFormat, kBatch, kLayer };

// For people: for each device class its ceilings, then for each layer a grid of speed-ups with arms
// down and batches across, each with the mark of its verdict, then the crossovers in sentences and
// a legend.
std::string PivotText(const v1::Comparison& comparison);

// Every arm in a line: latency with interval, ratio with interval and verdict, bytes, error, share
// of the DRAM ceiling, grade. Grouped and sorted by `by`, so that what is compared stands side by
// side.
std::string LongText(const v1::Comparison& comparison, GroupBy by, Metric metric);
std::string LongCsv(const v1::Comparison& comparison);
// A pipe table for Markdown, with the crossovers below.
std::string Markdown(const v1::Comparison& comparison);

// "faster", "not comparable" ...
std::string VerdictWord(v1::Verdict verdict);

}  // namespace quantfleet::cli
