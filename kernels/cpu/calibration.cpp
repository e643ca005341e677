// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/cpu/calibration.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <utility>
#include <vector>

#include "base/units.hpp"
#include "kernels/cpu/memory.hpp"
#include "kernels/ops/linear/cpu/bf16/kernel.hpp"
#include "kernels/ops/linear/cpu/kernels.hpp"
#include "kernels/ops/linear/cpu/simd.hpp"

namespace quantfleet::cpu {
namespace {

// Results go here, so that no measured work can be left out.
std::atomic<float> sink;
std::atomic<uint64_t> integer_sink;

// Smallest time of `work` in at least `least` calls and until `share` is over. Seconds.
template <class Work>
double BestSeconds(Duration share, int least, const std::stop_token& stop, const Work& work) {
  Clock* const clock = Clock::Steady();
  const Duration begin = clock->Now();
  double best = 1e9;
  for (int i = 0; i < least || clock->Now() - begin < share; ++i) {
    if (stop.stop_requested()) break;
    const Duration start = clock->Now();
    work();
    best = std::min(best, ToSeconds(clock->Now() - start));
  }
  return best;
}

// Each thread reads its part of `bytes`, `times` times, as so many streams side by side: a core
// keeps more lines in flight on several streams than on one, and multiplying rows reads several.
void ReadAll(ThreadPool& pool, const std::byte* data, uint64_t bytes, int times, uint64_t streams) {
  const uint64_t part = bytes / pool.threads() / sizeof(float);
  const uint64_t chunk = streams == 1 ? part : 512;  // floats
  const uint64_t stream = part / streams / chunk * chunk;
  pool.Run([&](uint32_t thread) {
    const float* const from = reinterpret_cast<const float*>(data) + part * thread;
    float sum = 0;
    for (int i = 0; i < times; ++i) {
      for (uint64_t at = 0; at < stream; at += chunk) {
        for (uint64_t s = 0; s < streams; ++s) {
          sum += linear::cpu::SumFloats(from + s * stream + at, chunk);
        }
      }
    }
    sink.store(sum, std::memory_order_relaxed);
  });
}

// Bytes a second of the best number of streams.
double ReadRate(ThreadPool& pool, const std::byte* data, uint64_t bytes, int times, Duration share,
                const std::stop_token& stop) {
  double rate = 0;
  for (const uint64_t streams : {1U, 4U, 8U, 16U}) {
    const double seconds =
        BestSeconds(share / 4, 2, stop, [&] { ReadAll(pool, data, bytes, times, streams); });
    rate = std::max(rate, times * static_cast<double>(bytes) / seconds);
  }
  return rate;
}

// The square multiply of the peaks.
constexpr uint32_t kSide = 1024;
constexpr engine::LinearShape kSquare = {kSide, kSide, kSide};

double OperationRate(double seconds) {
  return 2.0 * kSide * kSide * kSide / seconds;
}

double Fp32Peak(ThreadPool& pool, Duration share, const std::stop_token& stop) {
  std::vector<float> w(uint64_t{kSide} * kSide, 0.5F);
  std::vector<float> x(w.size(), 0.25F);
  std::vector<float> y(w.size());
  std::vector<float> scratch(pool.threads() * linear::cpu::MultiplyScratchFloats());
  const double seconds = BestSeconds(share, 3, stop, [&] {
    linear::cpu::MultiplyDense(pool, kSquare, w.data(), x.data(), y.data(), scratch.data());
  });
  return OperationRate(seconds);
}

// As Fp32Peak, of a kernel for bf16 weights and fp32 activations.
Result<double> Bf16Peak(linear::LinearKernel& kernel, MemoryPool& memory_pool, Duration share,
                        const std::stop_token& stop) {
  constexpr uint16_t kHalf = 0x3F00;
  const std::vector<uint16_t> values(uint64_t{kSide} * kSide, kHalf);
  std::vector<std::byte> packed(values.size() * sizeof(uint16_t));
  std::memcpy(packed.data(), values.data(), packed.size());
  QF_ASSIGN_OR_RETURN(const auto weights, kernel.Repack(kSquare, std::move(packed)));
  const std::vector<float> x(values.size(), 0.25F);
  std::vector<float> y(values.size());
  QF_ASSIGN_OR_RETURN(const auto scratch, memory_pool.Allocate(kernel.ScratchBytes(kSquare)));
  Status ran;
  const double seconds = BestSeconds(share, 3, stop, [&] {
    ran = kernel.Run({kSquare, weights.data(), x.data(), y.data(), scratch->data()});
  });
  QF_RETURN_IF_ERROR(ran);
  return OperationRate(seconds);
}

}  // namespace

Result<engine::Ceilings> MeasureCeilings(ThreadPool& pool, MemoryPool& memory_pool,
                                         uint64_t cache_bytes, Duration at_most,
                                         std::stop_token stop) {
  const Duration share = std::min<Duration>(at_most / 6, std::chrono::milliseconds(300));
  engine::Ceilings ceilings;
  {
    const uint64_t bytes = std::max<uint64_t>(256 * kMebibyte, 4 * cache_bytes);
    QF_ASSIGN_OR_RETURN(const auto memory, memory_pool.Allocate(bytes));
    ceilings.dram_read_bytes_per_second = ReadRate(pool, memory->data(), bytes, 1, 2 * share, stop);
  }
  {
    const uint64_t bytes = std::clamp<uint64_t>(cache_bytes / 4, kMebibyte, 16 * kMebibyte);
    QF_ASSIGN_OR_RETURN(const auto memory, memory_pool.Allocate(bytes));
    constexpr int kTimes = 8;
    ceilings.cache_read_bytes_per_second =
        ReadRate(pool, memory->data(), bytes, kTimes, share, stop);
  }
  auto& peaks = ceilings.matrix_operations_per_second;
  peaks["fp32"] = Fp32Peak(pool, share, stop);
  if (const auto kernel = linear::cpu::bf16::MakeKernel(pool)) {
    QF_ASSIGN_OR_RETURN(peaks["bf16"], Bf16Peak(*kernel, memory_pool, share, stop));
  }
  ceilings.launch_seconds = BestSeconds(share / 10, 100, stop, [&] { pool.Run([](uint32_t) {}); });
  if (stop.stop_requested()) return Status(StatusCode::kCancelled, "calibration was cancelled");
  return ceilings;
}

double MeasureClock() {
  constexpr int kSteps = 8000;
  double best = 1e9;
  for (int pass = 0; pass < 3; ++pass) {
    const Duration start = Clock::Steady()->Now();
    uint64_t chain = static_cast<uint64_t>(start.count());
    for (int i = 0; i < kSteps; ++i)
      chain = chain * 6364136223846793005ULL + 1442695040888963407ULL;
    integer_sink.store(chain, std::memory_order_relaxed);
    best = std::min(best, ToSeconds(Clock::Steady()->Now() - start));
  }
  return kSteps / best;
}

}  // namespace quantfleet::cpu
