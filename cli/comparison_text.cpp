// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "cli/comparison_text.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdio>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "base/units.hpp"
#include "cli/crossover_text.hpp"
#include "cli/ledger_text.hpp"
#include "cli/output.hpp"
#include "cli/row_shape.hpp"

namespace quantfleet::cli {
namespace {

using Row = v1::ComparisonRow;

std::string Fixed(double value, int decimals) {
  std::array<char, 48> text;
  std::snprintf(text.data(), text.size(), "%.*f", decimals, value);
  return text.data();
}

std::string Scientific(double value) {
  std::array<char, 32> text;
  std::snprintf(text.data(), text.size(), "%.1e", value);
  return text.data();
}

// Parts of a product are shown by the ledger that they explain, not among what is compared.
bool IsPart(const Row& row) {
  return row.arm().role() == v1::ARM_ROLE_ABLATION;
}

std::string ArmName(const Row& row) {
  const std::string kernel = row.arm().spec().kernel();
  return row.arm().spec().format() + (kernel == "auto" ? "" : " " + kernel);
}

std::string Mark(const v1::Ratio& ratio) {
  switch (ratio.verdict()) {
    case v1::VERDICT_FASTER:
      return "+";
    case v1::VERDICT_SLOWER:
      return "-";
    case v1::VERDICT_SAME:
      return "=";
    case v1::VERDICT_AMBIGUOUS:
      return "?";
    case v1::VERDICT_INVALID:
      return "x";
    default:
      return "/";
  }
}

bool HasNumber(const v1::Ratio& ratio) {
  return ratio.ratio() > 0;
}

// Speed-up with the verdict's mark, or what happened instead.
std::string Cell(const Row& row) {
  if (row.measurement().outcome() == v1::OUTCOME_UNSUPPORTED) return "n/a";
  if (!HasNumber(row.ratio())) return Mark(row.ratio());
  return Fixed(1 / row.ratio().ratio(), 2) + Mark(row.ratio());
}

std::string Outcome(const Row& row) {
  std::string name = v1::Outcome_Name(row.measurement().outcome()).substr(8);
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return name;
}

std::string Latency(const Row& row) {
  if (!row.measurement().has_summary()) return Outcome(row);
  return FormatSeconds(row.measurement().summary().median_seconds());
}

std::string Interval(const Row& row) {
  if (!row.measurement().has_summary()) return "";
  const v1::Summary& summary = row.measurement().summary();
  return "[" + FormatSeconds(summary.median_low_seconds()) + ", " +
         FormatSeconds(summary.median_high_seconds()) + "]";
}

std::string SpeedUp(const Row& row) {
  if (row.arm().role() == v1::ARM_ROLE_BASELINE) return "1 (baseline)";
  if (!HasNumber(row.ratio())) return "";
  const v1::Ratio& ratio = row.ratio();
  return Fixed(1 / ratio.ratio(), 3) + " [" + Fixed(1 / ratio.high(), 3) + ", " +
         Fixed(1 / ratio.low(), 3) + "]";
}

std::string VerdictText(const Row& row) {
  if (row.arm().role() == v1::ARM_ROLE_BASELINE) return "";
  return VerdictWord(row.ratio().verdict());
}

std::string GradeText(const Row& row) {
  const v1::Measurement& measurement = row.measurement();
  if (measurement.grade() == v1::GRADE_UNSPECIFIED) return "";
  std::string text = v1::Grade_Name(measurement.grade()).substr(6);
  for (const std::string& reason : measurement.grade_reasons()) text += " " + reason;
  return text;
}

std::string Share(bool known, double fraction) {
  return known ? Fixed(100 * fraction, 0) + " %" : "";
}

std::string ArmWithRole(const Row& row) {
  return ArmName(row) + (row.arm().role() == v1::ARM_ROLE_NULL ? " (A/A)" : "");
}

std::string ErrorText(const Row& row) {
  return row.measurement().has_error() ? Scientific(row.measurement().error().output_relative())
                                       : "";
}

// Rows of one device class and layer, by batch (or context, see PivotOf) and arm.
struct Grid {
  std::string title;
  std::set<std::pair<double, std::string>> batches;
  std::vector<std::string> arms;
  std::map<std::pair<std::string, std::string>, const Row*> cells;  // arm, batch
  std::map<std::string, const Row*> baselines;                      // batch
  const Row* any = nullptr;
};

void AddToGrid(Grid& grid, const Row& row) {
  const Pivot pivot = PivotOf(row);
  const std::string batch = pivot.value > 0 ? std::to_string(pivot.value) : "";
  grid.batches.emplace(pivot.value, batch);
  grid.any = &row;
  if (row.arm().role() == v1::ARM_ROLE_BASELINE) {
    grid.baselines[batch] = &row;
    return;
  }
  const std::string arm = ArmWithRole(row);
  if (std::find(grid.arms.begin(), grid.arms.end(), arm) == grid.arms.end())
    grid.arms.push_back(arm);
  grid.cells[{arm, batch}] = &row;
}

std::string GridText(const Grid& grid) {
  const std::string axis = PivotOf(*grid.any).axis;
  const bool batched = !axis.empty();
  std::vector<std::string> header = {batched ? axis : "arm"};
  for (const auto& [value, text] : grid.batches) header.push_back(batched ? text : "speed-up");
  // Share of the DRAM ceiling where it binds most: at the smallest batch.
  const std::string first = grid.batches.begin()->second;
  header.insert(header.end(),
                {"weights", "bits/weight", "output error", batched ? "DRAM at " + first : "DRAM"});
  Table table(header);
  std::vector<std::string> line = {grid.baselines.empty()
                                       ? "baseline"
                                       : ArmName(*grid.baselines.begin()->second) + " (baseline)"};
  for (const auto& [value, text] : grid.batches) {
    const auto found = grid.baselines.find(text);
    line.push_back(found == grid.baselines.end() ? "" : Latency(*found->second));
  }
  const auto add_facts = [](std::vector<std::string>& cells, const Row& row) {
    cells.push_back(FormatBytes(row.measurement().weight_bytes()));
    cells.push_back(Fixed(row.measurement().bits_per_weight(), 2));
    cells.push_back(ErrorText(row));
    cells.push_back(Share(row.has_dram_fraction(), row.dram_fraction()));
  };
  if (!grid.baselines.empty()) {
    add_facts(line, *grid.baselines.begin()->second);
    table.Add(line);
  }
  for (const std::string& arm : grid.arms) {
    std::vector<std::string> cells = {arm};
    const Row* smallest = nullptr;
    for (const auto& [value, text] : grid.batches) {
      const auto found = grid.cells.find({arm, text});
      cells.push_back(found == grid.cells.end() ? "" : Cell(*found->second));
      if (smallest == nullptr && found != grid.cells.end()) smallest = found->second;
    }
    add_facts(cells, *smallest);
    table.Add(cells);
  }
  return table.AsText();
}

std::string CeilingsLine(const v1::ComparisonSession& session) {
  const v1::Ceilings& ceilings = session.ceilings();
  std::string text = "measured ceilings: DRAM read " +
                     FormatBytesPerSecond(ceilings.dram_read_bytes_per_second()) + ", cache read " +
                     FormatBytesPerSecond(ceilings.cache_read_bytes_per_second());
  const std::map<std::string, double> peaks(ceilings.matrix_operations_per_second().begin(),
                                            ceilings.matrix_operations_per_second().end());
  for (const auto& [type, rate] : peaks)
    text += ", " + type + " multiply " + FormatOperationsPerSecond(rate);
  return text + ", launch " + FormatSeconds(ceilings.launch_seconds()) + "\n";
}

const v1::ComparisonSession* SessionOf(const v1::Comparison& comparison,
                                       const std::string& device_class) {
  for (const auto& session : comparison.sessions()) {
    if (session.device().device_class() == device_class) return &session;
  }
  return nullptr;
}

std::vector<std::string> DeviceClasses(const v1::Comparison& comparison) {
  std::vector<std::string> classes;
  for (const Row& row : comparison.rows()) {
    if (std::find(classes.begin(), classes.end(), row.device_class()) == classes.end())
      classes.push_back(row.device_class());
  }
  return classes;
}

std::string LayerTitle(const Row& row) {
  return LayerText(row) + "  (" + WorkText(row) + ", " + row.arm().spec().cache() +
         " cache, target " + row.target() + ")";
}

constexpr const char* kLegend =
    "Cells are speed-ups: time of the baseline / time of the arm, from paired rounds. The "
    "baseline's line has its latency.\n"
    "+ faster  - slower  = same within what this machine can see  ? ambiguous  x output wrong  / "
    "not comparable\n"
    "(A/A) is the baseline measured a second time as if it were another arm. Output error: ||y - "
    "fp64|| / ||fp64||.\n";

}  // namespace

std::string VerdictWord(v1::Verdict verdict) {
  switch (verdict) {
    case v1::VERDICT_FASTER:
      return "faster";
    case v1::VERDICT_SLOWER:
      return "slower";
    case v1::VERDICT_SAME:
      return "same";
    case v1::VERDICT_AMBIGUOUS:
      return "ambiguous";
    case v1::VERDICT_INVALID:
      return "invalid";
    default:
      return "not comparable";
  }
}

std::string PivotText(const v1::Comparison& comparison) {
  std::string text = comparison.matrix_name() + "  " + comparison.matrix_id() + "\n";
  for (const std::string& device_class : DeviceClasses(comparison)) {
    std::vector<Grid> grids;
    std::map<std::string, size_t> index;
    std::string name;
    for (const Row& row : comparison.rows()) {
      if (row.device_class() != device_class || IsPart(row)) continue;
      name = row.device_name();
      const std::string title = LayerTitle(row);
      const auto [at, added] = index.emplace(title, grids.size());
      if (added) grids.push_back({title, {}, {}, {}, {}, nullptr});
      AddToGrid(grids[at->second], row);
    }
    text += "\n" + device_class + "  " + name + "\n";
    if (const auto* session = SessionOf(comparison, device_class)) text += CeilingsLine(*session);
    for (const Grid& grid : grids) text += "\n" + grid.title + "\n" + GridText(grid);
  }
  text += std::string("\n") + kLegend + "\n" + CrossoverText(comparison.crossovers());
  const std::string ledgers = LedgerTable(comparison);
  return ledgers.empty() ? text : text + "\n" + ledgers;
}

namespace {

std::vector<const Row*> Sorted(const v1::Comparison& comparison, GroupBy by) {
  std::vector<const Row*> rows;
  for (const Row& row : comparison.rows()) {
    if (!IsPart(row)) rows.push_back(&row);
  }
  const auto key = [by](const Row* row) {
    std::array<char, 16> padded;
    std::snprintf(padded.data(), padded.size(), "%010u%05u", PivotOf(*row).value,
                  std::min(ShapeOf(*row).batch, 99999U));
    const std::string batch = padded.data();
    const std::string layer = LayerText(*row);
    const std::string arm = ArmWithRole(*row);
    switch (by) {
      case GroupBy::kHardware:
        return std::vector{layer, batch, arm, row->device_class()};
      case GroupBy::kFormat:
        return std::vector{row->device_class(), layer, batch, arm};
      case GroupBy::kBatch:
        return std::vector{row->device_class(), layer, arm, batch};
      case GroupBy::kLayer:
        return std::vector{row->device_class(), arm, batch, layer};
    }
    return std::vector<std::string>{};
  };
  std::stable_sort(rows.begin(), rows.end(),
                   [&](const Row* a, const Row* b) { return key(a) < key(b); });
  return rows;
}

std::string MetricText(const Row& row, Metric metric) {
  switch (metric) {
    case Metric::kTokensPerSecond:
      if (!row.measurement().has_summary() || ShapeOf(row).batch == 0) return "";
      return Fixed(ShapeOf(row).batch / row.measurement().summary().median_seconds(), 0);
    case Metric::kBytes:
      return std::to_string(row.measurement().weight_bytes());
    case Metric::kEnergy:
      if (!row.measurement().has_energy() || ShapeOf(row).batch == 0) return "";
      return Fixed(1e3 * row.measurement().energy().joules_per_call() / ShapeOf(row).batch, 3);
    case Metric::kError:
      return ErrorText(row);
    case Metric::kLatency:
      break;
  }
  return Latency(row);
}

const char* MetricName(Metric metric) {
  switch (metric) {
    case Metric::kTokensPerSecond:
      return "rows/s";
    case Metric::kBytes:
      return "weight bytes";
    case Metric::kEnergy:
      return "mJ/row";
    case Metric::kError:
      return "output error";
    case Metric::kLatency:
      break;
  }
  return "latency";
}

}  // namespace

std::string LongText(const v1::Comparison& comparison, GroupBy by, Metric metric) {
  Table table({"device class", "layer", "batch", "arm", MetricName(metric), "latency interval",
               "speed-up", "verdict", "weights", "output error", "DRAM", "grade",
               "why not a plain verdict"});
  for (const Row* row : Sorted(comparison, by)) {
    table.Add({row->device_class(), LineText(*row), BatchText(*row), ArmWithRole(*row),
               MetricText(*row, metric), Interval(*row), SpeedUp(*row), VerdictText(*row),
               FormatBytes(row->measurement().weight_bytes()), ErrorText(*row),
               Share(row->has_dram_fraction(), row->dram_fraction()), GradeText(*row),
               row->ratio().reason()});
  }
  return table.AsText();
}

std::string LongCsv(const v1::Comparison& comparison) {
  Table table({"device_class",
               "target",
               "layer",
               "n",
               "k",
               "batch",
               "format",
               "kernel",
               "kernel_used",
               "role",
               "arm_id",
               "outcome",
               "median_seconds",
               "median_low_seconds",
               "median_high_seconds",
               "samples",
               "ratio",
               "ratio_low",
               "ratio_high",
               "minimum_detectable_effect",
               "verdict",
               "verdict_reason",
               "weight_bytes",
               "bits_per_weight",
               "moved_bytes",
               "kernel_relative_error",
               "output_relative_error",
               "dram_fraction",
               "joules_per_call",
               "mean_watts",
               "grade",
               "grade_reasons",
               "block_id",
               "session_id"});
  const auto number = [](bool known, double value) {
    std::array<char, 40> text;
    std::snprintf(text.data(), text.size(), "%.9g", value);
    return known ? std::string(text.data()) : std::string();
  };
  for (const Row& row : comparison.rows()) {
    const v1::Measurement& m = row.measurement();
    const v1::ArmSpec& spec = row.arm().spec();
    const bool summed = m.has_summary();
    const bool compared = row.has_ratio() && HasNumber(row.ratio());
    std::string reasons;
    for (const std::string& reason : m.grade_reasons())
      reasons += (reasons.empty() ? "" : " ") + reason;
    table.Add({row.device_class(),
               row.target(),
               LineText(row),
               std::to_string(ShapeOf(row).n),
               std::to_string(ShapeOf(row).k),
               BatchText(row),
               spec.format(),
               spec.kernel(),
               m.kernel_used(),
               v1::ArmRole_Name(row.arm().role()),
               row.arm().arm_id(),
               v1::Outcome_Name(m.outcome()),
               number(summed, m.summary().median_seconds()),
               number(summed, m.summary().median_low_seconds()),
               number(summed, m.summary().median_high_seconds()),
               std::to_string(m.summary().samples()),
               number(compared, row.ratio().ratio()),
               number(compared, row.ratio().low()),
               number(compared, row.ratio().high()),
               number(row.has_ratio(), row.ratio().minimum_detectable_effect()),
               row.has_ratio() ? v1::Verdict_Name(row.ratio().verdict()) : "",
               row.ratio().reason(),
               std::to_string(m.weight_bytes()),
               number(true, m.bits_per_weight()),
               std::to_string(m.moved_bytes()),
               number(m.has_error(), m.error().kernel_relative()),
               number(m.has_error(), m.error().output_relative()),
               number(row.has_dram_fraction(), row.dram_fraction()),
               number(m.has_energy(), m.energy().joules_per_call()),
               number(m.has_energy(), m.energy().mean_watts()),
               v1::Grade_Name(m.grade()),
               reasons,
               row.block_id(),
               row.session_id()});
  }
  return table.AsCsv();
}

std::string Markdown(const v1::Comparison& comparison) {
  std::string text = "## " + comparison.matrix_name() +
                     "\n\n| device class | layer | batch | arm | latency | speed-up | verdict | "
                     "weights | output error | grade |\n"
                     "|---|---|--:|---|--:|---|---|--:|--:|---|\n";
  for (const Row& row : comparison.rows()) {
    if (IsPart(row)) continue;
    for (const std::string& cell :
         {row.device_class(), LineText(row), BatchText(row), ArmWithRole(row), Latency(row),
          SpeedUp(row), VerdictText(row), FormatBytes(row.measurement().weight_bytes()),
          ErrorText(row), GradeText(row)}) {
      std::string escaped;
      for (const char c : cell) escaped += c == '|' ? "\\|" : std::string(1, c == '\n' ? ' ' : c);
      text += "| " + escaped + " ";
    }
    text += "|\n";
  }
  text += "\n" + CrossoverText(comparison.crossovers());
  const std::string sentences = LedgerSentences(comparison);
  return sentences.empty() ? text : text + "\n" + sentences;
}

}  // namespace quantfleet::cli
