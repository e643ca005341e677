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

void AddChoice(CLI::App* verb, SeriesChoice& choice) {
  verb->add_option("--file", choice.file,
                   "JSON file instead, {\"values\": [...]}, one a night; - for stdin");
  verb->add_option("--since", choice.since, "2026-11-01, or 14d (of a file: that many nights)");
  verb->add_option("--device", choice.device, "Only this device class");
  verb->add_option("--arm", choice.arm, "Only this format, \"format kernel\" or arm id");
}

void AddTrend(CLI::App& app, Common& common, std::function<int()>& verb) {
  const auto choice = std::make_shared<SeriesChoice>();
  CLI::App* trend = app.add_subcommand(
      "trend", "Show series night by night, with change points; exit 1 if one is to slower");
  trend->add_option("series", choice->series, "Name of the matrices, or a series as listed");
  AddChoice(trend, *choice);
  AddOutput(trend, common);
  trend->final_callback([&common, &verb, choice] {
    if (choice->series.empty() == choice->file.empty()) {
      throw CLI::ValidationError("trend", "name a series, or a file with --file");
    }
    verb = [&common, choice] { return ShowTrend(common, *choice); };
  });
}

void AddGate(CLI::App& app, Common& common, std::function<int()>& verb) {
  const auto options = std::make_shared<GateOptions>();
  CLI::App* gate = app.add_subcommand("gate", "Exit 1 if a series got slower than it may");
  gate->add_option("--series", options->choice.series,
                   "Name of the matrices, or a series as trend lists it");
  AddChoice(gate, options->choice);
  gate->add_option("--max-slowdown", options->max_slowdown, "3% or 0.03")->required();
  gate->add_option("--junit", options->junit, "Write a JUnit file here");
  AddOutput(gate, common);
  gate->final_callback([&common, &verb, options] {
    if (options->choice.series.empty() == options->choice.file.empty()) {
      throw CLI::ValidationError("gate", "name a series with --series, or a file with --file");
    }
    verb = [&common, options] { return Gate(common, *options); };
  });
}

using ScheduleVerb = int (*)(const Common& common, const ScheduleOptions& options);

CLI::App* AddScheduleWord(CLI::App& schedule, const std::string& name, const std::string& help,
                          Common& common, std::function<int()>& verb,
                          const std::shared_ptr<ScheduleOptions>& options, ScheduleVerb run) {
  CLI::App* word = schedule.add_subcommand(name, help);
  word->fallthrough();
  word->add_option("name", options->name, "Schedule")->required();
  word->final_callback([&common, &verb, options, run] {
    verb = [&common, options, run] { return run(common, *options); };
  });
  return word;
}

void AddSchedule(CLI::App& app, Common& common, std::function<int()>& verb) {
  const auto options = std::make_shared<ScheduleOptions>();
  CLI::App* schedule = app.add_subcommand("schedule", "Run a matrix again and again, by the clock");
  schedule->require_subcommand(1);
  schedule->fallthrough();
  AddOutput(schedule, common);
  CLI::App* add =
      AddScheduleWord(*schedule, "add", "Make a schedule", common, verb, options, ScheduleAdd);
  add->add_option("file", options->file, "Matrix file; - for stdin")->required();
  add->add_option("--cron", options->cron,
                  "Minute, hour, day of the month, month, day of the week: \"30 2 * * *\"")
      ->required();
  add->add_option("--time-zone", options->time_zone, "IANA name: Europe/Berlin")
      ->capture_default_str();
  add->add_option("--misfire", options->misfire,
                  "Of what passed while no coordinator was there run none, the latest or all")
      ->check(CLI::IsMember({"skip", "once", "all"}))
      ->capture_default_str();
  add->add_option("--overlap", options->overlap,
                  "While its former matrix still runs: leave it out, or wait")
      ->check(CLI::IsMember({"skip", "queue"}))
      ->capture_default_str();
  add->add_option("--jitter-seconds", options->jitter_seconds, "Late by 0 to so many seconds")
      ->check(CLI::Range(0, 21600));
  CLI::App* list = schedule->add_subcommand("list", "Show all schedules");
  list->fallthrough();
  list->final_callback([&common, &verb] { verb = [&common] { return ScheduleList(common); }; });
  AddScheduleWord(*schedule, "show", "Show one with its latest fires", common, verb, options,
                  ScheduleShow)
      ->add_option("--fires", options->fires, "So many")
      ->check(CLI::Range(1, 500));
  AddScheduleWord(*schedule, "pause", "Fire nothing until it is resumed", common, verb, options,
                  SchedulePause);
  AddScheduleWord(*schedule, "resume", "Go on from now", common, verb, options, ScheduleResume);
  AddScheduleWord(*schedule, "remove", "End it; its matrices stay", common, verb, options,
                  ScheduleRemove);
  AddScheduleWord(*schedule, "run", "Submit its matrix now and print the id", common, verb, options,
                  ScheduleRun);
}

}  // namespace

void AddNightlyVerbs(CLI::App& app, Common& common, std::function<int()>& verb) {
  AddTrend(app, common, verb);
  AddGate(app, common, verb);
  AddSchedule(app, common, verb);
}

}  // namespace quantfleet::cli
