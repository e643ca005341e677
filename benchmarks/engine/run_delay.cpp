// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/engine/run_delay.hpp"

#include <charconv>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <system_error>

#include <fcntl.h>
#include <unistd.h>

namespace quantfleet::bench {

RunDelay::RunDelay() {
  std::error_code none;
  for (const auto& thread : std::filesystem::directory_iterator("/proc/self/task", none)) {
    const int file = open((thread.path() / "schedstat").c_str(), O_RDONLY | O_CLOEXEC);
    if (file >= 0) files_.push_back(file);
  }
}

RunDelay::~RunDelay() {
  for (const int file : files_) close(file);
}

double RunDelay::Seconds() const {
  uint64_t total = 0;
  for (const int file : files_) {
    // "<ns on a processor> <ns waiting for one> <times>"
    char text[96] = {};
    const ssize_t size = pread(file, text, sizeof(text) - 1, 0);
    const char* const gap = size > 0 ? std::strchr(text, ' ') : nullptr;
    uint64_t waited = 0;
    if (gap != nullptr) std::from_chars(gap + 1, text + size, waited);
    total += waited;
  }
  return static_cast<double>(total) / 1e9;
}

}  // namespace quantfleet::bench
