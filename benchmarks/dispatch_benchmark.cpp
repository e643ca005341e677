// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
//
// Measures the dispatch of "auto" on this machine's CPU: for every format and batch the dense
// kernel where there is one, the fused one, and decoding once and handing over to the dense
// multiply of fp32, in interleaved rounds. Prints the times as comments and the rows for
// kernels/ops/linear/cpu/dispatch.cpp. Usage: dispatch_benchmark [threads [n k [format ...]]]
// (default: 1 2048 2048, every format).
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
constexpr const char* kKernels[] = {"dense", "fused", "dequantize_then_gemm"};
// Of several calls the fastest: what others do on this machine only adds.
constexpr int kRounds = 6;
// Another kernel than that of the batch before must gain this much, so that noise moves no row.
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

struct KernelTime {
  std::string kernel;
  // Fastest call.
  double seconds = 1e9;
};

// Fastest call of each kernel of the format in processor time a thread: waiting for a processor
// that others have does not count.
Result<std::vector<KernelTime>> Measure(engine::OpenedDevice& opened, const Options& options,
                                        const std::string& format, uint32_t batch) {
  std::vector<std::unique_ptr<engine::PreparedArm>> arms;
  std::vector<KernelTime> times;
  for (const char* kernel : kKernels) {
    engine::ArmSpec spec = {"linear", format, kernel,
                            "cold",   7,      engine::LinearShape{options.n, options.k, batch}};
    auto arm = opened.operations.front()->Prepare(spec);
    if (arm.status().code() == StatusCode::kUnimplemented) continue;
    if (!arm.ok()) return arm.status();
    arms.push_back(*std::move(arm));
    times.push_back({kernel});
  }
  for (int round = 0; round < kRounds; ++round) {
    for (size_t i = 0; i < arms.size(); ++i) {
      const uint32_t copy = arms[i]->TakeCopies(1);
      const double begin = ProcessorSeconds();
      QF_RETURN_IF_ERROR(arms[i]->Run(copy));
      const double seconds = (ProcessorSeconds() - begin) / options.threads;
      if (round > 0) times[i].seconds = std::min(times[i].seconds, seconds);  // The first warms up.
    }
  }
  return times;
}

// The kernel to run: that of the batch before unless another gains kGain over it.
std::string Choose(const std::vector<KernelTime>& times, const std::string& before) {
  const auto faster = [](const KernelTime& a, const KernelTime& b) {
    return a.seconds < b.seconds;
  };
  const KernelTime& best = *std::min_element(times.begin(), times.end(), faster);
  const bool stays = std::any_of(times.begin(), times.end(), [&](const KernelTime& time) {
    return time.kernel == before && time.seconds <= best.seconds * kGain;
  });
  return stays ? before : best.kernel;
}

std::string Row(const std::string& format, const std::string& most, const std::string& kernel) {
  return "      {\"" + format + "\", " + most + ", \"" + kernel + "\"},\n";
}

// The rows of a format for dispatch.cpp.
Result<std::string> MeasureRows(engine::OpenedDevice& opened, const Options& options,
                                const std::string& format) {
  std::string rows;
  std::string chosen;
  uint32_t last = 0;
  for (const uint32_t batch : kBatches) {
    QF_ASSIGN_OR_RETURN(const std::vector<KernelTime> times,
                        Measure(opened, options, format, batch));
    if (times.empty()) return Unimplemented("no kernel takes this shape");
    const std::string kernel = Choose(times, chosen);
    if (!chosen.empty() && kernel != chosen) rows += Row(format, std::to_string(last), chosen);
    chosen = kernel;
    last = batch;
    std::printf("// %-20s batch %4u:", format.c_str(), batch);
    for (const KernelTime& time : times) {
      std::printf(" %s %s", time.kernel.c_str(), FormatSeconds(time.seconds).c_str());
    }
    std::printf("\n");
    std::fflush(stdout);
  }
  return rows + Row(format, "UINT32_MAX", chosen);
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
    const Result<std::string> measured = MeasureRows(opened, options, name);
    if (measured.ok()) {
      rows += *measured;
    } else {
      std::printf("// %s: %s\n", name.c_str(), measured.status().message().c_str());
    }
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
