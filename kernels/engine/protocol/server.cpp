// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/engine/protocol/server.hpp"

#include <algorithm>
#include <cerrno>
#include <exception>
#include <string_view>
#include <utility>

#include <unistd.h>

#include "base/digest.hpp"
#include "base/version.hpp"
#include "kernels/engine/block_runner.hpp"
#include "kernels/engine/protocol/request_reader.hpp"

namespace quantfleet::engine {
namespace {

constexpr double kDefaultCalibrationSeconds = 2;

}  // namespace

Server::Server(std::vector<std::unique_ptr<Backend>>& backends, std::string selector, Clock* clock)
    : backends_(backends), selector_(std::move(selector)), clock_(clock) {
  auto digest = Sha256HexOfFile("/proc/self/exe");
  if (digest.ok()) digest_ = *std::move(digest);
}

Server::~Server() {
  // Operations hold the device.
  if (opened_) opened_->operations.clear();
}

bool Server::Send(const EngineEvent& event) {
  if (output_gone_) return false;
  std::string line = WriteEvent(event);
  line += '\n';
  std::string_view rest = line;
  while (!rest.empty()) {
    const ssize_t written = write(output_, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      output_gone_ = true;
      return false;
    }
    rest.remove_prefix(static_cast<size_t>(written));
  }
  return true;
}

Result<OpenedDevice> Server::OpenSelector(const std::string& selector) {
  for (const auto& backend : backends_) {
    for (const std::string& found : backend->Selectors()) {
      if (found == selector) return backend->Open(selector);
    }
  }
  return NotFound("there is no device \"" + selector + "\" on this host");
}

Result<OpenedDevice*> Server::Open() {
  if (opened_) return opened_.get();
  std::string selector = selector_;
  for (const auto& backend : backends_) {
    const std::vector<std::string> found = backend->Selectors();
    if (selector.empty() && !found.empty()) selector = found.front();
  }
  QF_ASSIGN_OR_RETURN(OpenedDevice opened, OpenSelector(selector));
  opened_ = std::make_unique<OpenedDevice>(std::move(opened));
  return opened_.get();
}

Result<DeviceDescription> Server::DescribeDevice(const std::string& selector, bool with_support) {
  OpenedDevice temporary;
  OpenedDevice* opened = opened_.get();
  if (opened == nullptr || opened->device->info().selector != selector) {
    QF_ASSIGN_OR_RETURN(temporary, OpenSelector(selector));
    opened = &temporary;
  }
  DeviceDescription description;
  description.device = opened->device->info();
  description.fingerprint = opened->device->TakeFingerprint();
  description.fingerprint["engine.version"] = Version();
  if (!digest_.empty()) description.fingerprint["engine.digest"] = digest_;
  for (const auto& operation : opened->operations) {
    if (!with_support) break;
    for (KernelSupport& entry : operation->Support()) {
      description.support.push_back(std::move(entry));
    }
  }
  temporary.operations.clear();
  return description;
}

Status Server::Describe(const DescribeRequest& request) {
  Description description;
  description.engine_version = Version();
  description.engine_digest = digest_;
  std::vector<std::string> selectors = {selector_};
  if (selector_.empty()) {
    selectors.clear();
    for (const auto& backend : backends_) {
      for (const std::string& found : backend->Selectors()) selectors.push_back(found);
    }
  } else {
    QF_RETURN_IF_ERROR(Open().status());
  }
  for (const std::string& selector : selectors) {
    QF_ASSIGN_OR_RETURN(DeviceDescription device,
                        DescribeDevice(selector, !request.fingerprint_only));
    description.devices.push_back(std::move(device));
  }
  Send(description);
  return OkStatus();
}

Status Server::Calibrate(const CalibrateRequest& request, const std::stop_token& stop) {
  QF_ASSIGN_OR_RETURN(OpenedDevice * opened, Open());
  const double seconds = request.max_seconds > 0 ? request.max_seconds : kDefaultCalibrationSeconds;
  // Weights of former blocks would leave less memory to read.
  for (const auto& operation : opened->operations) operation->DropCaches();
  QF_ASSIGN_OR_RETURN(const Ceilings ceilings,
                      opened->device->Calibrate(FromSeconds(std::min(seconds, 3600.0)), stop));
  Send(ceilings);
  return OkStatus();
}

Status Server::Run(const RunRequest& request, const std::stop_token& stop) {
  QF_RETURN_IF_ERROR(CheckBlock(request.block));
  QF_ASSIGN_OR_RETURN(OpenedDevice * opened, Open());
  BlockRunner runner(*opened->device, opened->operations, clock_);
  QF_ASSIGN_OR_RETURN(
      const std::vector<Measurement> measurements,
      runner.Run(request.block, stop, [this](const Progress& progress) { Send(progress); }));
  for (const Measurement& measurement : measurements) Send(measurement);
  return OkStatus();
}

Status Server::Handle(const EngineRequest& request, const std::stop_token& stop) {
  // Our own code does not throw; the standard library and drivers may.
  try {
    if (const auto* run = std::get_if<RunRequest>(&request)) return Run(*run, stop);
    if (const auto* calibrate = std::get_if<CalibrateRequest>(&request)) {
      return Calibrate(*calibrate, stop);
    }
    return Describe(std::get<DescribeRequest>(request));
  } catch (const std::bad_alloc&) {
    return ResourceExhausted("the host has no memory for this request");
  } catch (const std::exception& failure) {
    return Internal(failure.what());
  }
}

Status Server::Serve(int input, int output) {
  output_ = output;
  if (!selector_.empty()) QF_RETURN_IF_ERROR(Open().status());
  RequestReader reader(input);
  while (auto taken = reader.Take()) {
    if (output_gone_) break;
    const Status status =
        taken->item.ok() ? Handle(*taken->item, taken->stop) : taken->item.status();
    if (status.ok() || status.code() == StatusCode::kCancelled) {
      Send(Done{!status.ok()});
    } else {
      Send(EngineError{status.message(), status.code() == StatusCode::kInvalidArgument});
    }
  }
  return OkStatus();
}

}  // namespace quantfleet::engine
