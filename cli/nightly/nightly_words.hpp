// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

namespace CLI {
class App;
}

namespace quantfleet::cli {

struct Common;

// Adds the verbs of nightly runs to the command line. `verb` becomes what the words ask for; both
// references outlive the parse and the call of `verb`.
void AddNightlyVerbs(CLI::App& app, Common& common, std::function<int()>& verb);

}  // namespace quantfleet::cli
