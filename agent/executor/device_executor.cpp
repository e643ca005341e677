// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "agent/executor/device_executor.hpp"

#include <optional>
#include <utility>

#include "agent/executor/host_lock.hpp"

namespace quantfleet::agent {
namespace {

constexpr double kCalibrationSeconds = 2;

Result<std::optional<HostLock>> Lock(const std::string& path, const std::stop_token& stop) {
  std::optional<HostLock> none;
  if (path.empty()) return none;
  QF_ASSIGN_OR_RETURN(HostLock lock, HostLock::Acquire(path, stop));
  return std::optional<HostLock>(std::move(lock));
}

}  // namespace

EngineExecutor::EngineExecutor(EngineOptions engine, std::string lock_path)
    : engine_(std::move(engine)), lock_path_(std::move(lock_path)), runner_(engine_) {}

Status EngineExecutor::Examine(const std::stop_token& stop, v1::DeviceDescription* device,
                               v1::Ceilings* ceilings) {
  QF_ASSIGN_OR_RETURN(const auto lock, Lock(lock_path_, stop));
  QF_ASSIGN_OR_RETURN(const auto engine, EngineProcess::Start(engine_));
  QF_ASSIGN_OR_RETURN(v1::Description description, engine->Describe());
  if (description.devices_size() != 1) {
    return NotFound("the engine describes not one device for " + engine_.device);
  }
  *device = std::move(*description.mutable_devices(0));
  QF_ASSIGN_OR_RETURN(*ceilings, engine->Calibrate(kCalibrationSeconds, stop));
  return OkStatus();
}

Result<UnreadResult> EngineExecutor::Measure(const v1::Block& block, const OnProgress& on_progress,
                                             const std::stop_token& stop) {
  QF_ASSIGN_OR_RETURN(const auto lock, Lock(lock_path_, stop));
  return runner_.Measure(block, on_progress, stop);
}

Result<v1::BlockResult> EngineExecutor::Run(const v1::Block& block, const OnProgress& on_progress,
                                            const std::stop_token& stop) {
  QF_ASSIGN_OR_RETURN(const auto lock, Lock(lock_path_, stop));
  return runner_.Run(block, on_progress, stop);
}

}  // namespace quantfleet::agent
