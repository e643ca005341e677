// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
//
// quantfleet-device-check: every check of this folder without GoogleTest, for a GPU machine that
// has only a compiler. Prints one line a check and a JSON summary last. Exit: 0 all passed or
// skipped, 1 some failed, 2 bad usage, 3 no GPU.
#include <charconv>
#include <cstdio>
#include <cstring>
#include <random>
#include <string>
#include <string_view>

#include "kernels/cuda/backend.hpp"
#include "tests/device/checks.hpp"

namespace quantfleet::device_checks {
namespace {

struct Options {
  std::string selector = "cuda:0";
  std::string filter;
  uint32_t seed = 0;
};

constexpr const char* kUsage =
    "Usage: quantfleet-device-check [--device cuda:N] [--filter TEXT] [--seed N]\n"
    "Checks the CUDA backend on this machine's GPU.\n";

bool Parse(int count, char** arguments, Options& options) {
  options.seed = std::random_device()();
  for (int i = 1; i + 1 < count; i += 2) {
    const std::string_view flag = arguments[i];
    const std::string_view value = arguments[i + 1];
    if (flag == "--device") {
      options.selector = value;
    } else if (flag == "--filter") {
      options.filter = value;
    } else if (flag == "--seed") {
      const char* end = value.data() + value.size();
      const auto [stop, error] = std::from_chars(value.data(), end, options.seed);
      if (error != std::errc() || stop != end) return false;
    } else {
      return false;
    }
  }
  return count % 2 == 1;
}

int Run(const Options& options) {
  const auto backend = cuda::MakeCudaBackend();
  if (backend->Selectors().empty()) {
    std::fputs("no CUDA GPU on this machine\n", stderr);
    return 3;
  }
  auto opened = backend->Open(options.selector);
  if (!opened.ok()) {
    std::fprintf(stderr, "%s\n", opened.status().ToString().c_str());
    return opened.status().code() == StatusCode::kNotFound ? 3 : 1;
  }
  const engine::DeviceInfo& info = opened->device->info();
  std::printf("%s, %s, seed %u\n", info.name.c_str(), info.architecture.c_str(), options.seed);
  const Subject subject = {&*opened, options.seed};
  int passed = 0;
  int skipped = 0;
  int failed = 0;
  for (const Check& check : AllChecks()) {
    if (check.name.find(options.filter) == std::string::npos) continue;
    const Status status = check.run(subject);
    const bool skip = status.code() == StatusCode::kUnimplemented;
    ++(status.ok() ? passed : skip ? skipped : failed);
    std::printf("%-4s %s%s%s\n",
                status.ok() ? "ok"
                : skip      ? "skip"
                            : "FAIL",
                check.name.c_str(), status.ok() ? "" : ": ", status.message().c_str());
    std::fflush(stdout);
  }
  std::printf("{\"passed\": %d, \"skipped\": %d, \"failed\": %d, \"seed\": %u}\n", passed, skipped,
              failed, options.seed);
  return failed == 0 && passed > 0 ? 0 : 1;
}

}  // namespace
}  // namespace quantfleet::device_checks

int main(int count, char** arguments) {
  using quantfleet::device_checks::kUsage;
  if (count == 2 && std::strcmp(arguments[1], "--help") == 0) {
    std::fputs(kUsage, stdout);
    return 0;
  }
  quantfleet::device_checks::Options options;
  if (!quantfleet::device_checks::Parse(count, arguments, options)) {
    std::fputs(kUsage, stderr);
    return 2;
  }
  return quantfleet::device_checks::Run(options);
}
