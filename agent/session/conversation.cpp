// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "agent/session/conversation.hpp"

#include <algorithm>
#include <utility>

#include "agent/session/entry.hpp"
#include "base/clock.hpp"
#include "base/logging.hpp"

namespace quantfleet::agent {
namespace {

constexpr double kMostWaitSeconds = 25;
// Between two idle calls that come back at once.
constexpr double kLeastIdleSeconds = 0.1;
// A coordinator that names no interval must not be flooded.
constexpr double kLeastBusySeconds = 0.02;
// A result that frees the device's place goes before the question for the next block.
constexpr double kReportFirstSeconds = 2;

bool Busy(const v1::SyncRequest& request) {
  return request.has_running() || request.queued_size() > 0;
}

}  // namespace

Conversation::Conversation(ConversationParts parts, v1::HelloResponse session, uint32_t prefetch,
                           OnEnd on_end)
    : parts_(parts),
      session_(std::move(session)),
      prefetch_(prefetch),
      on_end_(std::move(on_end)),
      thread_([this](const std::stop_token& stop) { Loop(stop); }) {}

void Conversation::Loop(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    const Status status = Exchange(stop);
    if (status.ok() || stop.stop_requested()) continue;
    on_end_(status);
    return;
  }
}

v1::SyncRequest Conversation::Compose(const std::stop_token& stop) {
  v1::SyncRequest request;
  // Whatever became of the block that it was to wait for.
  parts_.reporter->Resume();
  parts_.queue->Describe(&request);
  if (!Busy(request)) {
    parts_.reporter->AwaitOffered(FromSeconds(kReportFirstSeconds), stop);
    request.Clear();
    parts_.queue->Describe(&request);
  }
  request.set_session_id(session_.session_id());
  request.set_spooled_results(static_cast<uint32_t>(parts_.reporter->Kept()));
  request.set_not_leasing_reason(parts_.spool->NotLeasingReason());
  if (!Busy(request)) request.set_max_wait_seconds(kMostWaitSeconds);
  request.set_prefetch(prefetch_);
  return request;
}

Status Conversation::Exchange(const std::stop_token& stop) {
  const v1::SyncRequest request = Compose(stop);
  const Duration begin = Clock::Steady()->Now();
  const auto response = parts_.coordinator->Sync(request, stop);
  if (stop.stop_requested()) return OkStatus();
  Duration wait{};
  if (response.ok()) {
    backoff_.Reset();
    last_problem_.clear();
    const bool fresh = parts_.queue->Take(*response);
    // Offered again although its result is here: the coordinator has not got it.
    if (response->has_start() && !fresh) parts_.reporter->UseSession(session_.session_id());
    wait = WaitAfter(request, *response, fresh, ToSeconds(Clock::Steady()->Now() - begin));
  } else {
    QF_ASSIGN_OR_RETURN(wait, WaitAfter(request, response.status()));
  }
  parts_.queue->AwaitNews(wait, stop);
  return OkStatus();
}

Duration Conversation::WaitAfter(const v1::SyncRequest& request, const v1::SyncResponse& response,
                                 bool fresh, double passed_seconds) const {
  const double asked = std::clamp(response.next_sync_seconds(), 0.0, kMostWaitSeconds);
  if (!Busy(request) && !fresh) {
    return FromSeconds(std::max(asked, kLeastIdleSeconds - passed_seconds));
  }
  const double beat = std::max(session_.sync_seconds(), kLeastBusySeconds);
  return FromSeconds(asked > 0 ? std::clamp(asked, kLeastBusySeconds, beat) : beat);
}

Result<Duration> Conversation::WaitAfter(const v1::SyncRequest& request, const Status& failure) {
  if (failure.code() == StatusCode::kFailedPrecondition) return failure;
  // What runs is finished in any case: its result may be welcome later.
  if (!IsTransient(failure.code()) && !Busy(request)) return failure;
  if (failure.message() != last_problem_) {
    last_problem_ = failure.message();
    log::Warning("trying again", {{"reason", failure.ToString()}});
  }
  const Duration beat = FromSeconds(std::max(session_.sync_seconds(), kLeastBusySeconds));
  const Duration pause = backoff_.Next();
  return Busy(request) ? std::min(pause, beat) : pause;
}

}  // namespace quantfleet::agent
