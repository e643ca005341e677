// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace quantfleet::cli {

// Parses the command line and runs its verb. Returns the exit code.
int RunApp(int argc, char** argv);

// True for the verbs that end by SIGTERM and SIGINT in an orderly way: up and run.
bool WantsSignals(int argc, char** argv);

}  // namespace quantfleet::cli
