// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "cli/output.hpp"

#include <algorithm>
#include <cstdio>

#include <google/protobuf/util/json_util.h>

namespace quantfleet::cli {
namespace {

size_t Width(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

bool LooksNumeric(std::string_view text) {
  return !text.empty() &&
         (std::string_view("0123456789.-+").find(text[0]) != std::string_view::npos);
}

std::string Render(const google::protobuf::Message& message, bool indented, bool defaults = false) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = indented;
  options.always_print_primitive_fields = defaults;
  std::string text;
  const auto status = google::protobuf::util::MessageToJsonString(message, &text, options);
  QF_CHECK(status.ok());
  return text;
}

}  // namespace

void Table::Add(std::vector<std::string> cells) {
  QF_CHECK(cells.size() == header_.size());
  rows_.push_back(std::move(cells));
}

std::string Table::AsText() const {
  std::vector<size_t> widths;
  std::vector<bool> right(header_.size(), !rows_.empty());
  for (const std::string& cell : header_) widths.push_back(Width(cell));
  for (const auto& row : rows_) {
    for (size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], Width(row[i]));
      right[i] = right[i] && (row[i].empty() || LooksNumeric(row[i]));
    }
  }
  std::string text;
  const auto add = [&](const std::vector<std::string>& row) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
      const std::string pad(widths[i] - Width(row[i]), ' ');
      if (i > 0) line += "  ";
      line += right[i] ? pad + row[i] : row[i] + pad;
    }
    text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  };
  add(header_);
  for (const auto& row : rows_) add(row);
  return text;
}

std::string Table::AsCsv() const {
  std::string text;
  const auto add = [&](const std::vector<std::string>& row) {
    for (size_t i = 0; i < row.size(); ++i) text += (i > 0 ? "," : "") + CsvField(row[i]);
    text += "\r\n";
  };
  add(header_);
  for (const auto& row : rows_) add(row);
  return text;
}

std::string CsvField(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted.push_back('"');
    quoted.push_back(c);
  }
  return quoted + '"';
}

std::string JsonOf(const google::protobuf::Message& message) {
  return Render(message, true);
}
std::string CompactJsonOf(const google::protobuf::Message& message) {
  return Render(message, false);
}
std::string FullJsonOf(const google::protobuf::Message& message) {
  return Render(message, true, true);
}

void Print(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

int Fail(const Status& status) {
  std::string line = status.message();
  std::replace(line.begin(), line.end(), '\n', ' ');
  std::fprintf(stderr, "quantfleet: %s\n", line.c_str());
  switch (status.code()) {
    case StatusCode::kInvalidArgument:
    case StatusCode::kAlreadyExists:
    case StatusCode::kFailedPrecondition:
      return 2;
    case StatusCode::kNotFound:
      return 3;
    case StatusCode::kUnauthenticated:
    case StatusCode::kPermissionDenied:
      return 4;
    case StatusCode::kUnavailable:
    case StatusCode::kDeadlineExceeded:
      return 5;
    default:
      return 1;
  }
}

}  // namespace quantfleet::cli
