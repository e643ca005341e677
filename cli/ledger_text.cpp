// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "cli/ledger_text.hpp"

#include <array>
#include <cstdio>
#include <map>
#include <utility>
#include <vector>

#include "base/units.hpp"
#include "cli/output.hpp"
#include "coordinator/analysis/axis_curve.hpp"
#include "coordinator/analysis/ledger/sentence.hpp"

namespace quantfleet::cli {
namespace {

constexpr std::array kKinds = {v1::LEDGER_TERM_KIND_READ,        v1::LEDGER_TERM_KIND_UNPACK,
                               v1::LEDGER_TERM_KIND_MATERIALIZE, v1::LEDGER_TERM_KIND_MATRIX,
                               v1::LEDGER_TERM_KIND_LAUNCH,      v1::LEDGER_TERM_KIND_CLOCK};

std::string Signed(double seconds) {
  return (seconds > 0 ? "+" : "") + FormatSeconds(seconds);
}

std::string Label(const v1::Ledger& ledger, const std::string& key) {
  const auto found = ledger.arm().labels().find(key);
  return found == ledger.arm().labels().end() ? "" : found->second;
}

std::string Percent(double share) {
  std::array<char, 32> text;
  std::snprintf(text.data(), text.size(), "%.0f %%", 100 * share);
  return text.data();
}

std::string StateWord(v1::LedgerState state) {
  switch (state) {
    case v1::LEDGER_STATE_CLOSED:
      return "closed";
    case v1::LEDGER_STATE_NOT_EXPLAINED:
      return "not explained";
    default:
      return "incomplete";
  }
}

std::string Causes(const v1::Ledger& ledger) {
  std::string text;
  for (const v1::LedgerCause& cause : ledger.causes()) {
    text += (text.empty() ? "" : ", ") + analysis::CauseWord(cause.kind());
  }
  return text;
}

const v1::LedgerTerm* TermOf(const v1::Ledger& ledger, v1::LedgerTermKind kind) {
  for (const v1::LedgerTerm& term : ledger.terms()) {
    if (term.kind() == kind) return &term;
  }
  return nullptr;
}

std::vector<std::string> TableLine(const v1::Ledger& ledger) {
  std::vector<std::string> cells = {Label(ledger, "layer"),
                                    std::to_string(ledger.arm().spec().linear().batch()),
                                    analysis::ArmName(ledger.arm().spec())};
  const bool complete = ledger.state() != v1::LEDGER_STATE_INCOMPLETE;
  cells.push_back(complete ? Signed(ledger.difference_seconds()) : "");
  for (const v1::LedgerTermKind kind : kKinds) {
    const v1::LedgerTerm* term = TermOf(ledger, kind);
    cells.push_back(term == nullptr ? "" : term->seconds() == 0 ? "0" : Signed(term->seconds()));
  }
  cells.push_back(complete ? Signed(ledger.residual_seconds()) : "");
  cells.push_back(complete ? Percent(ledger.residual_share()) : "");
  cells.push_back(StateWord(ledger.state()) + (complete ? "" : ": " + ledger.reason()));
  cells.push_back(Causes(ledger));
  return cells;
}

std::string LinesOf(const std::vector<const v1::Ledger*>& ledgers) {
  std::vector<std::string> header = {"layer", "batch", "arm", "difference"};
  for (const v1::LedgerTermKind kind : kKinds) header.push_back(analysis::TermWord(kind));
  header.insert(header.end(), {"residual", "share", "ledger", "causes"});
  Table table(header);
  for (const v1::Ledger* ledger : ledgers) table.Add(TableLine(*ledger));
  return table.AsText();
}

// Names of a block's arms by index: "nf4 ablation_read".
using ArmNames = std::map<std::pair<std::string, uint32_t>, std::string>;

ArmNames NamesOf(const v1::Comparison& comparison) {
  ArmNames names;
  for (const v1::ComparisonRow& row : comparison.rows()) {
    names[{row.block_id(), row.arm().index()}] = analysis::ArmName(row.arm().spec());
  }
  return names;
}

std::string SourcesOf(const v1::Ledger& ledger, const v1::LedgerTerm& term, const ArmNames& names) {
  std::string text;
  for (const uint32_t index : term.arm_indices()) {
    const auto found = names.find({ledger.block_id(), index});
    text += (text.empty() ? "" : ", ") +
            (found == names.end() ? "arm " + std::to_string(index) : found->second);
  }
  return text;
}

std::string Interval(double low, double high) {
  return "[" + FormatSeconds(low) + ", " + FormatSeconds(high) + "]";
}

std::string DetailOf(const v1::Ledger& ledger, const ArmNames& names) {
  std::string text;
  for (const std::string& sentence : ledger.sentences()) text += sentence + "\n";
  if (ledger.state() == v1::LEDGER_STATE_INCOMPLETE) return text;
  Table table({"", "arm", "baseline", "difference", "interval", "from"});
  for (const v1::LedgerTerm& term : ledger.terms()) {
    table.Add({analysis::TermWord(term.kind()), FormatSeconds(term.arm_seconds()),
               FormatSeconds(term.baseline_seconds()), Signed(term.seconds()),
               Interval(term.low(), term.high()), SourcesOf(ledger, term, names)});
  }
  table.Add({"residual", FormatSeconds(ledger.arm_residual_seconds()),
             FormatSeconds(ledger.baseline_residual_seconds()), Signed(ledger.residual_seconds()),
             Interval(ledger.residual_low(), ledger.residual_high()),
             Percent(ledger.residual_share()) + " of the difference or floor"});
  table.Add({"measured", FormatSeconds(ledger.arm_seconds()),
             FormatSeconds(ledger.baseline_seconds()), Signed(ledger.difference_seconds()),
             Interval(ledger.difference_low(), ledger.difference_high()),
             "floor " + FormatSeconds(ledger.floor_seconds())});
  text += table.AsText();
  for (const v1::LedgerCause& cause : ledger.causes()) {
    text += "  " + analysis::CauseWord(cause.kind()) + ": " + cause.evidence() + "\n";
  }
  if (ledger.has_read_fraction() && ledger.has_baseline_read_fraction()) {
    text += "  read rates: " + Percent(ledger.read_fraction()) + " of the DRAM ceiling, baseline " +
            Percent(ledger.baseline_read_fraction()) + "\n";
  }
  return text;
}

std::string Number(double value) {
  std::array<char, 40> text;
  std::snprintf(text.data(), text.size(), "%.9g", value);
  return text.data();
}

void AddCsvLine(const v1::Ledger& ledger, const std::string& term, const v1::LedgerTerm& numbers,
                const std::string& sources, Table* table) {
  const v1::ArmSpec& spec = ledger.arm().spec();
  table->Add({ledger.device_class(), ledger.target(), Label(ledger, "layer"),
              std::to_string(spec.linear().batch()), spec.format(), spec.kernel(),
              ledger.arm().arm_id(), v1::LedgerState_Name(ledger.state()), ledger.reason(), term,
              Number(numbers.seconds()), Number(numbers.low()), Number(numbers.high()),
              Number(numbers.arm_seconds()), Number(numbers.baseline_seconds()), sources,
              ledger.block_id()});
}

}  // namespace

std::string LedgerTable(const v1::Comparison& comparison) {
  std::vector<std::pair<std::string, std::vector<const v1::Ledger*>>> classes;
  for (const v1::Ledger& ledger : comparison.ledgers()) {
    if (classes.empty() || classes.back().first != ledger.device_class()) {
      classes.emplace_back(ledger.device_class(), std::vector<const v1::Ledger*>());
    }
    classes.back().second.push_back(&ledger);
  }
  std::string text;
  for (const auto& [device_class, ledgers] : classes) {
    text += (text.empty() ? "" : "\n") + std::string("Where the time goes on ") + device_class +
            ": time of the arm - time of the baseline, split\n" + LinesOf(ledgers);
  }
  return text;
}

std::string LedgerSentences(const v1::Comparison& comparison) {
  std::string text;
  for (const v1::Ledger& ledger : comparison.ledgers()) {
    for (int i = 0; i < ledger.sentences_size(); ++i) {
      text += (i == 0 ? "" : " ") + ledger.sentences(i);
    }
    text += "\n";
  }
  return text;
}

std::string LedgerDetail(const v1::Comparison& comparison) {
  const ArmNames names = NamesOf(comparison);
  std::string text;
  for (const v1::Ledger& ledger : comparison.ledgers()) {
    text += (text.empty() ? "" : "\n") + DetailOf(ledger, names);
  }
  return text;
}

std::string LedgerCsv(const v1::Comparison& comparison) {
  const ArmNames names = NamesOf(comparison);
  Table table({"device_class", "target", "layer", "batch", "format", "kernel", "arm_id", "state",
               "reason", "term", "seconds", "low", "high", "arm_seconds", "baseline_seconds",
               "from", "block_id"});
  for (const v1::Ledger& ledger : comparison.ledgers()) {
    for (const v1::LedgerTerm& term : ledger.terms()) {
      AddCsvLine(ledger, v1::LedgerTermKind_Name(term.kind()), term, SourcesOf(ledger, term, names),
                 &table);
    }
    v1::LedgerTerm residual;
    residual.set_seconds(ledger.residual_seconds());
    residual.set_low(ledger.residual_low());
    residual.set_high(ledger.residual_high());
    residual.set_arm_seconds(ledger.arm_residual_seconds());
    residual.set_baseline_seconds(ledger.baseline_residual_seconds());
    AddCsvLine(ledger, "residual", residual, "", &table);
    v1::LedgerTerm measured;
    measured.set_seconds(ledger.difference_seconds());
    measured.set_low(ledger.difference_low());
    measured.set_high(ledger.difference_high());
    measured.set_arm_seconds(ledger.arm_seconds());
    measured.set_baseline_seconds(ledger.baseline_seconds());
    AddCsvLine(ledger, "difference", measured, "", &table);
  }
  return table.AsCsv();
}

void KeepLedgersOf(const std::string& arm, v1::Comparison* comparison) {
  v1::Comparison kept;
  for (const v1::Ledger& ledger : comparison->ledgers()) {
    const v1::ArmSpec& spec = ledger.arm().spec();
    const bool named = ledger.arm().arm_id().starts_with(arm) || analysis::ArmName(spec) == arm ||
                       spec.format() == arm || spec.format() + " " + spec.kernel() == arm;
    if (named) *kept.add_ledgers() = ledger;
  }
  comparison->mutable_ledgers()->Swap(kept.mutable_ledgers());
}

}  // namespace quantfleet::cli
