// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "cli/row_shape.hpp"

namespace quantfleet::cli {
namespace {

std::string RowsAndColumns(const RowShape& shape) {
  return std::to_string(shape.n) + " x " + std::to_string(shape.k);
}

std::string Heads(const v1::AttentionShape& shape) {
  return std::to_string(shape.query_heads()) + " over " + std::to_string(shape.key_value_heads()) +
         " heads of " + std::to_string(shape.head_dimension());
}

}  // namespace

RowShape ShapeOf(const v1::ComparisonRow& row) {
  const v1::ArmSpec& spec = row.arm().spec();
  if (spec.has_attention()) {
    return {0, 0, spec.attention().batch() * spec.attention().query_tokens()};
  }
  if (spec.has_matrix()) return {spec.matrix().rows(), spec.matrix().columns(), 0};
  return {spec.linear().n(), spec.linear().k(), spec.linear().batch()};
}

std::string BatchText(const v1::ComparisonRow& row) {
  const uint32_t batch = ShapeOf(row).batch;
  return batch > 0 ? std::to_string(batch) : "";
}

Pivot PivotOf(const v1::ComparisonRow& row) {
  if (row.arm().spec().has_attention()) return {"context", row.arm().spec().attention().context()};
  const uint32_t batch = ShapeOf(row).batch;
  return {batch > 0 ? "batch" : "", batch};
}

std::string LayerText(const v1::ComparisonRow& row) {
  const auto& labels = row.arm().labels();
  const auto layer = labels.find("layer");
  if (layer != labels.end()) return layer->second;
  if (row.arm().spec().has_attention()) return Heads(row.arm().spec().attention());
  return RowsAndColumns(ShapeOf(row));
}

std::string LineText(const v1::ComparisonRow& row) {
  if (!row.arm().spec().has_attention()) return LayerText(row);
  return LayerText(row) + ", context " + std::to_string(row.arm().spec().attention().context());
}

std::string WorkText(const v1::ComparisonRow& row) {
  if (row.arm().spec().has_attention()) {
    const v1::AttentionShape& heads = row.arm().spec().attention();
    const uint32_t queries = heads.query_tokens();
    return Heads(heads) + ", " + std::to_string(queries) + (queries == 1 ? " query" : " queries") +
           ", batch " + std::to_string(heads.batch()) +
           (heads.window() > 0 ? ", window " + std::to_string(heads.window()) : "");
  }
  const RowShape shape = ShapeOf(row);
  if (row.arm().spec().has_matrix()) {
    return row.arm().spec().workload() + " " + RowsAndColumns(shape);
  }
  return std::to_string(shape.k) + " in, " + std::to_string(shape.n) + " out";
}

}  // namespace quantfleet::cli
