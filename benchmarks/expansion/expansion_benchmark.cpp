// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
//
// Times what a coordinator computes of a large matrix: parsing with all its checks, and making its
// blocks one by one. Usage: expansion_benchmark FILE.
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>

#include "base/clock.hpp"
#include "coordinator/matrix/expansion.hpp"

namespace quantfleet {
namespace {

// Of the process: the most memory it had so far. KiB; 0 if unknown.
long PeakKib() {
  std::ifstream status("/proc/self/status");
  std::string line;
  while (std::getline(status, line)) {
    if (line.starts_with("VmHWM:")) return std::stol(line.substr(6));
  }
  return 0;
}

int Main(const char* path) {
  std::ifstream file(path, std::ios::binary);
  const std::string document(std::istreambuf_iterator<char>(file), {});
  const Duration begin = Clock::Steady()->Now();
  const matrix::ParseOutcome outcome = matrix::ParseMatrix(document, path);
  if (outcome.matrix == nullptr) {
    std::fprintf(stderr, "%s\n", outcome.diagnostics.front().ToString().c_str());
    return 2;
  }
  const Duration parsed = Clock::Steady()->Now();
  const matrix::BlockMaker maker(outcome.matrix, {"here"});
  uint64_t arms = 0, bytes = 0;
  for (uint64_t i = 0; i < maker.size(); ++i) {
    const v1::Block block = maker.At(i);
    arms += static_cast<uint64_t>(block.arms_size());
    bytes += matrix::StableBytes(block).size();
  }
  const Duration made = Clock::Steady()->Now();
  std::printf("parsed and checked in %.3f s\n", ToSeconds(parsed - begin));
  std::printf("%llu arms in %llu blocks made in %.3f s, %.2f us an arm, %.1f bytes an arm\n",
              static_cast<unsigned long long>(arms), static_cast<unsigned long long>(maker.size()),
              ToSeconds(made - parsed), 1e6 * ToSeconds(made - parsed) / static_cast<double>(arms),
              static_cast<double>(bytes) / static_cast<double>(arms));
  std::printf("most memory: %ld MiB\n", PeakKib() / 1024);
  return 0;
}

}  // namespace
}  // namespace quantfleet

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: expansion_benchmark FILE\n");
    return 2;
  }
  return quantfleet::Main(argv[1]);
}
