// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "agent/session/heartbeat.hpp"

#include <algorithm>
#include <utility>

#include "agent/session/backoff.hpp"
#include "base/clock.hpp"
#include "base/logging.hpp"

namespace quantfleet::agent {
namespace {

// A coordinator that names no interval must not be flooded.
constexpr double kLeastSeconds = 0.02;

std::string PhaseText(const v1::Progress& progress) {
  return progress.phase() + " arm " + std::to_string(progress.arm_index());
}

}  // namespace

Heartbeat::Heartbeat(CoordinatorClient* coordinator, std::string session_id, double sync_seconds,
                     const v1::Grant& grant, std::stop_source block_stop)
    : coordinator_(coordinator), block_stop_(std::move(block_stop)) {
  request_.set_session_id(std::move(session_id));
  request_.mutable_running()->set_block_id(grant.block().block_id());
  request_.mutable_running()->set_epoch(grant.epoch());
  request_.mutable_running()->set_phase("wait");
  thread_ = std::jthread([this, sync_seconds](const std::stop_token& end) {
    Beat(end, std::max(sync_seconds, kLeastSeconds));
  });
}

void Heartbeat::Advance(const v1::Progress& progress) {
  const std::lock_guard lock(mutex_);
  v1::RunningBlock& running = *request_.mutable_running();
  // A block that runs again after a failure starts anew; people see the bar wait, not fall.
  running.set_fraction(std::max(running.fraction(), progress.fraction()));
  running.set_phase(PhaseText(progress));
}

void Heartbeat::Beat(const std::stop_token& end, double seconds) {
  while (WaitFor(FromSeconds(seconds), end)) {
    if (!Sync(end)) return;
  }
}

bool Heartbeat::Sync(const std::stop_token& end) {
  v1::SyncRequest request;
  {
    const std::lock_guard lock(mutex_);
    request = request_;
  }
  const auto response = coordinator_->Sync(request, end);
  if (!response.ok()) return response.status().code() != StatusCode::kFailedPrecondition;
  if (!response->has_stop()) return true;
  const v1::Stop& stop = response->stop();
  if (stop.block_id() != request.running().block_id() ||
      stop.epoch() != request.running().epoch()) {
    return true;
  }
  log::Info("the coordinator stops the block",
            {{"block", stop.block_id()}, {"reason", stop.reason()}});
  block_stop_.request_stop();
  return false;
}

}  // namespace quantfleet::agent
