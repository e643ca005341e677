// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
//
// Measures the dispatch of "auto" on this machine's CPU: for every format and batch the fused
// kernel against decoding once and handing over to the dense multiply, in interleaved rounds.
// Prints the times as comments and the rows for kernels/ops/linear/cpu/dispatch.cpp. Usage:
// dispatch_benchmark [threads [n k [format ...]]] (default: 1 2048 2048, every format).
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include <time.h>

#include "base/units.hpp"
#include "kernels/cpu/device.hpp"
#include "kernels/engine/backend.hpp"
#include "kernels/formats/format.hpp"

namespace quantfleet {
namespace {

constexpr uint32_t kBatches[] = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512};
constexpr const char* kKernels[] = {"fused", "dequantize_then_gemm"};
// Of several calls the fastest: what others do on this machine only adds.
constexpr int kRounds = 6;
// A hand-over must gain this much, so that noise moves no row.
constexpr double kGain = 1.03;

struct Options {
  uint32_t threads = 1;
  uint32_t n = 2048;
  uint32_t k = 2048;
  std::vector<std::string> formats;
};

// Processor time of this process. Seconds.
double ProcessorSeconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

// Fastest call of each kernel in processor time a thread: waiting for a processor that others have
// does not count. Seconds.
Result<std::vector<double>> Measure(engine::OpenedDevice& opened, const Options& options,
                                    const std::string& format, uint32_t batch) {
  std::vector<std::unique_ptr<engine::PreparedArm>> arms;
  for (const char* kernel : kKernels) {
    engine::ArmSpec spec = {"linear", format, kernel,
                            "cold",   7,      engine::LinearShape{options.n, options.k, batch}};
    QF_ASSIGN_OR_RETURN(auto arm, opened.operations.front()->Prepare(spec));
    arms.push_back(std::move(arm));
  }
  std::vector<double> best(arms.size(), 1e9);
  for (int round = 0; round < kRounds; ++round) {
    for (size_t i = 0; i < arms.size(); ++i) {
      const uint32_t copy = arms[i]->TakeCopies(1);
      const double begin = ProcessorSeconds();
      QF_RETURN_IF_ERROR(arms[i]->Run(copy));
      const double seconds = (ProcessorSeconds() - begin) / options.threads;
      if (round > 0) best[i] = std::min(best[i], seconds);  // The first warms up.
    }
  }
  return best;
}

// Largest batch up to which the fused kernel is to run: beyond it every measured batch was faster
// the other way. 0 if that is so from the first.
Result<uint32_t> LastFused(engine::OpenedDevice& opened, const Options& options,
                           const std::string& format) {
  uint32_t last = 0;
  for (const uint32_t batch : kBatches) {
    QF_ASSIGN_OR_RETURN(const std::vector<double> seconds, Measure(opened, options, format, batch));
    if (seconds[0] <= seconds[1] * kGain) last = batch;
    std::printf("// %-20s batch %4u: fused %10s, dequantize_then_gemm %10s (%.2f x)\n",
                format.c_str(), batch, FormatSeconds(seconds[0]).c_str(),
                FormatSeconds(seconds[1]).c_str(), seconds[1] / seconds[0]);
    std::fflush(stdout);
  }
  return last;
}

Status Run(const Options& options) {
  const auto backend = cpu::MakeCpuBackend(options.threads);
  QF_ASSIGN_OR_RETURN(engine::OpenedDevice opened, backend->Open("cpu"));
  std::printf("// %s, %u threads, %u x %u, cold.\n", opened.device->info().name.c_str(),
              options.threads, options.n, options.k);
  std::string rows;
  for (const formats::Format* format : formats::AllFormats()) {
    const std::string name(format->name());
    const bool wanted = options.formats.empty() ||
                        std::count(options.formats.begin(), options.formats.end(), name) > 0;
    if (format->lossless() || !wanted) continue;
    const Result<uint32_t> last = LastFused(opened, options, name);
    if (!last.ok()) {
      std::printf("// %s: %s\n", name.c_str(), last.status().message().c_str());
      continue;
    }
    if (*last > 0 && *last < std::end(kBatches)[-1]) {
      rows += "      {\"" + name + "\", " + std::to_string(*last) + ", \"fused\"},\n";
    }
    const char* const rest = *last == std::end(kBatches)[-1] ? "fused" : "dequantize_then_gemm";
    rows += "      {\"" + name + "\", UINT32_MAX, \"" + rest + "\"},\n";
    opened.operations.front()->DropCaches();
  }
  std::printf("%s", rows.c_str());
  opened.operations.clear();
  return OkStatus();
}

}  // namespace
}  // namespace quantfleet

int main(int argc, char** argv) {
  quantfleet::Options options;
  const auto number = [&](int i, uint32_t otherwise) {
    return i < argc ? static_cast<uint32_t>(std::strtoul(argv[i], nullptr, 10)) : otherwise;
  };
  options.threads = number(1, options.threads);
  options.n = number(2, options.n);
  options.k = number(3, options.k);
  for (int i = 4; i < argc; ++i) options.formats.emplace_back(argv[i]);
  const quantfleet::Status status = quantfleet::Run(options);
  if (status.ok()) return 0;
  std::fprintf(stderr, "dispatch_benchmark: %s\n", status.ToString().c_str());
  return 1;
}
