// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/cuda/timing/calibration.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "base/units.hpp"

namespace quantfleet::cuda {
namespace {

using engine::CallTime;
using engine::Ceilings;

constexpr uint32_t kBlocksPerMultiprocessor = 8;
constexpr uint32_t kFewestRepetitions = 3;
constexpr uint32_t kMostRepetitions = 50;
constexpr uint32_t kLaunches = 200;
constexpr uint32_t kL2Passes = 64;

uint32_t ReadBlocks(const CalibrationSubject& subject) {
  return static_cast<uint32_t>(subject.multiprocessors) * kBlocksPerMultiprocessor;
}

// Smallest device and host time of repeated calls, for at most `at_most`.
Result<CallTime> Best(const CalibrationSubject& subject, const Sampler::Start& start,
                      Duration at_most, const std::stop_token& stop) {
  Clock* clock = Clock::Steady();
  const Duration end = clock->Now() + at_most;
  CallTime best = {std::numeric_limits<double>::max(), std::numeric_limits<double>::max()};
  for (uint32_t i = 0; i < kMostRepetitions; ++i) {
    if (stop.stop_requested()) return Status(StatusCode::kCancelled, "calibration cancelled");
    if (i >= kFewestRepetitions && clock->Now() >= end) break;
    std::array<CallTime, 1> time{};
    QF_RETURN_IF_ERROR(subject.sampler->Sample(start, 0, 1, time));
    best.device_seconds = std::min(best.device_seconds, time[0].device_seconds);
    best.host_seconds = std::min(best.host_seconds, time[0].host_seconds);
  }
  return best;
}

Result<double> ReadRate(const CalibrationSubject& subject, uint64_t bytes, uint32_t passes,
                        Duration at_most, const std::stop_token& stop) {
  QF_ASSIGN_OR_RETURN(const DeviceMemory memory, AllocateDevice(bytes));
  const uint32_t blocks = ReadBlocks(subject);
  QF_ASSIGN_OR_RETURN(const DeviceMemory sink, AllocateDevice(blocks * sizeof(uint32_t)));
  QF_RETURN_IF_CUDA_ERROR(LaunchFill(memory.get(), bytes, 1, subject.stream));
  const auto start = [&](uint32_t) {
    return QF_CUDA_STATUS(LaunchRead(memory.get(), bytes, passes, blocks,
                                     reinterpret_cast<uint32_t*>(sink.get()), subject.stream));
  };
  QF_ASSIGN_OR_RETURN(const CallTime best, Best(subject, start, at_most, stop));
  return static_cast<double>(bytes) * passes / best.device_seconds;
}

Result<double> DramRate(const CalibrationSubject& subject, Duration at_most,
                        const std::stop_token& stop) {
  size_t free = 0;
  size_t total = 0;
  QF_RETURN_IF_CUDA_ERROR(cudaMemGetInfo(&free, &total));
  const uint64_t wanted = std::max(kGibibyte, 8 * subject.l2_bytes);
  const uint64_t bytes = std::min<uint64_t>(wanted, free / 4) / 256 * 256;
  if (bytes < 4 * subject.l2_bytes) {
    return ResourceExhausted(
        "too little free memory to read past the L2 cache: " + FormatBytes(free) + " free");
  }
  return ReadRate(subject, bytes, 1, at_most, stop);
}

Result<double> MatrixRate(const CalibrationSubject& subject, MatmulType type, uint32_t size,
                          Duration at_most, const std::stop_token& stop) {
  const uint64_t bytes = uint64_t{size} * size * sizeof(float);
  QF_ASSIGN_OR_RETURN(const DeviceMemory x, AllocateDevice(bytes));
  QF_ASSIGN_OR_RETURN(const DeviceMemory weights, AllocateDevice(bytes));
  QF_ASSIGN_OR_RETURN(const DeviceMemory y, AllocateDevice(bytes));
  QF_RETURN_IF_CUDA_ERROR(LaunchFill(x.get(), bytes, 2, subject.stream));
  QF_RETURN_IF_CUDA_ERROR(LaunchFill(weights.get(), bytes, 3, subject.stream));
  const MatmulShape shape = {size, size, size};
  QF_RETURN_IF_ERROR(subject.matmul->Plan(type, shape));
  const auto start = [&](uint32_t) {
    return subject.matmul->Run(type, shape, x.get(), weights.get(), y.get(), subject.stream);
  };
  QF_ASSIGN_OR_RETURN(const CallTime best, Best(subject, start, at_most, stop));
  const auto edge = static_cast<double>(size);
  return 2 * edge * edge * edge / best.device_seconds;
}

struct MatrixType {
  const char* name;
  MatmulType type;
  Capability since;
  uint32_t size;  // large enough to fill the device, small enough for the time allowed
};
constexpr std::array<MatrixType, 4> kMatrixTypes = {{{"bf16", MatmulType::kBf16, {8, 0}, 8192},
                                                     {"fp16", MatmulType::kFp16, {7, 0}, 8192},
                                                     {"fp32", MatmulType::kFp32, {0, 0}, 4096},
                                                     {"int8", MatmulType::kInt8, {7, 5}, 8192}}};

// Host time from the request of an empty kernel to its end.
Result<double> LaunchSeconds(const CalibrationSubject& subject, const std::stop_token& stop) {
  Clock* clock = Clock::Steady();
  double best = std::numeric_limits<double>::max();
  for (uint32_t i = 0; i < kLaunches; ++i) {
    if (stop.stop_requested()) return Status(StatusCode::kCancelled, "calibration cancelled");
    const Duration begin = clock->Now();
    QF_RETURN_IF_CUDA_ERROR(LaunchEmpty(subject.stream));
    QF_RETURN_IF_CUDA_ERROR(cudaStreamSynchronize(subject.stream));
    best = std::min(best, ToSeconds(clock->Now() - begin));
  }
  return best;
}

}  // namespace

Result<Ceilings> MeasureCeilings(const CalibrationSubject& subject, Duration at_most,
                                 const std::stop_token& stop) {
  // Two bandwidths and the matrix types share the time.
  const Duration share = at_most / (2 + static_cast<int>(kMatrixTypes.size()));
  Ceilings ceilings;
  QF_ASSIGN_OR_RETURN(ceilings.launch_seconds, LaunchSeconds(subject, stop));
  QF_ASSIGN_OR_RETURN(ceilings.dram_read_bytes_per_second, DramRate(subject, share, stop));
  // Half: the other half leaves room for what else lies there and, on GPUs with a divided L2, for
  // lines kept twice.
  const uint64_t l2_part = subject.l2_bytes / 2 / 256 * 256;
  QF_ASSIGN_OR_RETURN(ceilings.cache_read_bytes_per_second,
                      ReadRate(subject, l2_part, kL2Passes, share, stop));
  for (const MatrixType& row : kMatrixTypes) {
    if (subject.capability < row.since) continue;
    const auto rate = MatrixRate(subject, row.type, row.size, share, stop);
    if (!rate.ok() && rate.status().code() == StatusCode::kUnimplemented) continue;
    if (!rate.ok()) return rate.status().WithContext(std::string("matrix peak of ") + row.name);
    ceilings.matrix_operations_per_second[row.name] = *rate;
  }
  return ceilings;
}

}  // namespace quantfleet::cuda
