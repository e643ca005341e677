// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/engine/report.hpp"

#include <algorithm>
#include <cstdarg>
#include <cstdio>

#include <nlohmann/json.hpp>

#include "base/units.hpp"
#include "benchmarks/engine/options.hpp"

namespace quantfleet::bench {
namespace {

using nlohmann::json;

[[gnu::format(printf, 1, 2)]] std::string Print(const char* pattern, ...) {
  char text[256];
  va_list values;
  va_start(values, pattern);
  std::vsnprintf(text, sizeof(text), pattern, values);
  va_end(values);
  return text;
}

double BytesPerSecond(const Row& row, const ArmFigures& arm) {
  return static_cast<double>(row.weight_bytes) / arm.median_seconds;
}

double MultipliesPerSecond(const Row& row, const ArmFigures& arm) {
  return static_cast<double>(row.shape.n) * row.shape.k * row.shape.batch / arm.median_seconds;
}

bool IsWrong(const ArmFigures& arm) {
  return !(arm.normalized_error <= kMostNormalizedError);
}

// Time, GB/s, share of the ceiling, GMAC/s; the share only where the weights come from memory.
std::string FormatArm(const Row& row, const ArmFigures* arm, double dram) {
  if (arm == nullptr) return Print("%10s %6s %5s %6s", "missing", "", "", "");
  const double rate = BytesPerSecond(row, *arm);
  const std::string share =
      row.shape.batch < kPromptBatch ? Print("%.0f%%", 100 * rate / dram) : "-";
  return Print("%10s %6.1f %5s %6.1f", FormatSeconds(arm->median_seconds).c_str(), rate / 1e9,
               share.c_str(), MultipliesPerSecond(row, *arm) / 1e9);
}

std::string FormatError(const ArmFigures* arm) {
  return arm == nullptr ? "-" : Print("%.0e", arm->normalized_error);
}

std::string FormatRatio(const Row& row) {
  if (!row.ratio) return Print("%-22s %6s", row.wrong() ? "WRONG" : "-", "-");
  const PairedRatio& r = *row.ratio;
  const std::string text =
      Print("%5.2fx [%.2f, %.2f]%s", 1 / r.ratio, 1 / r.high, 1 / r.low, row.quiet ? "" : " ?");
  return Print("%-22s %5.2fx", text.c_str(),
               row.peers.front().best_seconds / row.ours->best_seconds);
}

std::string FormatRemarks(const Row& row) {
  std::string text = row.ours ? row.ours->kernel : "";
  if (row.ours && row.ours->layout != "packed") text += " (" + row.ours->layout + ")";
  for (size_t i = 0; i < row.peers.size(); ++i) {
    text += (i > 0 ? ", " : row.ours ? " | " : "") + row.peers[i].layout;
    if (i > 0) text += " " + FormatSeconds(row.peers[i].median_seconds);
  }
  if (row.rounds > 0) text += Print(" | others %.0f%%", 100 * row.foreign_share);
  if (row.disturbed_rounds > 0) {
    text += Print(", disturbed %u of %u rounds", row.disturbed_rounds, row.rounds);
  }
  if (row.same_encoding == false) text += " | encoders differ";
  return row.note.empty() ? text : text + " | " + row.note;
}

std::string FormatRow(const Row& row, double dram) {
  const std::string shape = Print("%ux%u", row.shape.n, row.shape.k);
  const ArmFigures* const ours = row.ours ? &*row.ours : nullptr;
  const ArmFigures* const peer = row.peers.empty() ? nullptr : &row.peers.front();
  std::string line = Print("%-8s %-11s %5u |", row.format.c_str(), shape.c_str(), row.shape.batch);
  line += FormatArm(row, ours, dram) + " |" + FormatArm(row, peer, dram) + " |";
  line += FormatRatio(row) + " |";
  line += Print(" %7s %7s | ", FormatError(ours).c_str(), FormatError(peer).c_str());
  return line + FormatRemarks(row) + "\n";
}

json ToJson(const Row& row, const ArmFigures& arm) {
  return {{"kernel", arm.kernel},
          {"layout", arm.layout},
          {"medianSeconds", arm.median_seconds},
          {"bestSeconds", arm.best_seconds},
          {"bytesPerSecond", BytesPerSecond(row, arm)},
          {"multipliesPerSecond", MultipliesPerSecond(row, arm)},
          {"normalizedError", std::min(arm.normalized_error, 1e300)},
          {"roundSeconds", arm.rounds}};
}

json ToJson(const Row& row, double dram) {
  json peers = json::array();
  for (const ArmFigures& arm : row.peers) peers.push_back(ToJson(row, arm));
  json out = {{"format", row.format},
              {"n", row.shape.n},
              {"k", row.shape.k},
              {"batch", row.shape.batch},
              {"weightBytes", row.weight_bytes},
              {"foreignShare", row.foreign_share},
              {"rounds", row.rounds},
              {"disturbedRounds", row.disturbed_rounds},
              {"quiet", row.quiet},
              {"peers", peers}};
  if (row.ours) out["ours"] = ToJson(row, *row.ours);
  if (row.ours && row.shape.batch < kPromptBatch) {
    out["dramShare"] = BytesPerSecond(row, *row.ours) / dram;
  }
  if (row.ratio) {
    out["ratio"] = {
        {"ratio", row.ratio->ratio}, {"low", row.ratio->low}, {"high", row.ratio->high}};
  }
  if (row.same_encoding) out["sameEncoding"] = *row.same_encoding;
  if (row.wrong()) out["wrong"] = true;
  if (!row.note.empty()) out["note"] = row.note;
  return out;
}

}  // namespace

bool Row::wrong() const {
  return (ours && IsWrong(*ours)) || std::any_of(peers.begin(), peers.end(), IsWrong);
}

std::string FormatTable(const Report& report, const Section& section) {
  const engine::Ceilings& ceilings = section.ceilings;
  const std::string memory = FormatBytesPerSecond(ceilings.dram_read_bytes_per_second);
  const std::string multiply =
      FormatOperationsPerSecond(ceilings.matrix_operations_per_second.at("fp32"));
  std::string text = Print(
      "\n%u thread%s: memory %s, fp32 multiply %s%s; others took %.0f %% of "
      "the processors\n",
      section.threads, section.threads == 1 ? "" : "s", memory.c_str(), multiply.c_str(),
      section.ceilings_quiet ? "" : " (too low: others disturbed both)",
      100 * report.foreign_share);
  text +=
      Print("%-8s %-11s %5s |%10s %6s %5s %6s |%10s %6s %5s %6s |%-22s %6s | %-15s | %s\n",
            "format", "n x k", "batch", "ours", "GB/s", "dram", "GMAC/s", "peer", "GB/s", "dram",
            "GMAC/s", "speed-up [95 %]", "best", "error ours/peer", "kernel | peer's layouts");
  for (const Row& row : section.rows) {
    text += FormatRow(row, ceilings.dram_read_bytes_per_second);
  }
  return text;
}

std::string FormatJson(const Report& report) {
  json sections = json::array();
  for (const Section& section : report.sections) {
    const double dram = section.ceilings.dram_read_bytes_per_second;
    json rows = json::array();
    for (const Row& row : section.rows) rows.push_back(ToJson(row, dram));
    sections.push_back(
        {{"threads", section.threads},
         {"dramReadBytesPerSecond", dram},
         {"cacheReadBytesPerSecond", section.ceilings.cache_read_bytes_per_second},
         {"fp32OperationsPerSecond", section.ceilings.matrix_operations_per_second.at("fp32")},
         {"rows", rows}});
  }
  json out = {
      {"device", report.device}, {"foreignShare", report.foreign_share}, {"sections", sections}};
  if (!report.peer.empty()) {
    out["peer"] = report.peer;
    out["peerBuild"] = report.peer_build;
  }
  return out.dump();
}

}  // namespace quantfleet::bench
