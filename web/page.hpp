// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace quantfleet::web {

// The dashboard as one self-contained HTML document, UTF-8: script and style are inline, nothing is
// loaded but the coordinator's JSON from the page's own origin. Lives as long as the program.
std::string_view WebPage();

// Value of the Content-Security-Policy header for WebPage() and for reports: nothing may run but
// the page's own script and style, named by their SHA-256
// (https://www.w3.org/TR/CSP3/#framework-directive-source-list). The document carries it as a meta
// element too, so that a report opened from a disk has it.
std::string_view WebPagePolicy();

// The same document with a comparison inside: a file that opens without a server.
// `comparison_json` is the protobuf JSON of quantfleet.v1.Comparison. It is embedded as data and
// may hold any strings: no text in it can end the element or become markup.
std::string RenderReport(std::string_view comparison_json);

}  // namespace quantfleet::web
