// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
//
// How near each format's batch-1 kernel comes to what this memory gives: cold GB/s of packed
// weights as a share of the read ceiling measured in the same run. Usage: linear_benchmark [threads
// ...] (default: 1 2). The last line is JSON.
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/units.hpp"
#include "kernels/cpu/device.hpp"
#include "kernels/engine/backend.hpp"
#include "kernels/engine/statistics.hpp"

namespace quantfleet {
namespace {

struct Row {
  std::string format;
  double seconds = 0;
  double bytes_per_second = 0;
};

Result<Row> MeasureFormat(engine::OpenedDevice& opened, const std::string& format, uint32_t n,
                          uint32_t k) {
  constexpr size_t kSamples = 400;
  const engine::ArmSpec spec = {"linear", format, "auto", "cold", 7, engine::LinearShape{n, k, 1}};
  QF_ASSIGN_OR_RETURN(const auto arm, opened.operations.front()->Prepare(spec));
  std::vector<engine::CallTime> times(kSamples);
  for (int pass = 0; pass < 2; ++pass) {  // The first warms up.
    QF_RETURN_IF_ERROR(opened.device->Sample(*arm, arm->TakeCopies(kSamples), times));
  }
  std::vector<double> seconds;
  for (const engine::CallTime& time : times) seconds.push_back(time.device_seconds);
  Row row{format, engine::Median(std::move(seconds)), 0};
  row.bytes_per_second = static_cast<double>(arm->cost().weight_bytes) / row.seconds;
  return row;
}

Status Measure(uint32_t threads, std::string* json) {
  const auto backend = cpu::MakeCpuBackend(threads);
  QF_ASSIGN_OR_RETURN(engine::OpenedDevice opened, backend->Open("cpu"));
  QF_ASSIGN_OR_RETURN(const engine::Ceilings ceilings,
                      opened.device->Calibrate(std::chrono::seconds(2), {}));
  const double dram = ceilings.dram_read_bytes_per_second;
  std::printf("%s, %u threads: memory %s, cache %s, fp32 %s\n", opened.device->info().name.c_str(),
              threads, FormatBytesPerSecond(dram).c_str(),
              FormatBytesPerSecond(ceilings.cache_read_bytes_per_second).c_str(),
              FormatOperationsPerSecond(ceilings.matrix_operations_per_second.at("fp32")).c_str());
  for (const auto& [n, k] : std::vector<std::pair<uint32_t, uint32_t>>{{3072, 768}, {768, 3072}}) {
    double baseline = 0;
    for (const char* format : {"fp32", "bf16", "int8", "nf4"}) {
      QF_ASSIGN_OR_RETURN(const Row row, MeasureFormat(opened, format, n, k));
      if (baseline == 0) baseline = row.seconds;
      std::printf("  %4u x %-4u %-5s %10s %10s %5.0f %% of memory %6.2f x fp32\n", n, k, format,
                  FormatSeconds(row.seconds).c_str(),
                  FormatBytesPerSecond(row.bytes_per_second).c_str(),
                  100 * row.bytes_per_second / dram, baseline / row.seconds);
      char line[256];
      std::snprintf(line, sizeof(line),
                    "%s{\"threads\":%u,\"n\":%u,\"k\":%u,\"format\":\"%s\",\"seconds\":%.9g,"
                    "\"dramShare\":%.4f,\"speedup\":%.4f}",
                    json->empty() ? "" : ",", threads, n, k, format, row.seconds,
                    row.bytes_per_second / dram, baseline / row.seconds);
      *json += line;
    }
  }
  opened.operations.clear();
  return OkStatus();
}

}  // namespace
}  // namespace quantfleet

int main(int argc, char** argv) {
  std::vector<uint32_t> counts;
  for (int i = 1; i < argc; ++i) {
    counts.push_back(static_cast<uint32_t>(std::strtoul(argv[i], nullptr, 10)));
  }
  if (counts.empty()) counts = {1, 2};
  std::string json;
  for (const uint32_t threads : counts) {
    const quantfleet::Status status = quantfleet::Measure(threads, &json);
    if (status.ok()) continue;
    std::fprintf(stderr, "linear_benchmark: %s\n", status.ToString().c_str());
    return 1;
  }
  std::printf("{\"linear\":[%s]}\n", json.c_str());
  return 0;
}
