// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.hpp"

namespace google::protobuf {
class Message;
}

namespace quantfleet::cli {

// How a listing is written.
enum class Output {
  kTable,  // for people; not to be parsed
  kJson,   // the protobuf JSON mapping
  kCsv,    // RFC 4180, with a header line
};

// Rows of text under a header.
class Table {
 public:
  explicit Table(std::vector<std::string> header) : header_(std::move(header)) {}
  // As many cells as the header has.
  void Add(std::vector<std::string> cells);
  // Columns padded to their widest cell (counted in code points); numbers to the right.
  std::string AsText() const;
  std::string AsCsv() const;

 private:
  std::vector<std::string> header_;
  std::vector<std::vector<std::string>> rows_;
};

// A CSV field, quoted where RFC 4180 asks for it.
std::string CsvField(std::string_view text);

// The protobuf JSON mapping, indented.
std::string JsonOf(const google::protobuf::Message& message);
// In one line.
std::string CompactJsonOf(const google::protobuf::Message& message);

// Indented, with fields that are zero and lists that are empty.
std::string FullJsonOf(const google::protobuf::Message& message);

// Writes to stdout.
void Print(std::string_view text);

// One line on stderr, and the exit code for it: 0 ok, 2 invalid, 3 not found, 4 not authorised, 5
// unavailable, 1 otherwise.
int Fail(const Status& status);

}  // namespace quantfleet::cli
