// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
//
// Our CPU kernels of "linear" beside a peer's, in one process, on the same weights, in interleaved
// rounds. See --help; prints a table for each thread count and, last, one line of JSON. Exit: 0
// good, 1 a wrong output or a failure, 2 bad usage.
#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/units.hpp"
#include "benchmarks/engine/options.hpp"
#include "benchmarks/engine/our_arm.hpp"
#include "benchmarks/engine/peer.hpp"
#include "benchmarks/engine/report.hpp"
#include "benchmarks/engine/rounds.hpp"
#include "benchmarks/engine/run_delay.hpp"
#include "benchmarks/engine/weights.hpp"
#include "kernels/cpu/calibration.hpp"
#include "kernels/cpu/host_facts.hpp"
#include "kernels/engine/host_load.hpp"
#include "kernels/engine/statistics.hpp"

namespace quantfleet::bench {
namespace {

// Of the time of a calibration that others did not disturb.
constexpr double kMostWaitedShare = 0.05;

class Benchmark {
 public:
  Benchmark(Options options, std::unique_ptr<Peer> peer)
      : options_(std::move(options)), peer_(std::move(peer)) {}

  Result<Report> Run();

 private:
  Status Calibrate();
  uint32_t Copies(const engine::LinearShape& shape, uint64_t weight_bytes) const;
  // One row a thread count.
  Status MeasureFormat(const std::string& format, const engine::LinearShape& shape,
                       const std::vector<float>& x);
  Status MeasureRow(const Reference& reference, Arm* ours,
                    std::span<const std::unique_ptr<Arm>> peers, Row* row);
  void Keep(Row row);

