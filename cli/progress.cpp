// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "cli/progress.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include <sys/ioctl.h>
#include <unistd.h>

namespace quantfleet::cli {
namespace {

constexpr unsigned kBarWidth = 30;

unsigned TerminalWidth() {
  winsize size{};
  return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 100;
}

}  // namespace

std::string ProgressLine(const ProgressState& state, unsigned width) {
  const double fraction = std::clamp(state.fraction, 0.0, 1.0);
  const auto filled = static_cast<unsigned>(std::floor(fraction * kBarWidth));
  std::array<char, 96> numbers;
  std::snprintf(numbers.data(), numbers.size(), "] %3.0f %%  %u/%u blocks",
                std::floor(100 * fraction), state.blocks_done, state.blocks_total);
  std::string line =
      "[" + std::string(filled, '#') + std::string(kBarWidth - filled, '-') + numbers.data();
  if (state.seconds_left >= 0) {
    const auto seconds = static_cast<unsigned>(std::ceil(state.seconds_left));
    std::snprintf(numbers.data(), numbers.size(), "  %u:%02u left", seconds / 60, seconds % 60);
    line += numbers.data();
  }
  if (!state.note.empty()) line += "  " + state.note;
  if (line.size() > width) line.resize(width);
  return line;
}

ProgressBar::ProgressBar() : terminal_(isatty(STDERR_FILENO) != 0) {}

void ProgressBar::Show(const ProgressState& state) {
  if (terminal_) {
    const unsigned width = TerminalWidth();
    std::fprintf(stderr, "\r\033[K%s", ProgressLine(state, width - 1).c_str());
    return;
  }
  const int tenth = static_cast<int>(std::floor(10 * state.fraction));
  if (tenth == shown_tenth_) return;
  shown_tenth_ = tenth;
  std::fprintf(stderr, "%s\n", ProgressLine(state, 100).c_str());
}

void ProgressBar::Finish() {
  if (terminal_) std::fprintf(stderr, "\n");
}

}  // namespace quantfleet::cli
