// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "cli/nightly/junit.hpp"

#include <algorithm>
#include <map>

namespace quantfleet::cli {
namespace {

// Text or attribute: what XML 1.0 has no place for becomes a question mark.
std::string Escaped(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      default:
        escaped += static_cast<unsigned char>(c) < 0x20 ? '?' : c;
    }
  }
  return escaped;
}

std::string NameOf(const v1::GateCase& one) {
  std::string name = one.series();
  if (!one.device_class().empty()) name += " on " + one.device_class();
  for (const auto& [key, value] :
       std::map<std::string, std::string>(one.labels().begin(), one.labels().end())) {
    name += " " + key + "=" + value;
  }
  return name;
}

}  // namespace

std::string JunitOf(const v1::GateReport& report) {
  const auto count = [&](v1::GateVerdict verdict) {
    return std::to_string(std::count_if(report.cases().begin(), report.cases().end(),
                                        [&](const auto& one) { return one.verdict() == verdict; }));
  };
  std::string text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n";
  text += "  <testsuite name=\"quantfleet gate\" tests=\"" + std::to_string(report.cases_size()) +
          "\" failures=\"" + count(v1::GATE_VERDICT_FAILED) + "\" errors=\"0\" skipped=\"" +
          count(v1::GATE_VERDICT_TOO_FEW_NIGHTS) + "\">\n";
  for (const v1::GateCase& one : report.cases()) {
    const std::string reason = Escaped(one.reason());
    text += "    <testcase classname=\"quantfleet.gate\" name=\"" + Escaped(NameOf(one)) + "\"";
    if (one.verdict() == v1::GATE_VERDICT_FAILED) {
      text += "><failure message=\"" + reason + "\"/></testcase>\n";
    } else if (one.verdict() == v1::GATE_VERDICT_TOO_FEW_NIGHTS) {
      text += "><skipped message=\"" + reason + "\"/></testcase>\n";
    } else {
      text += "/>\n";
    }
  }
  return text + "  </testsuite>\n</testsuites>\n";
}

}  // namespace quantfleet::cli
