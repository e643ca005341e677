// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/analysis/comparison.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "coordinator/analysis/axis_curve.hpp"
#include "coordinator/analysis/crossover.hpp"
#include "coordinator/analysis/ledger/ledger.hpp"
#include "coordinator/analysis/roofline.hpp"

namespace quantfleet::analysis {
namespace {

constexpr uint32_t kSchemaVersion = 2;
// The axes along which a comparison may turn around: of linear, and of attention.
constexpr const char* kCrossoverAxes[] = {"batch", "context", "query_tokens"};

using Sessions = std::map<std::string, const v1::ComparisonSession*>;

const v1::ComparisonSession& SessionOf(const MeasuredBlock& block, const Sessions& sessions) {
  const auto found = sessions.find(block.session_id);
  return found == sessions.end() ? v1::ComparisonSession::default_instance() : *found->second;
}

v1::Measurement WithoutRounds(const v1::BlockResult& result, uint32_t arm_index) {
  for (const v1::Measurement& measurement : result.measurements()) {
    if (measurement.arm_index() != arm_index) continue;
    v1::Measurement bare = measurement;
    bare.clear_rounds();
    return bare;
  }
  v1::Measurement none;
  none.set_arm_index(arm_index);
  return none;
}

v1::ComparisonRow MakeRow(const MeasuredBlock& block, const v1::BlockArm& arm,
                          const std::map<uint32_t, v1::Ratio>& ratios,
                          const v1::ComparisonSession& session) {
  v1::ComparisonRow row;
  row.set_device_class(session.device().device_class());
  row.set_device_name(session.device().name());
  row.set_session_id(block.session_id);
  row.set_target(block.block.target());
  row.set_block_id(block.block.block_id());
  *row.mutable_arm() = arm;
  *row.mutable_measurement() = WithoutRounds(block.result, arm.index());
  const auto ratio = ratios.find(arm.index());
  if (ratio != ratios.end()) *row.mutable_ratio() = ratio->second;
  if (row.measurement().outcome() != v1::OUTCOME_MEASURED) return row;
  const auto dram = DramFraction(row.measurement(), session.ceilings());
  if (dram) row.set_dram_fraction(*dram);
  const auto matrix =
      MatrixFraction(arm.spec(), row.measurement(), session.device(), session.ceilings());
  if (matrix) row.set_matrix_fraction(*matrix);
  return row;
}

// By target, device class and place in the matrix.
std::vector<const MeasuredBlock*> InOrder(const std::vector<MeasuredBlock>& blocks,
                                          const Sessions& sessions) {
  std::vector<const MeasuredBlock*> order;
  for (const MeasuredBlock& block : blocks) order.push_back(&block);
  const auto key = [&](const MeasuredBlock* block) {
    return std::make_tuple(std::string_view(block->block.target()),
                           std::string_view(SessionOf(*block, sessions).device().device_class()),
                           block->block.ordinal(), std::string_view(block->block.block_id()));
  };
  std::sort(order.begin(), order.end(),
            [&](const MeasuredBlock* a, const MeasuredBlock* b) { return key(a) < key(b); });
  return order;
}

void AddRows(const MeasuredBlock& block, const v1::ComparisonSession& session,
             const std::map<std::string, std::map<uint32_t, v1::Ratio>>& known,
             v1::Comparison* comparison) {
  const auto found = known.find(block.block.block_id());
  const std::map<uint32_t, v1::Ratio> ratios =
      found == known.end() ? ComputeRatios(block.block, block.result) : found->second;
  for (const v1::BlockArm& arm : block.block.arms()) {
    *comparison->add_rows() = MakeRow(block, arm, ratios, session);
  }
}

// What the ceilings say of a product along its batch; other workloads read or multiply more.
void AddPrediction(const AxisCurve& curve, const std::vector<const v1::ComparisonRow*>& rows,
                   const Sessions& sessions, v1::Crossover* crossover) {
  const v1::ComparisonRow& example = *curve.example;
  const auto session = sessions.find(example.session_id());
  if (session == sessions.end() || !example.arm().spec().has_linear()) return;
  for (const v1::ComparisonRow* row : rows) {
    if (row->block_id() != example.block_id()) continue;
    if (row->arm().role() != v1::ARM_ROLE_BASELINE) continue;
    const auto predicted = PredictCrossover(example, *row, *session->second);
    if (predicted) *crossover->mutable_predicted() = *predicted;
    return;
  }
}

void AddCrossovers(const std::vector<const v1::ComparisonRow*>& rows, const Sessions& sessions,
                   v1::Comparison* comparison) {
  for (const std::string axis : kCrossoverAxes) {
    for (const AxisCurve& curve : CurvesOf(rows, axis)) {
      if (curve.points.empty() || curve.points.size() + curve.missing.size() < 2) continue;
      v1::Crossover* crossover = comparison->add_crossovers();
      *crossover = FindCrossover(curve, axis);
      if (axis == "batch") AddPrediction(curve, rows, sessions, crossover);
    }
  }
}

}  // namespace

v1::Comparison BuildComparison(const std::string& matrix_id, const std::string& matrix_name,
                               const std::vector<MeasuredBlock>& blocks,
                               const std::vector<v1::ComparisonSession>& sessions,
                               const std::map<std::string, std::map<uint32_t, v1::Ratio>>& ratios) {
  v1::Comparison comparison;
  comparison.set_matrix_id(matrix_id);
  comparison.set_matrix_name(matrix_name);
  comparison.set_schema_version(kSchemaVersion);
  Sessions by_id;
  for (const v1::ComparisonSession& session : sessions) {
    if (by_id.emplace(session.session_id(), &session).second) *comparison.add_sessions() = session;
  }
  for (const MeasuredBlock* block : InOrder(blocks, by_id)) {
    AddRows(*block, SessionOf(*block, by_id), ratios, &comparison);
  }
  std::vector<const v1::ComparisonRow*> rows;
  for (const v1::ComparisonRow& row : comparison.rows()) rows.push_back(&row);
  AddCrossovers(rows, by_id, &comparison);
  std::vector<const v1::ComparisonSession*> held;
  for (const v1::ComparisonSession& session : comparison.sessions()) held.push_back(&session);
  for (v1::Ledger& ledger : BuildLedgers(rows, held)) {
    *comparison.add_ledgers() = std::move(ledger);
  }
  return comparison;
}

}  // namespace quantfleet::analysis
