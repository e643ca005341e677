// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace quantfleet::cli {

// What a progress line shows.
struct ProgressState {
  double fraction = 0;  // in [0, 1]
  unsigned blocks_done = 0;
  unsigned blocks_total = 0;
  double seconds_left = -1;  // negative: not known
  std::string note;          // what runs now
};

// "[#####-----]  50 %  28/56 blocks  1:05 left  note", cut to `width` columns.
std::string ProgressLine(const ProgressState& state, unsigned width);

// Shows progress on stderr: one line that is overwritten on a terminal, otherwise a plain line
// whenever another tenth is done.
class ProgressBar {
 public:
  ProgressBar();
  void Show(const ProgressState& state);
  // Ends the line.
  void Finish();

 private:
  const bool terminal_;
  int shown_tenth_ = -1;
};

}  // namespace quantfleet::cli
