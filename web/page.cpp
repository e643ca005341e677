// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "web/page.hpp"

#include "base/status.hpp"
#include "web/page_data.hpp"

namespace quantfleet::web {

std::string_view WebPage() {
  return kPage;
}

std::string_view WebPagePolicy() {
  return kPagePolicy;
}

std::string RenderReport(std::string_view comparison_json) {
  const size_t place = kPage.find(kDataPlace);
  QF_CHECK(place != std::string_view::npos);
  std::string report(kPage.substr(0, place));
  report += R"(<script type="application/json" id="quantfleet-comparison">)";
  // JSON has "<" only inside strings, where the escape means the same. Escaping "</" alone would
  // leave "<!--<script", after which HTML ignores the end tag
  // (https://html.spec.whatwg.org/multipage/scripting.html#restrictions-for-contents-of-script-elements).
  for (const char c : comparison_json) {
    if (c == '<') {
      report += "\\u003c";
    } else {
      report += c;
    }
  }
  report += "</script>";
  report += kPage.substr(place + kDataPlace.size());
  return report;
}

}  // namespace quantfleet::web
