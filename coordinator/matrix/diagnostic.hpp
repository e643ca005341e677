// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace quantfleet::matrix {

// One thing wrong with a matrix file. Lines and columns count from 1; columns count bytes.
struct Diagnostic {
  std::string file;
  int line = 1;
  int column = 1;
  std::string message;  // what is wrong
  std::string hint;     // what to write instead; may be empty

  // `file:line:column: message (hint)`, one line, control characters escaped.
  std::string ToString() const;
};

// A position in the document. Lines and columns count from 1; columns count bytes.
struct Place {
  int line = 1;
  int column = 1;
};

// Collects what is wrong with one file.
class Report {
 public:
  explicit Report(std::string file) : file_(std::move(file)) {}

  void Add(Place place, std::string message, std::string hint = "");
  bool empty() const { return diagnostics_.empty(); }
  // What was added, in order of place, the first kMaxDiagnostics of them.
  std::vector<Diagnostic> Finish() &&;

  static constexpr size_t kMaxDiagnostics = 20;

 private:
  std::string file_;
  std::vector<Diagnostic> diagnostics_;
};

// `text` in double quotes, cut after 60 bytes: for messages, so that a hostile file cannot make
// them long.
std::string Quoted(const std::string& text);

}  // namespace quantfleet::matrix
