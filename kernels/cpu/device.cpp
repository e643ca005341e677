// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/cpu/device.hpp"

#include <algorithm>
#include <cstring>
#include <string>

#include <sched.h>

#include "base/units.hpp"
#include "kernels/cpu/calibration.hpp"
#include "kernels/cpu/memory.hpp"
#include "kernels/ops/attention/cpu/kernels.hpp"
#include "kernels/ops/attention/operation.hpp"
#include "kernels/ops/conversion/cpu/kernels.hpp"
#include "kernels/ops/conversion/operation.hpp"
#include "kernels/ops/linear/cpu/kernels.hpp"
#include "kernels/ops/linear/cpu/simd.hpp"
#include "kernels/ops/linear/operation.hpp"

namespace quantfleet::cpu {
namespace {

constexpr uint32_t kMostThreads = 256;

uint32_t AllowedProcessors() {
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0) return 1;
  return static_cast<uint32_t>(std::max(1, CPU_COUNT(&allowed)));
}

class CpuBackend final : public engine::Backend {
 public:
  explicit CpuBackend(uint32_t threads) : threads_(threads) {}

  std::vector<std::string> Selectors() const override { return {"cpu"}; }

  Result<engine::OpenedDevice> Open(std::string_view selector) override {
    if (selector != "cpu")
      return NotFound("the CPU is \"cpu\", not \"" + std::string(selector) + "\"");
    const uint32_t threads = threads_ == 0 ? AllowedProcessors() : threads_;
    if (threads > kMostThreads) {
      return InvalidArgument("at most " + std::to_string(kMostThreads) + " threads");
    }
    engine::OpenedDevice opened;
    auto device = std::make_unique<CpuDevice>(threads);
    opened.operations.push_back(
        linear::MakeLinearOperation(*device, linear::cpu::RegisterCpuKernels(device->pool())));
    opened.operations.push_back(attention::MakeAttentionOperation(
        *device, attention::cpu::RegisterCpuKernels(device->pool())));
    for (const auto direction :
         {conversion::Direction::kQuantize, conversion::Direction::kDequantize}) {
      opened.operations.push_back(conversion::MakeConversionOperation(
          *device, direction, conversion::cpu::MakeCpuKernels(direction, device->pool())));
    }
    opened.device = std::move(device);
    return opened;
  }

 private:
  uint32_t threads_;
};

}  // namespace

CpuDevice::CpuDevice(uint32_t threads) : facts_(ReadHostFacts()), pool_(threads) {
  const std::string count = std::to_string(threads) + "t";
  info_.uid = "cpu-" + count;
  info_.kind = engine::DeviceKind::kCpu;
  info_.name = facts_.model;
  info_.device_class = "cpu/" + Dashed(facts_.model) + "/" + count;
  info_.architecture = facts_.architecture;
  info_.features = facts_.features;
  info_.threads = threads;
  info_.memory_bytes = TotalMemoryBytes();
  info_.cache_bytes = facts_.last_level_cache_bytes;
  info_.selector = "cpu";
}

engine::Fingerprint CpuDevice::TakeFingerprint() const {
  engine::Fingerprint values = ReadHostFingerprint(facts_);
  values["blas"] = linear::cpu::BlasName();
  values["simd"] = linear::cpu::SimdTarget();
  values["threads"] = std::to_string(info_.threads);
  return values;
}

Result<std::unique_ptr<engine::DeviceBuffer>> CpuDevice::Allocate(uint64_t bytes) {
  return memory_.Allocate(bytes);
}

Status CpuDevice::Upload(engine::DeviceBuffer& to, uint64_t offset,
                         std::span<const std::byte> from) {
  QF_CHECK(offset + from.size() <= to.bytes());
  std::memcpy(to.data() + offset, from.data(), from.size());
  return OkStatus();
}

Status CpuDevice::Download(engine::DeviceBuffer& from, uint64_t offset, std::span<std::byte> to) {
  QF_CHECK(offset + to.size() <= from.bytes());
  std::memcpy(to.data(), from.data() + offset, to.size());
  return OkStatus();
}

Status CpuDevice::Copy(engine::DeviceBuffer& buffer, uint64_t to, uint64_t from, uint64_t bytes) {
  QF_CHECK(to + bytes <= buffer.bytes() && from + bytes <= buffer.bytes());
  std::memcpy(buffer.data() + to, buffer.data() + from, bytes);
  return OkStatus();
}

uint64_t CpuDevice::cold_span_bytes() const {
  return std::max<uint64_t>(128 * kMebibyte, 4 * facts_.last_level_cache_bytes);
}

uint64_t CpuDevice::weight_cache_bytes() const {
  // The formats of one shape and some more: filling again from the encoded weights is quick, fresh
  // memory may not be.
  return std::min<uint64_t>(6 * cold_span_bytes(), TotalMemoryBytes() / 4);
}

Status CpuDevice::Sample(engine::PreparedArm& arm, uint32_t first_copy,
                         std::span<engine::CallTime> times) {
  Clock* const clock = Clock::Steady();
  const uint32_t copies = arm.cost().rotation_copies;
  uint32_t copy = first_copy % copies;
  for (engine::CallTime& time : times) {
    const Duration start = clock->Now();
    const Status status = arm.Run(copy);
    const Duration taken = clock->Now() - start;
    QF_RETURN_IF_ERROR(status);
    // A division keeps whole nanoseconds short in JSON, a product with 1e-9 does not.
    time.device_seconds = time.host_seconds = static_cast<double>(taken.count()) / 1e9;
    copy = copy + 1 == copies ? 0 : copy + 1;
  }
  return OkStatus();
}

engine::ClockReading CpuDevice::ReadClock() {
  engine::ClockReading reading;
  reading.current = MeasureClock();
  fastest_clock_ = std::max(fastest_clock_, reading.current);
  reading.reference = fastest_clock_;
  return reading;
}

engine::EnergyReading CpuDevice::ReadEnergy() {
  engine::EnergyReading reading;
  reading.joules = powercap_.ReadJoules();
  reading.source = "powercap_packages";
  return reading;
}

Result<engine::Ceilings> CpuDevice::Calibrate(Duration at_most, std::stop_token stop) {
  return MeasureCeilings(pool_, memory_, facts_.last_level_cache_bytes, at_most, std::move(stop));
}

std::unique_ptr<engine::Backend> MakeCpuBackend(uint32_t threads) {
  return std::make_unique<CpuBackend>(threads);
}

}  // namespace quantfleet::cpu
