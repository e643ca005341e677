// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <random>
#include <stop_token>

#include "base/units.hpp"
#include "tests/device/checks.hpp"

namespace quantfleet::device_checks {
namespace {

using engine::CallTime;
using engine::Ceilings;

std::vector<std::byte> RandomBytes(size_t count, uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<std::byte> bytes(count);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(random() & 0xFFU);
  return bytes;
}

Status CheckMemory(const Subject& subject) {
  engine::Device& device = *subject.opened->device;
  constexpr size_t kBytes = 100'003;
  constexpr uint64_t kFrom = 37;
  constexpr uint64_t kTo = 150'001;
  const std::vector<std::byte> sent = RandomBytes(kBytes, subject.seed);
  QF_ASSIGN_OR_RETURN(auto buffer, device.Allocate(kTo + kBytes));
  if (reinterpret_cast<uintptr_t>(buffer->data()) % 256 != 0) return Failed("not aligned to 256");
  QF_RETURN_IF_ERROR(device.Upload(*buffer, kFrom, sent));
  QF_RETURN_IF_ERROR(device.Copy(*buffer, kTo, kFrom, kBytes));
  std::vector<std::byte> received(kBytes);
  QF_RETURN_IF_ERROR(device.Download(*buffer, kTo, received));
  return sent == received ? OkStatus() : Failed("bytes changed on the way");
}

// More memory than there is must be refused as such, and the device must work on.
Status CheckOutOfMemory(const Subject& subject) {
  engine::Device& device = *subject.opened->device;
  const auto huge = device.Allocate(device.info().memory_bytes * 4);
  if (huge.ok()) return Failed("four times the device's memory was given out");
  if (huge.status().code() != StatusCode::kResourceExhausted) return huge.status();
  return CheckMemory(subject).WithContext("after running out of memory");
}

Status CheckDescription(const Subject& subject) {
  const engine::DeviceInfo& info = subject.opened->device->info();
  if (!info.uid.starts_with("GPU-")) return Failed("uid " + info.uid);
  if (!info.device_class.starts_with("cuda/")) return Failed("class " + info.device_class);
  if (!info.architecture.starts_with("sm_")) return Failed("architecture " + info.architecture);
  if (info.memory_bytes < kGibibyte || info.cache_bytes < 64 * kKibibyte) {
    return Failed("sizes " + FormatBytes(info.memory_bytes) + ", " + FormatBytes(info.cache_bytes));
  }
  const auto fingerprint = subject.opened->device->TakeFingerprint();
  for (const char* key : {"cuda.runtime", "cuda.driver_api", "cublaslt", "compiler.nvcc"}) {
    if (!fingerprint.contains(key)) return Failed(std::string("the fingerprint lacks ") + key);
  }
  for (const auto& [key, value] : fingerprint) {
    if (value.empty()) return Failed("the fingerprint has an empty " + key);
  }
  return OkStatus();
}

// One arm, prepared and run once.
Result<std::unique_ptr<engine::PreparedArm>> Arm(const Subject& subject, uint32_t n, uint32_t k) {
  engine::ArmSpec spec{"linear", "fp32", "auto", "cold", subject.seed, {}};
  spec.linear = engine::LinearShape{n, k, 1};
  auto prepared = subject.opened->operations.at(0)->Prepare(spec);
  // Every device has fp32: not even "unsupported" is an answer.
  if (!prepared.ok()) return Failed(prepared.status().ToString());
  std::unique_ptr<engine::PreparedArm> arm = *std::move(prepared);
  QF_RETURN_IF_ERROR(arm->Run(0));
  QF_RETURN_IF_ERROR(subject.opened->device->Synchronize());
  return arm;
}

Result<double> MedianSeconds(const Subject& subject, engine::PreparedArm& arm) {
  std::vector<CallTime> times(50);
  const Duration begin = Clock::Steady()->Now();
  QF_RETURN_IF_ERROR(subject.opened->device->Sample(arm, 0, times));
  const double wall = ToSeconds(Clock::Steady()->Now() - begin);
  double sum = 0;
  std::vector<double> seconds;
  for (const CallTime& time : times) {
    if (!(time.device_seconds > 0) || !(time.host_seconds > 0)) return Failed("a time is not > 0");
    sum += time.device_seconds;
    seconds.push_back(time.device_seconds);
  }
  if (sum > wall) return Failed("device times add up to more than the wall clock saw");
  std::nth_element(seconds.begin(), seconds.begin() + 25, seconds.end());
  return seconds[25];
}

// Reading 64 times the weights takes longer, and all times fit into the time that passed.
Status CheckTimer(const Subject& subject) {
  QF_ASSIGN_OR_RETURN(auto small, Arm(subject, 512, 512));
  QF_ASSIGN_OR_RETURN(const double small_seconds, MedianSeconds(subject, *small));
  QF_ASSIGN_OR_RETURN(auto large, Arm(subject, 4096, 4096));
  QF_ASSIGN_OR_RETURN(const double large_seconds, MedianSeconds(subject, *large));
  if (large_seconds > small_seconds) return OkStatus();
  return Failed("64 times the work took " + FormatSeconds(large_seconds) + " after " +
                FormatSeconds(small_seconds));
}

// Rotation that starts anywhere visits copies in order and wraps around.
Status CheckRotation(const Subject& subject) {
  QF_ASSIGN_OR_RETURN(auto arm, Arm(subject, 256, 256));
  const engine::ArmCost& cost = arm->cost();
  if (cost.working_set_bytes < subject.opened->device->cold_span_bytes()) {
    return Failed("the copies span " + FormatBytes(cost.working_set_bytes) + " only");
  }
  std::array<CallTime, 5> times{};
  return subject.opened->device->Sample(*arm, cost.rotation_copies - 2, times);
}

Status CheckCalibration(const Subject& subject) {
  QF_ASSIGN_OR_RETURN(const Ceilings ceilings,
                      subject.opened->device->Calibrate(std::chrono::seconds(2), {}));
  // Above any card there is: a sign that reads were dropped.
  constexpr double kAbsurdBytes = 1e14;
  for (const double rate :
       {ceilings.dram_read_bytes_per_second, ceilings.cache_read_bytes_per_second}) {
    if (!(rate > 0) || rate > kAbsurdBytes) return Failed(FormatBytesPerSecond(rate));
  }
  if (!(ceilings.launch_seconds > 0)) return Failed("no launch time");
  if (!ceilings.matrix_operations_per_second.contains("fp32")) return Failed("no fp32 peak");
  return OkStatus();
}

Status CheckCalibrationCancels(const Subject& subject) {
  std::stop_source source;
  source.request_stop();
  const auto ceilings =
      subject.opened->device->Calibrate(std::chrono::seconds(60), source.get_token());
  if (ceilings.ok()) return Failed("it went on");
  return ceilings.status().code() == StatusCode::kCancelled ? OkStatus() : ceilings.status();
}

}  // namespace

Status Failed(std::string what) {
  return Internal(std::move(what));
}

std::vector<Check> PortChecks() {
  return {{"device_description", CheckDescription},
          {"memory_round_trip", CheckMemory},
          {"memory_exhausted", CheckOutOfMemory},
          {"timer", CheckTimer},
          {"cold_rotation", CheckRotation},
          {"calibration", CheckCalibration},
          {"calibration_cancelled", CheckCalibrationCancels}};
}

std::vector<Check> AllChecks() {
  std::vector<Check> all;
  for (auto part : {PortChecks(), DecodeChecks(), LinearChecks(), AttentionChecks()}) {
    all.insert(all.end(), part.begin(), part.end());
  }
  return all;
}

}  // namespace quantfleet::device_checks
