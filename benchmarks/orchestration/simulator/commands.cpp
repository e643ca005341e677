// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/orchestration/simulator/commands.hpp"

#include <iostream>
#include <memory>
#include <mutex>
#include <thread>

namespace quantfleet::bench {
namespace {

struct Inbox {
  std::mutex mutex;
  std::vector<std::pair<std::string, Duration>> lines;

  void Add(std::string line) {
    const std::lock_guard lock(mutex);
    lines.emplace_back(std::move(line), Clock::Steady()->Now());
  }
};

// Never deleted: its thread may still wait for a line when the program ends.
Inbox& TheInbox() {
  static auto* inbox = new Inbox;
  return *inbox;
}

}  // namespace

Commands::Commands() {
  Inbox& inbox = TheInbox();
  std::thread([&inbox] {
    for (std::string line; std::getline(std::cin, line);) inbox.Add(line);
    inbox.Add("stop");
  }).detach();
}

std::vector<std::pair<std::string, Duration>> Commands::Take() {
  Inbox& inbox = TheInbox();
  const std::lock_guard lock(inbox.mutex);
  return std::exchange(inbox.lines, {});
}

}  // namespace quantfleet::bench