  const Options options_;
  const cpu::HostFacts facts_ = cpu::ReadHostFacts();
  OurKernelsByThreads kernels_;
  cpu::MemoryPool memory_;
  std::unique_ptr<Peer> peer_;
  Report report_;
};

// Before each shape and at the end; the best counts: the machine's neighbours come and go.
Status Benchmark::Calibrate() {
  for (Section& section : report_.sections) {
    const RunDelay delay;
    const double waited = delay.Seconds();
    const Duration start = Clock::Steady()->Now();
    QF_ASSIGN_OR_RETURN(
        const engine::Ceilings now,
        cpu::MeasureCeilings(kernels_.at(section.threads)->pool, memory_,
                             facts_.last_level_cache_bytes, std::chrono::seconds(1), {}));
    const double seconds = ToSeconds(Clock::Steady()->Now() - start);
    if (delay.Seconds() - waited <= kMostWaitedShare * seconds) section.ceilings_quiet = true;
    if (now.dram_read_bytes_per_second > section.ceilings.dram_read_bytes_per_second) {
      section.ceilings = now;
    }
  }
  return OkStatus();
}

// Cold: as many as span several times the last-level cache.
uint32_t Benchmark::Copies(const engine::LinearShape& shape, uint64_t weight_bytes) const {
  if (shape.batch >= kPromptBatch) return 1;
  const uint64_t span = std::max<uint64_t>(256 * kMebibyte, 8 * facts_.last_level_cache_bytes);
  return static_cast<uint32_t>(std::clamp<uint64_t>(span / weight_bytes + 1, 2, 4096));
}

// Runs each arm once and compares what it gives with the reference.
Result<std::vector<ArmFigures>> Check(const Reference& reference, std::span<Arm* const> arms,
                                      uint32_t threads) {
  std::vector<ArmFigures> figures;
  for (Arm* const arm : arms) {
    QF_RETURN_IF_ERROR(arm->UseThreads(threads));
    arm->Poison();
    QF_RETURN_IF_ERROR(arm->Run(arm->copies() - 1));
    arm->Rest();
    figures.push_back({std::string(arm->kernel()),
                       std::string(arm->layout()),
                       0,
                       0,
                       reference.NormalizedError(arm->Output()),
                       {}});
  }
  return figures;
}

Status Benchmark::MeasureRow(const Reference& reference, Arm* ours,
                             std::span<const std::unique_ptr<Arm>> peers, Row* row) {
  std::vector<Arm*> arms;
  if (ours != nullptr) arms.push_back(ours);
  for (const auto& peer : peers) arms.push_back(peer.get());
  QF_ASSIGN_OR_RETURN(std::vector<ArmFigures> figures, Check(reference, arms, row->threads));
  const RunDelay delay;
  const engine::HostLoad load;
  QF_ASSIGN_OR_RETURN(RoundTimes times,
                      MeasureRounds(arms, {options_.seconds, row->threads, options_.seed},
                                    [&] { return delay.Seconds(); }));
  row->foreign_share = load.ForeignShare();
  row->rounds = times.rounds;
  row->disturbed_rounds = times.disturbed;
  row->quiet = times.quiet;
  for (size_t i = 0; i < arms.size(); ++i) {
    figures[i].median_seconds = engine::Median(times.arms[i].rounds);
    figures[i].best_seconds = times.arms[i].best;
    figures[i].rounds = std::move(times.arms[i].rounds);
  }
  if (ours != nullptr) {
    row->ours = std::move(figures.front());
    figures.erase(figures.begin());
  }
  row->peers = std::move(figures);
  std::sort(row->peers.begin(), row->peers.end(),
            [](const auto& a, const auto& b) { return a.median_seconds < b.median_seconds; });
  if (row->ours && !row->peers.empty() && !row->wrong()) {
    row->ratio = RatioOfMedians(row->ours->rounds, row->peers.front().rounds, options_.seed);
  }
  return OkStatus();
}

Row EmptyRow(const std::string& format, const engine::LinearShape& shape, uint32_t threads) {
  Row row;
  row.format = format;
  row.shape = shape;
  row.threads = threads;
  return row;
}

Status Benchmark::MeasureFormat(const std::string& format, const engine::LinearShape& shape,
                                const std::vector<float>& x) {
  QF_ASSIGN_OR_RETURN(const Weights weights,
                      MakeWeights(format, shape.n, shape.k, options_.seed, peer_.get()));
  const uint32_t copies = Copies(shape, weights.packed.size());
  const Reference reference(weights, shape, x);
  std::vector<std::unique_ptr<Arm>> peers;
  if (weights.peers) {
    QF_ASSIGN_OR_RETURN(peers, peer_->MakeArms(format, shape, weights.packed, x, copies));
  }
  const std::unique_ptr<Arm> ours =
      MakeOurArm(kernels_, memory_, {format, options_.kernel, shape, weights.packed, x, copies});
  for (const uint32_t threads : options_.threads) {
    Row row = EmptyRow(format, shape, threads);
    row.weight_bytes = weights.packed.size();
    row.same_encoding = weights.same_encoding;
    const Status usable = weights.ours ? ours->UseThreads(threads) : NotFound("no such format");
    if (!usable.ok()) row.note = "ours: " + std::string(usable.message());
    if (peer_ != nullptr && !weights.peers) row.note += "peer: lacks the format or its layout";
    if (usable.ok() || !peers.empty()) {
      QF_RETURN_IF_ERROR(MeasureRow(reference, usable.ok() ? ours.get() : nullptr, peers, &row));
    }
    Keep(std::move(row));
  }
  return OkStatus();
}

// Into its section, with a line for those who wait.
void Benchmark::Keep(Row row) {
  for (Section& section : report_.sections) {
    if (section.threads != row.threads) continue;
    char speed_up[32] = "not compared";
    if (row.ratio) std::snprintf(speed_up, sizeof(speed_up), "%.2fx", 1 / row.ratio->ratio);
    std::fprintf(stderr, "%-8s %ux%u batch %u, %u threads: %s%s\n", row.format.c_str(), row.shape.n,
                 row.shape.k, row.shape.batch, row.threads, speed_up, row.wrong() ? " WRONG" : "");
    section.rows.push_back(std::move(row));
    return;
  }
}

Result<Report> Benchmark::Run() {
  report_.device = facts_.model;
  if (peer_ != nullptr) {
    report_.peer = peer_->name();
    report_.peer_build = peer_->build();
  }
  for (const uint32_t threads : options_.threads) {
    kernels_.emplace(threads, std::make_unique<OurKernels>(threads));
    report_.sections.push_back({threads, {}, false, {}});
  }
  const engine::HostLoad load;
  for (const engine::LinearShape& shape : ShapesOf(options_)) {
    QF_RETURN_IF_ERROR(Calibrate());
    const std::vector<float> x = MakeActivations(shape.batch, shape.k, options_.seed);
    for (const std::string& format : options_.formats) {
      const Status status = MeasureFormat(format, shape, x);
      if (status.ok()) continue;
      for (const uint32_t threads : options_.threads) {
        Row row = EmptyRow(format, shape, threads);
        row.note = status.message();
        Keep(std::move(row));
      }
    }
  }
  report_.foreign_share = load.ForeignShare();
  QF_RETURN_IF_ERROR(Calibrate());
  return report_;
}

int Main(std::span<const char* const> arguments) {
  auto options = ParseOptions(arguments);
  if (!options.ok()) {
    std::fprintf(stderr, "engine_benchmark: %s\n", options.status().ToString().c_str());
    return 2;
  }
  if (options->help) {
    std::fputs(Usage(), stdout);
    return 0;
  }
  auto peer = MakePeer();
  auto report = peer.ok() ? Benchmark(*std::move(options), *std::move(peer)).Run()
                          : Result<Report>(peer.status());
  if (!report.ok()) {
    std::fprintf(stderr, "engine_benchmark: %s\n", report.status().ToString().c_str());
    return 1;
  }
  std::printf("%s; peer: %s %s\n", report->device.c_str(),
              report->peer.empty() ? "none" : report->peer.c_str(), report->peer_build.c_str());
  bool wrong = false;
  for (const Section& section : report->sections) {
    std::fputs(FormatTable(*report, section).c_str(), stdout);
    for (const Row& row : section.rows) wrong = wrong || row.wrong();
  }
  std::printf("%s\n", FormatJson(*report).c_str());
  return wrong ? 1 : 0;
}

}  // namespace
}  // namespace quantfleet::bench

int main(int argc, char** argv) {
  return quantfleet::bench::Main({argv + 1, static_cast<size_t>(std::max(argc - 1, 0))});
}
