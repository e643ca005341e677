// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <stop_token>
#include <string>

#include "agent/executor/block_runner.hpp"
#include "agent/executor/engine_process.hpp"
#include "base/clock.hpp"
#include "base/status.hpp"

#include "quantfleet/v1/arm.pb.h"
#include "quantfleet/v1/device.pb.h"
#include "quantfleet/v1/measurement.pb.h"

namespace quantfleet::agent {

// The port to one device: what a session needs of it. Used by one thread, which outlives the calls.
// Every call ends soon after a stop with kCancelled.
class DeviceExecutor {
 public:
  virtual ~DeviceExecutor() = default;
  // The device as it is now, and what it reaches. Takes some seconds.
  virtual Status Examine(const std::stop_token& stop, v1::DeviceDescription* device,
                         v1::Ceilings* ceilings) = 0;
  // See BlockRunner::Measure.
  virtual Result<UnreadResult> Measure(const v1::Block& block, const OnProgress& on_progress,
                                       const std::stop_token& stop) = 0;
  // No block follows soon: lets go of what was kept for the next one.
  virtual void Rest() {}
  // See BlockRunner::LastGap.
  virtual std::optional<Duration> LastGap() const { return std::nullopt; }
};

// Runs quantfleet-engine, by default as the only one on the host.
class EngineExecutor : public DeviceExecutor {
 public:
  // `lock_path` empty: other blocks may run on the host at the same time.
  EngineExecutor(EngineOptions engine, std::string lock_path);

  Status Examine(const std::stop_token& stop, v1::DeviceDescription* device,
                 v1::Ceilings* ceilings) override;
  Result<UnreadResult> Measure(const v1::Block& block, const OnProgress& on_progress,
                               const std::stop_token& stop) override;
  // The same, and reads it.
  Result<v1::BlockResult> Run(const v1::Block& block, const OnProgress& on_progress,
                              const std::stop_token& stop);
  void Rest() override { runner_.Rest(); }
  std::optional<Duration> LastGap() const override { return runner_.LastGap(); }

 private:
  const EngineOptions engine_;
  const std::string lock_path_;
  BlockRunner runner_;
};

}  // namespace quantfleet::agent
