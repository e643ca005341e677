// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "cli/row_shape.hpp"

namespace quantfleet::cli {
namespace {

std::string RowsAndColumns(const RowShape& shape) {
  return std::to_string(shape.n) + " x " + std::to_string(shape.k);
}

}  // namespace

RowShape ShapeOf(const v1::ComparisonRow& row) {
  const v1::ArmSpec& spec = row.arm().spec();
  if (spec.has_matrix()) return {spec.matrix().rows(), spec.matrix().columns(), 0};
  return {spec.linear().n(), spec.linear().k(), spec.linear().batch()};
}

std::string BatchText(const v1::ComparisonRow& row) {
  const uint32_t batch = ShapeOf(row).batch;
  return batch > 0 ? std::to_string(batch) : "";
}

std::string LayerText(const v1::ComparisonRow& row) {
  const auto& labels = row.arm().labels();
  const auto layer = labels.find("layer");
  return layer != labels.end() ? layer->second : RowsAndColumns(ShapeOf(row));
}

std::string WorkText(const v1::ComparisonRow& row) {
  const RowShape shape = ShapeOf(row);
  if (row.arm().spec().has_matrix()) {
    return row.arm().spec().workload() + " " + RowsAndColumns(shape);
  }
  return std::to_string(shape.k) + " in, " + std::to_string(shape.n) + " out";
}

}  // namespace quantfleet::cli
