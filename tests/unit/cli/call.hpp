// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdio>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "cli/app.hpp"

namespace quantfleet::cli {

struct Outcome {
  int exit_code = 0;
  std::string out;
  std::string err;
};

// The client with these words behind its name, in this process.
inline Outcome Call(std::vector<std::string> words) {
  words.insert(words.begin(), "quantfleet");
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  Outcome outcome;
  outcome.exit_code = RunApp(static_cast<int>(arguments.size()), arguments.data());
  std::fflush(stdout);
  outcome.out = testing::internal::GetCapturedStdout();
  outcome.err = testing::internal::GetCapturedStderr();
  return outcome;
}

}  // namespace quantfleet::cli
