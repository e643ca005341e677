// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "agent/session/session_loop.hpp"

#include <algorithm>
#include <utility>

#include "agent/session/conversation.hpp"
#include "agent/session/entry.hpp"
#include "base/ids.hpp"
#include "base/logging.hpp"
#include "base/version.hpp"

namespace quantfleet::agent {
namespace {

// Without a block for so long, blocks do not follow each other now.
constexpr double kRestSeconds = 5;
// A host that has outlived what it was given may go at any time.
constexpr double kLeastLifeSeconds = 1;

}  // namespace

SessionLoop::SessionLoop(SessionOptions options, CoordinatorClient* coordinator,
                         DeviceExecutor* executor, Spool* spool)
    : options_(std::move(options)),
      coordinator_(coordinator),
      executor_(executor),
      spool_(spool),
      begin_(Clock::Steady()->Now()),
      queue_([this](const SpoolKey& key) { return reporter_->Has(key); }) {}

Status SessionLoop::Run(const std::stop_token& stop) {
  reporter_.emplace(coordinator_, spool_, [this](const std::string& session, const Status& reason) {
    EndSession(session, reason);
  });
  const Status status = RunUntilStopped(stop);
  // What is complete goes before the goodbye, after which others run what is not.
  reporter_.reset();
  if (session_) {
    v1::GoodbyeRequest request;
    request.set_session_id(session_->session_id());
    request.set_reason(status.ok() ? "the agent stops" : status.message());
    if (const Status said = coordinator_->Goodbye(request); !said.ok()) {
      log::Warning("no goodbye; the lease will expire", {{"reason", said.message()}});
    }
  }
  return status;
}

Status SessionLoop::RunUntilStopped(const std::stop_token& stop) {
  std::string last_problem;
  while (!stop.stop_requested()) {
    Status status = OpenSession(stop);
    if (status.ok() && session_) {
      status = Serve(stop);
      if (stop.stop_requested()) break;
      if (status.code() != StatusCode::kFailedPrecondition) return status;
      log::Info("the session is over", {{"reason", status.message()}});
      session_.reset();
      backoff_.Reset();
      last_problem.clear();
    } else if (!status.ok() && !stop.stop_requested()) {
      if (!IsTransient(status.code())) return status;
      if (status.message() != last_problem)
        log::Warning("trying again", {{"reason", status.ToString()}});
      last_problem = status.message();
    }
    WaitFor(backoff_.Next(), stop);
  }
  return OkStatus();
}

Status SessionLoop::Examine(const std::stop_token& stop) {
  v1::HelloRequest request;
  QF_RETURN_IF_ERROR(
      executor_->Examine(stop, request.mutable_device(), request.mutable_ceilings()));
  request.set_agent_name(options_.agent_name);
  request.set_host_id(options_.host_id);
  request.set_version(std::string(Version()));
  request.mutable_labels()->insert(options_.labels.begin(), options_.labels.end());
  request.set_share_host(options_.share_host);
  request.set_request_id(RandomId("hello_"));
  if (options_.life_seconds > 0) {
    const double passed = ToSeconds(Clock::Steady()->Now() - begin_);
    request.set_life_seconds(std::max(options_.life_seconds - passed, kLeastLifeSeconds));
  }
  hello_ = std::move(request);
  return OkStatus();
}

Status SessionLoop::OpenSession(const std::stop_token& stop) {
  if (hello_.request_id().empty()) {
    if (const Status examined = Examine(stop); !examined.ok()) {
      // A driver may come back; the other devices of the host go on meanwhile.
      log::Error("the device cannot be measured", {{"reason", examined.ToString()}});
      WaitFor(FromSeconds(options_.examine_again_seconds), stop);
      return OkStatus();
    }
  }
  QF_ASSIGN_OR_RETURN(v1::HelloResponse opened, coordinator_->Hello(hello_, stop));
  log::Info("session open", {{"session", opened.session_id()},
                             {"device", hello_.device().device().device_class()}});
  hello_.Clear();
  const std::lock_guard lock(mutex_);
  session_ = std::move(opened);
  end_ = OkStatus();
  return OkStatus();
}

void SessionLoop::EndSession(const std::string& session_id, const Status& reason) {
  const std::lock_guard lock(mutex_);
  if (!session_ || session_->session_id() != session_id || !end_.ok()) return;
  end_ = reason;
  queue_.Close();
}

Status SessionLoop::Serve(const std::stop_token& stop) {
  queue_.Open();
  const std::string session_id = session_->session_id();
  reporter_->UseSession(session_id);
  const Conversation conversation(
      {coordinator_, spool_, &*reporter_, &queue_}, *session_, options_.prefetch,
      [this, session_id](const Status& reason) { EndSession(session_id, reason); });
  while (true) {
    if (!queue_.HasNext()) reporter_->Resume();
    if (!queue_.AwaitNext(FromSeconds(kRestSeconds), stop)) executor_->Rest();
    const auto block = queue_.Next(stop);
    if (!block) break;
    RunBlock(*block, stop);
  }
  const std::lock_guard lock(mutex_);
  if (!end_.ok()) reporter_->UseSession("");
  return end_;
}

void SessionLoop::RunBlock(const StartedBlock& block, const std::stop_token& stop) {
  const v1::Grant& grant = block.grant;
  log::Info("block begins", {{"block", grant.block().block_id()},
                             {"epoch", grant.epoch()},
                             {"arms", grant.block().arms_size()}});
  const Duration begin = Clock::Steady()->Now();
  std::stop_source block_stop = block.stop;
  const std::stop_callback forward(stop, [&block_stop] { block_stop.request_stop(); });
  auto result = executor_->Measure(
      grant.block(),
      [this](const v1::Progress& progress) {
        if (queue_.Advance(progress)) reporter_->Resume();
      },
      block_stop.get_token());
  // A result that was complete when the agent was told to end is kept.
  const bool discard = block_stop.stop_requested() && !(stop.stop_requested() && result.ok());
  // With another block here, disk and network wait until the device is at work on it.
  if (!discard) {
    const SpoolKey key{grant.block().block_id(), grant.epoch()};
    reporter_->Hand(key, std::move(result), !queue_.HasNext());
  }
  queue_.Finish(!discard);
  LogEnd(block, begin);
}

void SessionLoop::LogEnd(const StartedBlock& block, Duration begin) const {
  const std::string& block_id = block.grant.block().block_id();
  const double seconds = ToSeconds(Clock::Steady()->Now() - begin);
  const auto gap = executor_->LastGap();
  if (!gap) {
    log::Info("block ends", {{"block", block_id}, {"seconds", seconds}});
    return;
  }
  log::Info("block ends", {{"block", block_id},
                           {"seconds", seconds},
                           {"gap_ms", 1e3 * ToSeconds(*gap)},
                           {"waited_here", block.at_once ? 1 : 0}});
}

}  // namespace quantfleet::agent
