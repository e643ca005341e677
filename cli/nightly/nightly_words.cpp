// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "cli/nightly/nightly_words.hpp"

#include <map>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include "cli/nightly/nightly.hpp"

namespace quantfleet::cli {
namespace {

void AddOutput(CLI::App* verb, Common& common) {
  static const std::map<std::string, Output> kOutputs = {
      {"table", Output::kTable}, {"json", Output::kJson}, {"csv", Output::kCsv}};
  verb->add_option("--output", common.output, "table, json or csv")
      ->transform(CLI::CheckedTransformer(kOutputs, CLI::ignore_case));
}

void AddTrend(CLI::App& app, Common& common, std::function<int()>& verb) {
  const auto options = std::make_shared<TrendOptions>();
  CLI::App* trend = app.add_subcommand(
      "trend", "Show a series night by night, with its change points; exit 1 if one is to slower");
  trend
      ->add_option("--file", options->file,
                   "JSON file, {\"values\": [...]}, one a night; - for stdin")
      ->required();
  AddOutput(trend, common);
  trend->final_callback([&common, &verb, options] {
    verb = [&common, options] { return ShowTrend(common, *options); };
  });
}

}  // namespace

void AddNightlyVerbs(CLI::App& app, Common& common, std::function<int()>& verb) {
  AddTrend(app, common, verb);
}

}  // namespace quantfleet::cli
