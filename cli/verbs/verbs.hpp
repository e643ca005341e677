// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/client.hpp"
#include "cli/comparison_text.hpp"
#include "cli/format_files.hpp"
#include "cli/output.hpp"
#include "cli/up/up.hpp"

// The verbs of the client. Each prints and returns its exit code: 0 success; 1 the answer is "no";
// 2 bad usage or invalid input; 3 not found; 4 not authorised; 5 service unavailable.
namespace quantfleet::cli {

struct Common {
  Remote remote;
  Output output = Output::kTable;
};

// Offline.
int Validate(const std::string& file);
int Plan(const Common& common, const std::string& file);
struct RunOptions {
  std::string file;
  std::string save;               // JSON of the comparison; empty: none
  std::vector<unsigned> threads;  // CPU devices to make; empty: one with all threads
};
int Run(const Common& common, const RunOptions& options);
int Judge(const Common& common, const std::string& file);
// Asks this machine's engine for its devices; without one, or offline, lists formats alone.
int ListFormats(const Common& common, bool offline);
int EncodeWeights(const FormatFiles& files);
int DecodeWeights(const FormatFiles& files);

// Matrices.
struct SubmitOptions {
  std::string file;
  std::string request_id;
  std::optional<unsigned> priority;
  bool watch = false;
};
int Submit(const Common& common, const SubmitOptions& options);
int Watch(const Common& common, const std::string& id);
int ShowStatus(const Common& common, const std::string& id);  // empty id: the newest matrix
int List(const Common& common);
int Cancel(const Common& common, const std::string& id);
int Retry(const Common& common, const std::string& id, bool failed_only);
int Why(const Common& common, const std::string& id);  // id of a block or a matrix

// Results.
struct CompareOptions {
  std::string id;
  std::optional<GroupBy> by;
  Metric metric = Metric::kLatency;
  bool full = false;
};
int Compare(const Common& common, const CompareOptions& options);
int Crossover(const Common& common, const std::string& id);
struct ExplainOptions {
  std::string id;
  std::string arm;     // narrows it (see KeepLedgersOf) and shows every number; empty: a line each
  std::string policy;  // what this dispatch rule would pick instead of ledgers; "all": every rule
};
// Exit code 1 without ledgers, or without a format that the rule is about; 3 if no ledger is of the
// arm, or no rule has the name.
int Explain(const Common& common, const ExplainOptions& options);
struct ExportOptions {
  std::string id;
  std::string format = "json";  // json, csv, markdown, html
  std::string out;              // empty: stdout
};
int Export(const Common& common, const ExportOptions& options);

// Fleet and operations.
int ShowFleet(const Common& common, bool all);
int Drain(const Common& common, const std::string& agent, bool resume);
int Database(const std::string& command, const std::string& database);

// The document, or kNotFound / kInvalidArgument; "-" reads stdin.
Result<std::string> ReadDocument(const std::string& file);

}  // namespace quantfleet::cli
