// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "cli/app.hpp"

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include <CLI/CLI.hpp>

#include "base/version.hpp"
#include "cli/nightly/nightly_words.hpp"
#include "cli/security_words.hpp"
#include "cli/verbs/verbs.hpp"

namespace quantfleet::cli {
namespace {

const std::map<std::string, Output> kOutputs = {
    {"table", Output::kTable}, {"json", Output::kJson}, {"csv", Output::kCsv}};
const std::map<std::string, GroupBy> kGroups = {{"hardware", GroupBy::kHardware},
                                                {"format", GroupBy::kFormat},
                                                {"kernel", GroupBy::kFormat},
                                                {"batch", GroupBy::kBatch},
                                                {"layer", GroupBy::kLayer}};
const std::map<std::string, Metric> kMetrics = {{"latency", Metric::kLatency},
                                                {"tokens_per_s", Metric::kTokensPerSecond},
                                                {"bytes", Metric::kBytes},
                                                {"energy", Metric::kEnergy},
                                                {"error", Metric::kError}};

// What the command line fills in; lives as long as the parse.
struct Words {
  Common common;
  std::string file, id, agent, command, database, by;
  bool failed = false, resume = false, all = false, offline = false;
  RunOptions run;
  SubmitOptions submit;
  CompareOptions compare;
  ExplainOptions explain;
  ExportOptions export_options;
  UpOptions up;
  FormatFiles files;
  std::function<int()> verb;
};

CLI::App* Verb(CLI::App& app, Words& w, const std::string& name, const std::string& help,
               std::function<int()> run) {
  CLI::App* verb = app.add_subcommand(name, help);
  // A verb of its own under this one has spoken before.
  verb->callback([&w, run = std::move(run)] {
    if (!w.verb) w.verb = run;
  });
  verb->add_option("--output", w.common.output, "table, json or csv")
      ->transform(CLI::CheckedTransformer(kOutputs, CLI::ignore_case));
  return verb;
}

void AddOffline(CLI::App& app, Words& w) {
  Verb(app, w, "validate", "Check a matrix file, offline", [&w] { return Validate(w.file); })
      ->add_option("file", w.file, "Matrix file; - for stdin")
      ->required();
  Verb(app, w, "plan", "Show blocks, arms, exclusions, devices and predicted minutes",
       [&w] { return Plan(w.common, w.file); })
      ->add_option("file", w.file, "Matrix file; - for stdin")
      ->required();
  CLI::App* run = Verb(app, w, "run", "Run a matrix on this machine, without a server",
                       [&w] { return Run(w.common, w.run); });
  run->add_option("file", w.run.file, "Matrix file; - for stdin")->required();
  run->add_option("--save", w.run.save, "Write the comparison here, as JSON");
  run->add_option("--threads", w.run.threads, "CPU devices, by threads: 1,2")
      ->delimiter(',')
      ->check(CLI::Range(1, 4096));
  Verb(app, w, "judge",
       "Judge your own samples: {\"baseline\": [[s, ...], ...], \"arm\": ...}, by round",
       [&w] { return Judge(w.common, w.file); })
      ->add_option("file", w.file, "JSON file; - for stdin")
      ->required();
}

void AddConversion(CLI::App& format, Words& w, const std::string& name, const std::string& help,
                   int (*run)(const FormatFiles&)) {
  CLI::App* verb = format.add_subcommand(name, help);
  verb->add_option("format", w.files.format, "Weight format, as `format list` names it")
      ->required();
  verb->add_option("in", w.files.in, "File to read; - for stdin")->required();
  verb->add_option("out", w.files.out, "File to write")->required();
  verb->add_option("--columns", w.files.columns, "Weights in a row")->required();
  verb->add_option("--rows", w.files.rows, "Rows the file must have; its size says without");
  verb->final_callback([&w, run] { w.verb = [&w, run] { return run(w.files); }; });
}

void AddFormat(CLI::App& app, Words& w) {
  CLI::App* format = Verb(app, w, "format", "Show the weight formats; encode and decode files",
                          [&w] { return ListFormats(w.common, w.offline); });
  format->require_subcommand(1);
  format->add_subcommand("list", "Bits a weight, block, scales, source, and what runs them here")
      ->add_flag("--offline", w.offline, "Do not ask this machine's engine for its devices");
  AddConversion(*format, w, "encode", "Raw little-endian fp32 rows to packed bytes", EncodeWeights);
  AddConversion(*format, w, "decode", "Packed bytes to raw little-endian fp32 rows", DecodeWeights);
}

void AddMatrices(CLI::App& app, Words& w) {
  CLI::App* submit = Verb(app, w, "submit", "Submit a matrix and print its id",
                          [&w] { return Submit(w.common, w.submit); });
  submit->add_option("file", w.submit.file, "Matrix file; - for stdin")->required();
  submit->add_flag("--watch", w.submit.watch, "Follow it to its end");
  submit->add_option("--priority", w.submit.priority, "0 to 9, over the file's")
      ->check(CLI::Range(0, 9));
  submit->add_option("--request-id", w.submit.request_id,
                     "The same id and file give the same matrix");
  Verb(app, w, "watch", "Follow a matrix to its end; exit 1 if something failed",
       [&w] { return Watch(w.common, w.id); })
      ->add_option("id", w.id, "Matrix")
      ->required();
  Verb(app, w, "status", "Show a matrix, by default the newest", [&w] {
    return ShowStatus(w.common, w.id);
  })->add_option("id", w.id, "Matrix");
  Verb(app, w, "list", "Show all matrices", [&w] { return List(w.common); });
  Verb(app, w, "cancel", "Cancel a matrix", [&w] { return Cancel(w.common, w.id); })
      ->add_option("id", w.id, "Matrix")
      ->required();
  CLI::App* retry = Verb(app, w, "retry", "Run a matrix's blocks again",
                         [&w] { return Retry(w.common, w.id, w.failed); });
  retry->add_option("id", w.id, "Matrix")->required();
  retry->add_flag("--failed", w.failed, "Only what failed");
  Verb(app, w, "why", "Say why a block, or what is left of a matrix, is not running",
       [&w] { return Why(w.common, w.id); })
      ->add_option("id", w.id, "Block or matrix")
      ->required();
}

void AddResults(CLI::App& app, Words& w) {
  CLI::App* compare =
      Verb(app, w, "compare", "Show speed-ups, verdicts and crossovers of a matrix", [&w] {
        if (!w.by.empty()) w.compare.by = kGroups.at(w.by);
        return Compare(w.common, w.compare);
      });
  compare->add_option("id", w.compare.id, "Matrix")->required();
  compare
      ->add_option("--by", w.by,
                   "Long table with these side by side: hardware, format, kernel, batch, layer")
      ->check(CLI::IsMember({"hardware", "format", "kernel", "batch", "layer"}));
  compare->add_option("--metric", w.compare.metric, "latency, tokens_per_s, bytes or error")
      ->transform(CLI::CheckedTransformer(kMetrics));
  compare->add_flag("--full", w.compare.full,
                    "Every arm in a line, with intervals, before the grids");
  Verb(app, w, "crossover", "Show from which batch the verdict flips",
       [&w] { return Crossover(w.common, w.id); })
      ->add_option("id", w.id, "Matrix")
      ->required();
  CLI::App* explain =
      Verb(app, w, "explain", "Show where the time goes: each arm's difference from its baseline",
           [&w] { return Explain(w.common, w.explain); });
  explain->add_option("id", w.explain.id, "Matrix")->required();
  explain->add_option("--arm", w.explain.arm,
                      "Only arms of this format, format and kernel (\"nf4 fused\") or arm id, with "
                      "every number");
  explain->add_option("--policy", w.explain.policy,
                      "Which kernel a stack would pick, and what that costs here: "
                      "bitsandbytes-0.49, bitsandbytes-0.50, exllamav2, llama.cpp ... or all");
  CLI::App* out = Verb(app, w, "export", "Write results as a file",
                       [&w] { return Export(w.common, w.export_options); });
  out->add_option("id", w.export_options.id, "Matrix")->required();
  out->add_option("--format", w.export_options.format, "json, csv, markdown or html")
      ->check(CLI::IsMember({"json", "csv", "markdown", "html"}));
  out->add_option("--out", w.export_options.out, "File; stdout without");
}

void AddOperations(CLI::App& app, Words& w) {
  CLI::App* fleet = Verb(app, w, "fleet", "Show devices, sessions and ceilings",
                         [&w] { return ShowFleet(w.common, w.all); });
  fleet->add_flag("--all", w.all, "Ended sessions too");
  CLI::App* drain = fleet->add_subcommand("drain", "Let an agent finish and take no more");
  drain->add_option("agent", w.agent, "Name of the agent")->required();
  drain->add_flag("--resume", w.resume, "Let it take blocks again");
  drain->final_callback([&w] { w.verb = [&w] { return Drain(w.common, w.agent, w.resume); }; });
  CLI::App* db = Verb(app, w, "db", "Work on the database: migrate, status or restored",
                      [&w] { return Database(w.command, w.database); });
  db->add_option("command", w.command,
                 "migrate, status, or restored: what came from a backup is made safe to serve")
      ->required()
      ->check(CLI::IsMember({"migrate", "status", "restored"}));
  db->add_option("--database", w.database, "PostgreSQL connection string")
      ->envname("QUANTFLEET_DATABASE");
  CLI::App* up =
      Verb(app, w, "up", "Run PostgreSQL, a coordinator and agents here, on loopback", [&w] {
        const Status status = RunUp(w.up);
        return status.ok() ? 0 : Fail(status);
      });
  up->add_option("--data", w.up.data, "Folder for everything it keeps");
  up->add_option("--port", w.up.port, "gRPC port; 0 takes a free one")->check(CLI::Range(0, 65535));
  up->add_option("--http-port", w.up.http_port, "Dashboard's port; 0 takes a free one")
      ->check(CLI::Range(0, 65535));
  up->add_option("--threads", w.up.threads, "One CPU agent for each: 1,2")
      ->delimiter(',')
      ->check(CLI::Range(1, 4096));
  up->add_option("--lease-seconds", w.up.lease_seconds,
                 "Time after which a silent agent loses its block")
      ->check(CLI::Range(0.5, 3600.0));
}

}  // namespace

bool WantsSignals(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "up" || word == "run") return true;
    if (!word.starts_with("-")) return false;
    if (word == "--address" || word == "--identity" || word == "--token-file") ++i;
  }
  return false;
}

int RunApp(int argc, char** argv) {
  CLI::App app("Runs experiment matrices on a fleet and says what is faster, with evidence.",
               "quantfleet");
  app.set_version_flag("--version", "quantfleet " + std::string(Version()));
  app.require_subcommand(1);
  app.fallthrough();
  Words words;
  app.add_option("--address", words.common.remote.address, "Coordinator")
      ->envname("QUANTFLEET_ADDRESS")
      ->capture_default_str();
  app.add_option("--identity", words.common.remote.identity,
                 "Folder with ca.crt and perhaps client.crt, client.key and token; turns TLS on")
      ->envname("QUANTFLEET_IDENTITY");
  app.add_option("--token-file", words.common.remote.token_file,
                 "File (0600) with a token; without it QUANTFLEET_TOKEN or the identity's token");
  AddOffline(app, words);
  AddFormat(app, words);
  AddMatrices(app, words);
  AddResults(app, words);
  AddOperations(app, words);
  AddNightlyVerbs(app, words.common, words.verb);
  AddSecurityVerbs(app, words.common, words.verb);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : 2;
  }
  return words.verb();
}

}  // namespace quantfleet::cli
