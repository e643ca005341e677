// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/analysis/ledger/cause.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <string>

#include "base/units.hpp"
#include "coordinator/analysis/ledger/ledger.hpp"

namespace quantfleet::analysis {
namespace {

constexpr double kCliff = 1.25;

std::string Percent(double share) {
  char text[32];
  std::snprintf(text, sizeof text, "%.0f %%", 100 * share);
  return text;
}

void Add(v1::LedgerCauseKind kind, const std::string& evidence, v1::Ledger* ledger) {
  v1::LedgerCause* cause = ledger->add_causes();
  cause->set_kind(kind);
  cause->set_evidence(evidence);
}

const v1::LedgerTerm& TermOf(const v1::Ledger& ledger, v1::LedgerTermKind kind) {
  for (const v1::LedgerTerm& term : ledger.terms()) {
    if (term.kind() == kind) return term;
  }
  return v1::LedgerTerm::default_instance();
}

// What the block cannot tell from nothing. Seconds.
double LeastEffect(const v1::Ledger& ledger) {
  return kLargestResidualShare * ledger.floor_seconds();
}

// Adds `kind` if the arm spends at least `share` of its time on the term.
void AddShare(v1::LedgerTermKind term, double share, v1::LedgerCauseKind kind,
              const std::string& what, v1::Ledger* ledger) {
  const double seconds = TermOf(*ledger, term).arm_seconds();
  const double part = seconds / ledger->arm_seconds();
  if (part < share) return;
  Add(kind, what + " takes " + FormatSeconds(seconds) + ", " + Percent(part) + " of the arm's time",
      ledger);
}

void AddLayoutTrap(const LedgerInputs& inputs, v1::Ledger* ledger) {
  const v1::LedgerTerm& read = TermOf(*ledger, v1::LEDGER_TERM_KIND_READ);
  const double launch = inputs.times[static_cast<size_t>(Part::kLaunch)];
  // Reads that hardly take longer than a launch have no rate worth comparing.
  if (read.arm_seconds() < launch || read.baseline_seconds() < launch) return;
  if (read.arm_seconds() < kNoticeableShare * ledger->arm_seconds()) return;
  const auto rate = [](const v1::ComparisonRow& row, double seconds) {
    return static_cast<double>(row.measurement().weight_bytes()) / seconds;
  };
  const double arm = rate(*inputs.arm, read.arm_seconds());
  const double baseline = rate(*inputs.baseline, read.baseline_seconds());
  if (arm >= kTrappedRate * baseline) return;
  Add(v1::LEDGER_CAUSE_KIND_LAYOUT_TRAP,
      "its bytes are read at " + FormatBytesPerSecond(arm) + ", the baseline's at " +
          FormatBytesPerSecond(baseline),
      ledger);
}

// Number types that some devices multiply, by format; other formats are codes for any device.
void AddMissingType(const LedgerInputs& inputs, const v1::ComparisonSession& session,
                    v1::Ledger* ledger) {
  static const std::map<std::string, std::string> kTypes = {
      {"bf16", "bf16"}, {"fp16", "fp16"}, {"fp8_e4m3", "fp8"}, {"fp8_e5m2", "fp8"},
      {"mxfp4", "fp4"}, {"nvfp4", "fp4"}, {"w8a8", "int8"},    {"llm_int8", "int8"}};
  const auto type = kTypes.find(inputs.arm->arm().spec().format());
  const auto& peaks = session.ceilings().matrix_operations_per_second();
  if (type == kTypes.end() || peaks.empty() || peaks.contains(type->second)) return;
  const auto& features = session.device().features();
  if (std::find(features.begin(), features.end(), type->second) != features.end()) return;
  const double seconds = TermOf(*ledger, v1::LEDGER_TERM_KIND_UNPACK).arm_seconds();
  if (seconds < kNoticeableShare * ledger->arm_seconds()) return;
  Add(v1::LEDGER_CAUSE_KIND_MISSING_HARDWARE_TYPE,
      "this device has no " + type->second + " multiply: unpacking takes " + FormatSeconds(seconds),
      ledger);
}

void AddBaselineMismatch(const LedgerInputs& inputs, v1::Ledger* ledger) {
  if (KernelName(inputs.baseline->measurement()) != "dense") return;
  const double dense = inputs.times[static_cast<size_t>(Part::kDense)];
  const double excess = ledger->baseline_seconds() - dense;
  if (excess < kNoticeableShare * dense || excess < LeastEffect(*ledger)) return;
  Add(v1::LEDGER_CAUSE_KIND_BASELINE_MISMATCH,
      "the baseline takes " + FormatSeconds(ledger->baseline_seconds()) +
          ", the device's dense multiply " + FormatSeconds(dense),
      ledger);
}

bool HasReason(const v1::ComparisonRow& row, const std::string& reason) {
  const auto& reasons = row.measurement().grade_reasons();
  return std::find(reasons.begin(), reasons.end(), reason) != reasons.end();
}

void AddThrottling(const LedgerInputs& inputs, v1::Ledger* ledger) {
  const v1::LedgerTerm& clock = TermOf(*ledger, v1::LEDGER_TERM_KIND_CLOCK);
  const double size = std::abs(clock.seconds());
  const bool moves_it = size >= kNoticeableShare * std::abs(ledger->difference_seconds());
  if (inputs.clocks_known && moves_it && size > LeastEffect(*ledger)) {
    Add(v1::LEDGER_CAUSE_KIND_THROTTLING,
        "the clock was " + Percent(inputs.arm_side.clock) + " of the parts' for the arm and " +
            Percent(inputs.baseline_side.clock) + " for the baseline",
        ledger);
  }
}

struct CliffPoint {
  double batch = 0;
  std::string kernel;
  const v1::ComparisonRow* row = nullptr;
};

// Everything that is fixed along the batches of an arm.
std::string CurveKey(const v1::ComparisonRow& row) {
  std::string key = row.target() + '\n' + row.session_id();
  const std::map<std::string, std::string> labels(row.arm().labels().begin(),
                                                  row.arm().labels().end());
  for (const auto& [name, value] : labels) {
    if (name != "batch") key += '\n' + name + '=' + value;
  }
  return key;
}

std::string BlockAndArm(const std::string& block_id, uint32_t index) {
  return block_id + '/' + std::to_string(index);
}

void AddCliff(const CliffPoint& before, const CliffPoint& here, v1::Ledger* ledger) {
  if (before.kernel == here.kernel) return;
  const double jump = here.row->ratio().ratio() / before.row->ratio().ratio();
  if (!(jump > kCliff)) return;
  char text[32];
  std::snprintf(text, sizeof text, "%.2f", jump);
  Add(v1::LEDGER_CAUSE_KIND_PATH_CLIFF,
      "from batch " + std::to_string(before.row->arm().spec().linear().batch()) + " to " +
          std::to_string(here.row->arm().spec().linear().batch()) + " the kernel changes from " +
          before.kernel + " to " + here.kernel + ", and the time against the baseline's grows " +
          text + " times",
      ledger);
}

}  // namespace

void AddCauses(const LedgerInputs& inputs, const v1::ComparisonSession& session,
               v1::Ledger* ledger) {
  AddShare(v1::LEDGER_TERM_KIND_MATERIALIZE, kNoticeableShare,
           v1::LEDGER_CAUSE_KIND_MATERIALIZED_DEQUANTIZATION,
           "writing decoded weights to memory and reading them back", ledger);
  AddShare(v1::LEDGER_TERM_KIND_MATRIX, kMostOfTheTime, v1::LEDGER_CAUSE_KIND_COMPUTE_BOUND,
           "the multiply", ledger);
  AddShare(v1::LEDGER_TERM_KIND_UNPACK, kMostOfTheTime, v1::LEDGER_CAUSE_KIND_DECODE_BOUND,
           "unpacking", ledger);
  AddShare(v1::LEDGER_TERM_KIND_LAUNCH, kMostOfTheTime, v1::LEDGER_CAUSE_KIND_LAUNCH_BOUND,
           "starting the kernels", ledger);
  AddLayoutTrap(inputs, ledger);
  AddMissingType(inputs, session, ledger);
  AddBaselineMismatch(inputs, ledger);
  AddThrottling(inputs, ledger);
}

void AddCausesOfIncomplete(const v1::ComparisonRow& arm, v1::Ledger* ledger) {
  if (!HasReason(arm, "throttled")) return;
  Add(v1::LEDGER_CAUSE_KIND_THROTTLING, "the device was held down while the arm was measured",
      ledger);
}

void AddPathCliffs(const std::vector<const v1::ComparisonRow*>& rows,
                   std::vector<v1::Ledger>* ledgers) {
  std::map<std::string, std::vector<CliffPoint>> curves;
  for (const v1::ComparisonRow* row : rows) {
    if (row->arm().role() != v1::ARM_ROLE_CANDIDATE || !(row->ratio().ratio() > 0)) continue;
    curves[CurveKey(*row)].push_back({static_cast<double>(row->arm().spec().linear().batch()),
                                      KernelName(row->measurement()), row});
  }
  std::map<std::string, v1::Ledger*> by_arm;
  for (v1::Ledger& ledger : *ledgers) {
    by_arm[BlockAndArm(ledger.block_id(), ledger.arm().index())] = &ledger;
  }
  for (auto& [key, points] : curves) {
    std::stable_sort(points.begin(), points.end(),
                     [](const CliffPoint& a, const CliffPoint& b) { return a.batch < b.batch; });
    for (size_t i = 1; i < points.size(); ++i) {
      const v1::ComparisonRow& row = *points[i].row;
      const auto ledger = by_arm.find(BlockAndArm(row.block_id(), row.arm().index()));
      if (ledger != by_arm.end()) AddCliff(points[i - 1], points[i], ledger->second);
    }
  }
}

}  // namespace quantfleet::analysis
