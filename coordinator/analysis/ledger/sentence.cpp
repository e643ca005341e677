// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/analysis/ledger/sentence.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <vector>

#include "base/units.hpp"
#include "coordinator/analysis/axis_curve.hpp"
#include "coordinator/analysis/ledger/ledger.hpp"

namespace quantfleet::analysis {
namespace {

// Terms smaller than this part of the largest are left to the table.
constexpr double kWorthSaying = 0.1;
// Read rates above this part of the DRAM ceiling did not come from DRAM.
constexpr double kAboveCeiling = 1.15;

std::string Percent(double share) {
  char text[32];
  std::snprintf(text, sizeof text, "%.0f %%", 100 * share);
  return text;
}

// What a term does to the arm's time, as a clause.
std::string Clause(const v1::LedgerTerm& term) {
  const bool costs = term.seconds() > 0;
  const std::string seconds = FormatSeconds(std::abs(term.seconds()));
  switch (term.kind()) {
    case v1::LEDGER_TERM_KIND_READ:
      return "reading its weights " + std::string(costs ? "costs " : "saves ") + seconds;
    case v1::LEDGER_TERM_KIND_UNPACK:
      return "unpacking them " + std::string(costs ? "costs " : "saves ") + seconds;
    case v1::LEDGER_TERM_KIND_MATERIALIZE:
      return "passing decoded weights through memory " + std::string(costs ? "costs " : "saves ") +
             seconds;
    case v1::LEDGER_TERM_KIND_MATRIX:
      return "the multiply adds " + seconds + (costs ? " more" : " less") + " than the baseline's";
    case v1::LEDGER_TERM_KIND_LAUNCH:
      return "starting kernels " + std::string(costs ? "costs " : "saves ") + seconds;
    default:
      return "its clock " + std::string(costs ? "costs " : "saves ") + seconds;
  }
}

std::string MeasuredSentence(const v1::Ledger& ledger) {
  const double difference = ledger.difference_seconds();
  return LedgerTitle(ledger) + " takes " + FormatSeconds(ledger.arm_seconds()) + ", " +
         FormatSeconds(std::abs(difference)) + (difference < 0 ? " less" : " more") + " than " +
         ArmName(ledger.baseline()) + ".";
}

std::string TermsSentence(const v1::Ledger& ledger) {
  std::vector<v1::LedgerTerm> terms(ledger.terms().begin(), ledger.terms().end());
  std::stable_sort(terms.begin(), terms.end(), [](const auto& a, const auto& b) {
    return std::abs(a.seconds()) > std::abs(b.seconds());
  });
  const double least = kWorthSaying * std::abs(terms.front().seconds());
  std::string text;
  for (const v1::LedgerTerm& term : terms) {
    if (std::abs(term.seconds()) < least || term.seconds() == 0) break;
    text += (text.empty() ? "" : ", ") + Clause(term);
  }
  if (text.empty()) return "";
  if (ledger.read_fraction() > kAboveCeiling || ledger.baseline_read_fraction() > kAboveCeiling) {
    text += " (read faster than the DRAM ceiling of the session: part came from a cache)";
  }
  return "Against it, " + text + ".";
}

std::string CausesText(const v1::Ledger& ledger) {
  std::string text;
  for (const v1::LedgerCause& cause : ledger.causes()) {
    text += (text.empty() ? "" : "; ") + CauseWord(cause.kind());
  }
  return text;
}

std::string StateSentence(const v1::Ledger& ledger) {
  const std::string causes = CausesText(ledger);
  std::string text;
  if (ledger.state() == v1::LEDGER_STATE_CLOSED) {
    text = "The ledger closes, with a residual of " + FormatSeconds(ledger.residual_seconds());
  } else {
    text = "Not explained: " + ledger.reason();
  }
  return text + (causes.empty() ? "" : ". What the numbers select: " + causes) + ".";
}

}  // namespace

void AddSentences(v1::Ledger* ledger) {
  if (ledger->state() == v1::LEDGER_STATE_INCOMPLETE) {
    ledger->add_sentences(LedgerTitle(*ledger) + " has no ledger: " + ledger->reason() + ".");
    return;
  }
  ledger->add_sentences(MeasuredSentence(*ledger));
  const std::string terms = TermsSentence(*ledger);
  if (!terms.empty()) ledger->add_sentences(terms);
  ledger->add_sentences(StateSentence(*ledger));
}

std::string WhyNotExplained(const v1::Ledger& ledger) {
  const bool arms =
      std::abs(ledger.arm_residual_seconds()) >= std::abs(ledger.baseline_residual_seconds());
  const double side = arms ? ledger.arm_residual_seconds() : ledger.baseline_residual_seconds();
  return "a residual of " + FormatSeconds(ledger.residual_seconds()) + " is " +
         Percent(ledger.residual_share()) + " of " +
         (std::abs(ledger.difference_seconds()) >= ledger.floor_seconds()
              ? "the difference"
              : "the smallest difference that is explained here") +
         ", at most " + Percent(kLargestResidualShare) + " is allowed; " +
         (arms ? "the arm" : "the baseline") + " takes " + FormatSeconds(std::abs(side)) +
         (side > 0 ? " more than its parts one after the other"
                   : " less than its parts overlapping completely");
}

std::string LedgerTitle(const v1::Ledger& ledger) {
  std::string text = ArmName(ledger.arm().spec());
  const auto layer = ledger.arm().labels().find("layer");
  if (layer != ledger.arm().labels().end()) text += " on " + layer->second;
  return text + " at batch " + std::to_string(ledger.arm().spec().linear().batch());
}

std::string TermWord(v1::LedgerTermKind kind) {
  switch (kind) {
    case v1::LEDGER_TERM_KIND_READ:
      return "read weights";
    case v1::LEDGER_TERM_KIND_UNPACK:
      return "unpack and scale";
    case v1::LEDGER_TERM_KIND_MATERIALIZE:
      return "decoded through memory";
    case v1::LEDGER_TERM_KIND_MATRIX:
      return "multiply";
    case v1::LEDGER_TERM_KIND_LAUNCH:
      return "launch";
    case v1::LEDGER_TERM_KIND_CLOCK:
      return "clock";
    default:
      return "unknown";
  }
}

std::string CauseWord(v1::LedgerCauseKind kind) {
  switch (kind) {
    case v1::LEDGER_CAUSE_KIND_PATH_CLIFF:
      return "path cliff";
    case v1::LEDGER_CAUSE_KIND_MATERIALIZED_DEQUANTIZATION:
      return "materialized dequantization";
    case v1::LEDGER_CAUSE_KIND_COMPUTE_BOUND:
      return "compute bound";
    case v1::LEDGER_CAUSE_KIND_DECODE_BOUND:
      return "decode bound";
    case v1::LEDGER_CAUSE_KIND_LAUNCH_BOUND:
      return "launch bound";
    case v1::LEDGER_CAUSE_KIND_UNQUANTIZED_REST:
      return "unquantized rest";
    case v1::LEDGER_CAUSE_KIND_LAYOUT_TRAP:
      return "layout trap";
    case v1::LEDGER_CAUSE_KIND_MISSING_HARDWARE_TYPE:
      return "missing hardware type";
    case v1::LEDGER_CAUSE_KIND_BASELINE_MISMATCH:
      return "baseline mismatch";
    case v1::LEDGER_CAUSE_KIND_THROTTLING:
      return "throttling";
    default:
      return "unknown";
  }
}

}  // namespace quantfleet::analysis
