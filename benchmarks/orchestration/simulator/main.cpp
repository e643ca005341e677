// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>

#include <absl/synchronization/mutex.h>
#include <unistd.h>

#include "benchmarks/orchestration/simulator/fleet.hpp"
#include "benchmarks/orchestration/simulator/options.hpp"
#include "benchmarks/orchestration/simulator/results.hpp"

namespace quantfleet::bench {
namespace {

void PrintHexadecimal(const std::string& bytes) {
  for (const char byte : bytes)
    std::printf("%02x", static_cast<unsigned>(static_cast<uint8_t>(byte)));
  std::printf("\n");
}

int Main(int argc, char** argv) {
  FleetOptions options;
  if (const int code = ParseFleetOptions(argc, argv, options); code >= 0) return code;
  if (options.print_block) {
    PrintHexadecimal(SmallestBlock().SerializeAsString());
    return 0;
  }
  std::string document;
  if (options.submissions > 0) {
    std::ifstream file(options.document);
    std::ostringstream text;
    text << file.rdbuf();
    document = text.str();
    if (document.empty()) {
      std::fprintf(stderr, "fleet_simulator: cannot read %s\n", options.document.c_str());
      return 2;
    }
  }
  {
    Fleet fleet(options, document);
    fleet.Run();
    std::fflush(stdout);
    // Thousands of channels take long to close, and nobody is waiting.
    _exit(0);
  }
}

}  // namespace
}  // namespace quantfleet::bench

int main(int argc, char** argv) {
  // As the coordinator does, and for the same reason.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  return quantfleet::bench::Main(argc, argv);
}
