// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include <csignal>
#include <initializer_list>

#include "cli/app.hpp"

int main(int argc, char** argv) {
  // Blocked before any thread starts, so that the verbs that care (up, run) can wait for them.
  if (quantfleet::cli::WantsSignals(argc, argv)) {
    sigset_t signals;
    sigemptyset(&signals);
    for (const int signal : {SIGTERM, SIGINT, SIGCHLD}) sigaddset(&signals, signal);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  }
  return quantfleet::cli::RunApp(argc, argv);
}
