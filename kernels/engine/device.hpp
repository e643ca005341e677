// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string_view>

#include "base/clock.hpp"
#include "base/status.hpp"
#include "kernels/engine/messages.hpp"

namespace quantfleet::engine {

class PreparedArm;

// Memory on a device, freed with the object. Not thread-safe.
class DeviceBuffer {
 public:
  virtual ~DeviceBuffer() = default;
  // Address as kernels of this device see it; aligned to 256 bytes. Not for the host unless the
  // device is the CPU.
  virtual std::byte* data() = 0;
  virtual uint64_t bytes() const = 0;
};

// Times of one call. Seconds.
struct CallTime {
  // What the device spent: events on a GPU, the steady clock on a CPU.
  double device_seconds = 0;
  // From the request at the host until its end was seen there.
  double host_seconds = 0;
};

// How fast the device's clock runs. Hertz; 0 if unknown.
struct ClockReading {
  // Now, under load.
  double current = 0;
  // Of this session when nothing held the device back.
  double reference = 0;
  // The device reports that power, heat or its owner holds the clock down.
  bool throttled = false;
  // Another process computes on the device.
  bool foreign_process = false;
};

// What a device's energy counter stands at.
struct EnergyReading {
  // Joules since some moment of the past, never less than before; absent without a counter.
  std::optional<double> joules;
  // See proto Energy.
  std::optional<double> compute_utilization;
  std::optional<double> memory_utilization;
  // A literal.
  std::string_view source;
};

// The port to one device: memory, time, clock and ceilings. One thread uses it at a time. Calls
// fail with kResourceExhausted (memory) or kInternal (device error, with the driver's words).
class Device {
 public:
  virtual ~Device() = default;

  virtual const DeviceInfo& info() const = 0;
  // Taken anew at each call; an unknown value is absent. The engine adds engine.version and
  // engine.digest.
  virtual Fingerprint TakeFingerprint() const = 0;

  // Uninitialised memory; at least 1 byte is asked for.
  virtual Result<std::unique_ptr<DeviceBuffer>> Allocate(uint64_t bytes) = 0;
  // Copies between host and device, or within a device's memory (regions do not overlap); ready
  // for the host and for later kernels when they return.
  virtual Status Upload(DeviceBuffer& to, uint64_t offset, std::span<const std::byte> from) = 0;
  virtual Status Download(DeviceBuffer& from, uint64_t offset, std::span<std::byte> to) = 0;
  virtual Status Copy(DeviceBuffer& buffer, uint64_t to, uint64_t from, uint64_t bytes) = 0;

  // Bytes that the copies of an arm's weights span at least, so that each cold sample reads memory
  // and not the last-level cache.
  virtual uint64_t cold_span_bytes() const = 0;
  // Bytes that cached weights may take before the oldest are dropped.
  virtual uint64_t weight_cache_bytes() const = 0;

  // Runs `times.size()` calls of `arm`, the i-th on copy (first_copy + i) modulo its copies, and
  // stores the time of each. All calls have ended when it returns.
  virtual Status Sample(PreparedArm& arm, uint32_t first_copy, std::span<CallTime> times) = 0;
  // Waits until everything queued has ended.
  virtual Status Synchronize() = 0;

  // Cheap (below 100 us): the engine asks around every visit of an arm.
  virtual ClockReading ReadClock() = 0;

  // Asked around a window of half a second, not around samples.
  virtual EnergyReading ReadEnergy() { return {}; }

  // Measures the ceilings within `at_most`; returns kCancelled soon after `stop` is requested.
  virtual Result<Ceilings> Calibrate(Duration at_most, std::stop_token stop) = 0;
};

}  // namespace quantfleet::engine
