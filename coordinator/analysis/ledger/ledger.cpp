// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/analysis/ledger/ledger.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>
#include <string>

#include "coordinator/analysis/ledger/balance.hpp"
#include "coordinator/analysis/ledger/cause.hpp"
#include "coordinator/analysis/ledger/inputs.hpp"
#include "coordinator/analysis/ledger/sentence.hpp"

namespace quantfleet::analysis {
namespace {

// A kind of term: where it stands in a balance, and the parts it is computed from.
struct TermSource {
  v1::LedgerTermKind kind;
  double SideBalance::*seconds;
  std::vector<Part> parts;
};

const std::vector<TermSource>& TermSources() {
  using enum Part;
  static const std::vector<TermSource> kSources = {
      {v1::LEDGER_TERM_KIND_READ, &SideBalance::read, {kLaunch, kArmRead, kBaselineRead}},
      {v1::LEDGER_TERM_KIND_UNPACK,
       &SideBalance::unpack,
       {kArmRead, kArmUnpack, kBaselineRead, kBaselineUnpack}},
      {v1::LEDGER_TERM_KIND_MATERIALIZE,
       &SideBalance::materialize,
       {kArmUnpack, kArmDecode, kBaselineUnpack, kBaselineDecode, kBaselineRead, kDense}},
      {v1::LEDGER_TERM_KIND_MATRIX,
       &SideBalance::matrix,
       {kDense, kArmUnpack, kBaselineUnpack, kBaselineRead}},
      {v1::LEDGER_TERM_KIND_LAUNCH, &SideBalance::launch, {kLaunch}},
      {v1::LEDGER_TERM_KIND_CLOCK, &SideBalance::clock, {kArmRead, kBaselineRead}},
  };
  return kSources;
}

// The numbers of a ledger whose intervals are wanted: terms, residual and difference.
constexpr size_t kTerms = 6;
using Numbers = std::array<double, kTerms + 2>;

struct Balances {
  SideBalance arm;
  SideBalance baseline;
};

Balances BalancesAt(const LedgerInputs& inputs, const PartTimes& times) {
  return {BalanceArm(times, inputs.arm_side, inputs.shared),
          BalanceBaseline(times, inputs.baseline_side, inputs.shared)};
}

Numbers NumbersAt(const LedgerInputs& inputs, const PartTimes& times) {
  const Balances balances = BalancesAt(inputs, times);
  Numbers numbers{};
  for (size_t i = 0; i < kTerms; ++i) {
    const auto member = TermSources()[i].seconds;
    numbers[i] = balances.arm.*member - balances.baseline.*member;
  }
  numbers[kTerms] = balances.arm.residual - balances.baseline.residual;
  numbers[kTerms + 1] =
      times[static_cast<size_t>(Part::kArm)] - times[static_cast<size_t>(Part::kBaseline)];
  return numbers;
}

// Half-widths of the intervals of all numbers: each median is moved by half the width of its own
// interval, up and down, wherever it is used, and the changes are added as independent ones.
Numbers HalfWidths(const LedgerInputs& inputs) {
  const std::set<const v1::ComparisonRow*> measured(inputs.rows.begin(), inputs.rows.end());
  Numbers squares{};
  for (const v1::ComparisonRow* row : measured) {
    if (row == nullptr) continue;
    const v1::Summary& summary = row->measurement().summary();
    const double reach = (summary.median_high_seconds() - summary.median_low_seconds()) / 2;
    PartTimes up = inputs.times;
    PartTimes down = inputs.times;
    for (size_t part = 0; part < kParts; ++part) {
      if (inputs.rows[part] != row) continue;
      up[part] += reach;
      down[part] -= reach;
    }
    const Numbers high = NumbersAt(inputs, up);
    const Numbers low = NumbersAt(inputs, down);
    for (size_t i = 0; i < squares.size(); ++i) {
      squares[i] += (high[i] - low[i]) * (high[i] - low[i]) / 4;
    }
  }
  for (double& square : squares) square = std::sqrt(square);
  return squares;
}

void AddTerms(const LedgerInputs& inputs, const Balances& balances, const Numbers& reach,
              v1::Ledger* ledger) {
  for (size_t i = 0; i < kTerms; ++i) {
    const TermSource& source = TermSources()[i];
    if (source.kind == v1::LEDGER_TERM_KIND_CLOCK && !inputs.clocks_known) continue;
    v1::LedgerTerm* term = ledger->add_terms();
    term->set_kind(source.kind);
    term->set_arm_seconds(balances.arm.*source.seconds);
    term->set_baseline_seconds(balances.baseline.*source.seconds);
    term->set_seconds(term->arm_seconds() - term->baseline_seconds());
    term->set_low(term->seconds() - reach[i]);
    term->set_high(term->seconds() + reach[i]);
    std::set<uint32_t> indices;
    for (const Part part : source.parts) {
      const v1::ComparisonRow* row = inputs.rows[static_cast<size_t>(part)];
      if (row != nullptr && row->arm().role() == v1::ARM_ROLE_ABLATION) {
        indices.insert(row->arm().index());
      }
    }
    for (const uint32_t index : indices) term->add_arm_indices(index);
  }
}

// Rate of a read ablation over the DRAM ceiling.
std::optional<double> ReadFraction(const LedgerInputs& inputs, Part read,
                                   const v1::ComparisonSession& session) {
  const double seconds =
      inputs.times[static_cast<size_t>(read)] - inputs.times[static_cast<size_t>(Part::kLaunch)];
  const double ceiling = session.ceilings().dram_read_bytes_per_second();
  const auto bytes =
      static_cast<double>(inputs.rows[static_cast<size_t>(read)]->measurement().weight_bytes());
  if (!(seconds > 0) || !(ceiling > 0)) return std::nullopt;
  return bytes / seconds / ceiling;
}

double HostGap(const v1::ComparisonRow& row) {
  return row.measurement().host_median_seconds() - row.measurement().summary().median_seconds();
}

void Judge(const LedgerInputs& inputs, v1::Ledger* ledger) {
  const double least = inputs.arm->ratio().minimum_detectable_effect() * ledger->baseline_seconds();
  ledger->set_floor_seconds(least / kLargestResidualShare);
  const double of = std::max(std::abs(ledger->difference_seconds()), ledger->floor_seconds());
  ledger->set_residual_share(of > 0 ? std::abs(ledger->residual_seconds()) / of : 0);
  const bool closed = ledger->residual_share() <= kLargestResidualShare;
  ledger->set_state(closed ? v1::LEDGER_STATE_CLOSED : v1::LEDGER_STATE_NOT_EXPLAINED);
  if (!closed) ledger->set_reason(WhyNotExplained(*ledger));
}

void FillNumbers(const LedgerInputs& inputs, const v1::ComparisonSession& session,
                 v1::Ledger* ledger) {
  const Balances balances = BalancesAt(inputs, inputs.times);
  const Numbers numbers = NumbersAt(inputs, inputs.times);
  const Numbers reach = HalfWidths(inputs);
  *ledger->mutable_baseline() = inputs.baseline->arm().spec();
  ledger->set_arm_seconds(inputs.times[static_cast<size_t>(Part::kArm)]);
  ledger->set_baseline_seconds(inputs.times[static_cast<size_t>(Part::kBaseline)]);
  ledger->set_difference_seconds(numbers[kTerms + 1]);
  ledger->set_difference_low(numbers[kTerms + 1] - reach[kTerms + 1]);
  ledger->set_difference_high(numbers[kTerms + 1] + reach[kTerms + 1]);
  AddTerms(inputs, balances, reach, ledger);
  ledger->set_residual_seconds(numbers[kTerms]);
  ledger->set_residual_low(numbers[kTerms] - reach[kTerms]);
  ledger->set_residual_high(numbers[kTerms] + reach[kTerms]);
  ledger->set_arm_residual_seconds(balances.arm.residual);
  ledger->set_baseline_residual_seconds(balances.baseline.residual);
  const auto read = ReadFraction(inputs, Part::kArmRead, session);
  if (read) ledger->set_read_fraction(*read);
  const auto baseline_read = ReadFraction(inputs, Part::kBaselineRead, session);
  if (baseline_read) ledger->set_baseline_read_fraction(*baseline_read);
  ledger->set_host_gap_seconds(HostGap(*inputs.arm) - HostGap(*inputs.baseline));
}

v1::Ledger MakeLedger(const BlockRows& block, const v1::ComparisonRow& arm,
                      const v1::ComparisonSession& session) {
  v1::Ledger ledger;
  ledger.set_block_id(arm.block_id());
  ledger.set_device_class(arm.device_class());
  ledger.set_device_name(arm.device_name());
  ledger.set_target(arm.target());
  *ledger.mutable_arm() = arm.arm();
  const Result<LedgerInputs> inputs = GatherInputs(block, arm, session);
  if (inputs.ok()) {
    FillNumbers(*inputs, session, &ledger);
    Judge(*inputs, &ledger);
    AddCauses(*inputs, session, &ledger);
  } else {
    ledger.set_state(v1::LEDGER_STATE_INCOMPLETE);
    ledger.set_reason(inputs.status().message());
    AddCausesOfIncomplete(arm, &ledger);
  }
  return ledger;
}

void AddBlock(const BlockRows& block, const v1::ComparisonSession& session,
              std::vector<v1::Ledger>* ledgers) {
  const bool explained = std::any_of(block.begin(), block.end(), [](const auto* row) {
    return row->arm().role() == v1::ARM_ROLE_ABLATION;
  });
  if (!explained) return;
  for (const v1::ComparisonRow* row : block) {
    if (row->arm().role() == v1::ARM_ROLE_CANDIDATE) {
      ledgers->push_back(MakeLedger(block, *row, session));
    }
  }
}

}  // namespace

std::vector<v1::Ledger> BuildLedgers(const std::vector<const v1::ComparisonRow*>& rows,
                                     const std::vector<const v1::ComparisonSession*>& sessions) {
  std::map<std::string, const v1::ComparisonSession*> by_id;
  for (const v1::ComparisonSession* session : sessions) {
    by_id.emplace(session->session_id(), session);
  }
  std::vector<v1::Ledger> ledgers;
  for (size_t begin = 0, end = 0; begin < rows.size(); begin = end) {
    while (end < rows.size() && rows[end]->block_id() == rows[begin]->block_id()) ++end;
    const auto session = by_id.find(rows[begin]->session_id());
    AddBlock(BlockRows(rows.begin() + static_cast<std::ptrdiff_t>(begin),
                       rows.begin() + static_cast<std::ptrdiff_t>(end)),
             session == by_id.end() ? v1::ComparisonSession::default_instance() : *session->second,
             &ledgers);
  }
  AddPathCliffs(rows, &ledgers);
  for (v1::Ledger& ledger : ledgers) AddSentences(&ledger);
  return ledgers;
}

}  // namespace quantfleet::analysis
