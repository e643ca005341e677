// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/analysis/dispatch/choices.hpp"

#include <algorithm>
#include <charconv>
#include <map>
#include <string>

#include "coordinator/analysis/ledger/inputs.hpp"

namespace quantfleet::analysis {
namespace {

using Row = v1::ComparisonRow;

// The candidates of one block that multiply by one format, and what they are compared with.
struct Point {
  const Row* baseline = nullptr;
  std::vector<const Row*> rows;
};

// "sm_89" is 89.
int CapabilityOf(const std::string& architecture) {
  int capability = 0;
  if (!architecture.starts_with("sm_")) return 0;
  std::from_chars(architecture.data() + 3, architecture.data() + architecture.size(), capability);
  return capability;
}

std::map<std::string, GpuFacts> FactsOf(const v1::Comparison& comparison) {
  std::map<std::string, GpuFacts> facts;
  for (const v1::ComparisonSession& session : comparison.sessions()) {
    facts[session.session_id()] = {CapabilityOf(session.device().architecture()),
                                   session.device().multiprocessors()};
  }
  return facts;
}

// In the order of the rows, which is that of blocks; formats as they come.
std::vector<Point> PointsOf(const v1::Comparison& comparison) {
  std::map<std::string, const Row*> baselines;
  for (const Row& row : comparison.rows()) {
    if (row.arm().role() == v1::ARM_ROLE_BASELINE) baselines[row.block_id()] = &row;
  }
  std::vector<Point> points;
  std::map<std::pair<std::string, std::string>, size_t> places;
  for (const Row& row : comparison.rows()) {
    if (row.arm().role() != v1::ARM_ROLE_CANDIDATE || !row.arm().spec().has_linear()) continue;
    const auto baseline = baselines.find(row.block_id());
    if (baseline == baselines.end()) continue;
    const auto [place, is_new] =
        places.try_emplace({row.block_id(), row.arm().spec().format()}, points.size());
    if (is_new) points.push_back({baseline->second, {}});
    points[place->second].rows.push_back(&row);
  }
  return points;
}

bool IsWellMeasured(const Row& row) {
  switch (row.ratio().verdict()) {
    case v1::VERDICT_FASTER:
    case v1::VERDICT_SLOWER:
    case v1::VERDICT_SAME:
    case v1::VERDICT_AMBIGUOUS:
      return row.ratio().low() > 0;
    default:
      return false;
  }
}

// The arm that ran this kernel: the one that asked for it before one that got it from "auto".
const Row* WithKernel(const Point& point, std::string_view kernel) {
  const Row* found = nullptr;
  for (const Row* row : point.rows) {
    if (KernelName(row->measurement()) != kernel || !IsWellMeasured(*row)) continue;
    if (row->arm().spec().kernel() == kernel) return row;
    found = row;
  }
  return found;
}

const Row* Fastest(const Point& point) {
  const Row* fastest = nullptr;
  for (const Row* row : point.rows) {
    if (!IsWellMeasured(*row) || row->arm().spec().kernel() == "reference") continue;
    if (fastest == nullptr || row->ratio().ratio() < fastest->ratio().ratio()) fastest = row;
  }
  return fastest;
}

void SayUnknown(v1::PolicyChoice& choice, std::string why) {
  choice.set_verdict(v1::VERDICT_NOT_COMPARABLE);
  choice.set_verdict_reason(std::move(why));
}

void SetCost(const Row& picked, const Row& fastest, v1::PolicyChoice& choice) {
  const bool same =
      &picked == &fastest || KernelName(picked.measurement()) == KernelName(fastest.measurement());
  if (same) {
    choice.set_cost(1);
    choice.set_cost_low(1);
    choice.set_cost_high(1);
    return choice.set_verdict(v1::VERDICT_SAME);
  }
  choice.set_cost(picked.ratio().ratio() / fastest.ratio().ratio());
  choice.set_cost_low(picked.ratio().low() / fastest.ratio().high());
  choice.set_cost_high(picked.ratio().high() / fastest.ratio().low());
  choice.set_verdict(choice.cost_low() > 1 ? v1::VERDICT_SLOWER : v1::VERDICT_AMBIGUOUS);
}

// What the block's measurements say of the pick.
void Price(const Point& point, v1::PolicyChoice& choice) {
  const Row* fastest = Fastest(point);
  if (fastest == nullptr) {
    const std::string& why = point.rows.front()->ratio().reason();
    return SayUnknown(
        choice, "no kernel of the format was measured well" + (why.empty() ? "" : "; " + why));
  }
  choice.set_fastest_kernel(KernelName(fastest->measurement()));
  choice.set_fastest_seconds(fastest->measurement().summary().median_seconds());
  if (choice.kernel().empty()) return SayUnknown(choice, choice.reason());
  const Row* picked = WithKernel(point, choice.kernel());
  if (picked == nullptr) {
    return SayUnknown(choice, "kernel " + choice.kernel() + " was not measured well here");
  }
  choice.set_seconds(picked->measurement().summary().median_seconds());
  *choice.mutable_against_baseline() = picked->ratio();
  SetCost(*picked, *fastest, choice);
}

v1::PolicyChoice ChoiceOf(const DispatchPolicy& policy, const Point& point, const GpuFacts& gpu) {
  const Row& row = *point.rows.front();
  const v1::LinearShape& shape = row.arm().spec().linear();
  v1::PolicyChoice choice;
  choice.set_policy(std::string(policy.name));
  choice.set_device_class(row.device_class());
  choice.set_device_name(row.device_name());
  choice.set_block_id(row.block_id());
  choice.set_format(row.arm().spec().format());
  choice.set_batch(shape.batch());
  for (const auto& [axis, value] : row.arm().labels()) {
    if (axis != "format" && axis != "kernel" && axis != "batch")
      (*choice.mutable_labels())[axis] = value;
  }
  const Product product = {choice.format(), point.baseline->arm().spec().format(), shape.n(),
                           shape.k(), shape.batch()};
  const Pick pick = policy.pick(product, gpu);
  if (pick.path) choice.set_kernel(std::string(KernelOf(*pick.path)));
  choice.set_reason(pick.why);
  Price(point, choice);
  return choice;
}

}  // namespace

v1::PolicyReport ApplyPolicies(const v1::Comparison& comparison,
                               const std::vector<const DispatchPolicy*>& policies) {
  v1::PolicyReport report;
  report.set_matrix_id(comparison.matrix_id());
  report.set_matrix_name(comparison.matrix_name());
  const auto facts = FactsOf(comparison);
  const std::vector<Point> points = PointsOf(comparison);
  for (const DispatchPolicy* policy : policies) {
    for (const Point& point : points) {
      const std::string& format = point.rows.front()->arm().spec().format();
      if (std::find(policy->formats.begin(), policy->formats.end(), format) ==
          policy->formats.end()) {
        continue;
      }
      const auto gpu = facts.find(point.rows.front()->session_id());
      *report.add_choices() =
          ChoiceOf(*policy, point, gpu == facts.end() ? GpuFacts{} : gpu->second);
    }
  }
  return report;
}

}  // namespace quantfleet::analysis
