// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/matrix/diagnostic.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace quantfleet::matrix {
namespace {

std::string Escaped(const std::string& text) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string escaped;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n') {
      escaped += "\\n";
    } else if (c == '\t') {
      escaped += "\\t";
    } else if (byte < 0x20 || byte == 0x7f) {
      escaped += {'\\', 'x', kHex[byte >> 4], kHex[byte & 15]};
    } else {
      escaped += c;
    }
  }
  return escaped;
}

}  // namespace

std::string Diagnostic::ToString() const {
  std::string line_text = Escaped(file) + ":" + std::to_string(line) + ":" +
                          std::to_string(column) + ": " + Escaped(message);
  if (!hint.empty()) line_text += " (" + Escaped(hint) + ")";
  return line_text;
}

void Report::Add(Place place, std::string message, std::string hint) {
  diagnostics_.push_back({file_, place.line, place.column, std::move(message), std::move(hint)});
}

std::vector<Diagnostic> Report::Finish() && {
  std::stable_sort(diagnostics_.begin(), diagnostics_.end(),
                   [](const Diagnostic& a, const Diagnostic& b) {
                     return std::tie(a.line, a.column) < std::tie(b.line, b.column);
                   });
  if (diagnostics_.size() > kMaxDiagnostics) diagnostics_.resize(kMaxDiagnostics);
  return std::move(diagnostics_);
}

std::string Quoted(const std::string& text) {
  constexpr size_t kMaxBytes = 60;
  if (text.size() <= kMaxBytes) return "\"" + text + "\"";
  // Not in the middle of a UTF-8 sequence.
  size_t end = kMaxBytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return "\"" + text.substr(0, end) + "...\"";
}

}  // namespace quantfleet::matrix
