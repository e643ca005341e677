// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include <charconv>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include <sys/prctl.h>
#include <unistd.h>

#include "base/version.hpp"
#include "kernels/cpu/device.hpp"
#include "kernels/engine/protocol/server.hpp"
#if defined(QUANTFLEET_CUDA)
#include "kernels/cuda/backend.hpp"
#endif

namespace {

constexpr int kBadUsage = 2;
constexpr int kNotFound = 3;

constexpr std::string_view kHelp =
    R"(quantfleet-engine measures arms on one device. It reads one JSON request a line on stdin and writes
one JSON event a line on stdout, as proto/quantfleet/v1/engine.proto describes.

  echo '{"describe":{}}' | quantfleet-engine

Options:
  --device SELECTOR  "cpu" or "cuda:N"; without it describe lists every device, and run and calibrate
                     take the first
  --threads N        threads of the CPU device; default: every processor the process may use
  --help, --version  print and exit
)";

struct Options {
  std::string device;
  uint32_t threads = 0;
};

void Print(std::FILE* to, std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), to);
}

int BadUsage(const std::string& message) {
  Print(stderr, "quantfleet-engine: " + message + " (see --help)\n");
  return kBadUsage;
}

// Exit code, or -1 to go on.
int ParseArguments(const std::vector<std::string_view>& arguments, Options* options) {
  for (size_t i = 0; i < arguments.size(); ++i) {
    std::string_view name = arguments[i];
    if (name == "--help" || name == "--version") {
      Print(stdout,
            name == "--help" ? std::string(kHelp) : std::string(quantfleet::Version()) + "\n");
      return 0;
    }
    std::string_view value;
    if (const size_t equals = name.find('='); equals != std::string_view::npos) {
      value = name.substr(equals + 1);
      name = name.substr(0, equals);
    } else if (i + 1 < arguments.size()) {
      value = arguments[++i];
    }
    if (name != "--device" && name != "--threads") {
      return BadUsage("unknown option " + std::string(name));
    }
    if (value.empty()) return BadUsage(std::string(name) + " needs a value");
    if (name == "--device") {
      options->device = value;
      continue;
    }
    const auto [end, error] =
        std::from_chars(value.data(), value.data() + value.size(), options->threads);
    if (error != std::errc() || end != value.data() + value.size() || options->threads == 0 ||
        options->threads > 256) {
      return BadUsage("--threads takes a number from 1 to 256, not " + std::string(value));
    }
  }
  return -1;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  const int parsed = ParseArguments({argv + 1, argv + argc}, &options);
  if (parsed >= 0) return parsed;
  // An engine without its agent would measure for nobody, on a device that others want.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  std::signal(SIGPIPE, SIG_IGN);

  std::vector<std::unique_ptr<quantfleet::engine::Backend>> backends;
  backends.push_back(quantfleet::cpu::MakeCpuBackend(options.threads));
#if defined(QUANTFLEET_CUDA)
  backends.push_back(quantfleet::cuda::MakeCudaBackend());
#endif
  quantfleet::engine::Server server(backends, options.device, quantfleet::Clock::Steady());
  const quantfleet::Status status = server.Serve(STDIN_FILENO, STDOUT_FILENO);
  if (status.ok()) return 0;
  Print(stderr, "quantfleet-engine: " + status.message() + "\n");
  return status.code() == quantfleet::StatusCode::kNotFound ? kNotFound : 1;
}
