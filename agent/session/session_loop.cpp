// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "agent/session/session_loop.hpp"

#include <algorithm>
#include <utility>

#include "agent/session/heartbeat.hpp"
#include "base/clock.hpp"
#include "base/ids.hpp"
#include "base/logging.hpp"
#include "base/version.hpp"

namespace quantfleet::agent {
namespace {

constexpr double kMostWaitSeconds = 25;
// Between two idle calls that come back at once.
constexpr double kLeastIdleSeconds = 0.1;
// A poll that brought nothing for so long: blocks do not follow each other now.
constexpr double kRestSeconds = 5;

// What a later attempt may mend; everything else needs a person.
bool IsTransient(StatusCode code) {
  switch (code) {
    case StatusCode::kUnknown:
    case StatusCode::kDeadlineExceeded:
    case StatusCode::kResourceExhausted:
    case StatusCode::kAborted:
    case StatusCode::kInternal:
    case StatusCode::kUnavailable:
    case StatusCode::kCancelled:
      return true;
    default:
      return false;
  }
}

// The coordinator takes no larger message (gRPC then answers RESOURCE_EXHAUSTED, which otherwise
// means that it is busy). Bytes.
constexpr size_t kMostReportBytes = size_t{16} << 20;

// This very entry will never be taken.
bool RefusesEntry(const Status& status, const v1::ReportRequest& entry) {
  return status.code() == StatusCode::kInvalidArgument ||
         (status.code() == StatusCode::kResourceExhausted &&
          entry.ByteSizeLong() > kMostReportBytes);
}

v1::ReportRequest FailureEntry(const std::string& block_id, uint64_t epoch,
                               const std::string& reason) {
  v1::ReportRequest entry;
  v1::BlockFailure& failure = *entry.add_failures();
  failure.set_block_id(block_id);
  failure.set_epoch(epoch);
  failure.set_reason(reason);
  return entry;
}

v1::ReportRequest EntryOf(const v1::Grant& grant, Result<v1::BlockResult> result) {
  const std::string& block_id = grant.block().block_id();
  if (!result.ok()) return FailureEntry(block_id, grant.epoch(), result.status().ToString());
  v1::ReportRequest entry;
  v1::BlockResult& kept = *entry.add_results();
  kept = *std::move(result);
  kept.set_block_id(block_id);
  kept.set_epoch(grant.epoch());
  return entry;
}

}  // namespace

SessionLoop::SessionLoop(SessionOptions options, CoordinatorClient* coordinator,
                         DeviceExecutor* executor, Spool* spool)
    : options_(std::move(options)), coordinator_(coordinator), executor_(executor), spool_(spool) {}

Status SessionLoop::Run(const std::stop_token& stop) {
  const Status status = RunUntilStopped(stop);
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
    const Status status = Step(stop);
    if (status.ok()) {
      backoff_.Reset();
      last_problem.clear();
      continue;
    }
    if (stop.stop_requested()) break;
    if (status.code() == StatusCode::kFailedPrecondition && session_) {
      log::Info("the session is over", {{"reason", status.message()}});
      session_.reset();
    } else if (!IsTransient(status.code())) {
      return status;
    } else if (status.message() != last_problem) {
      last_problem = status.message();
      log::Warning("trying again", {{"reason", status.ToString()}});
    }
    WaitFor(backoff_.Next(), stop);
  }
  return OkStatus();
}

Status SessionLoop::Step(const std::stop_token& stop) {
  if (!session_) return OpenSession(stop);
  QF_RETURN_IF_ERROR(ReportPending(stop));
  return TakeBlock(stop);
}

Status SessionLoop::OpenSession(const std::stop_token& stop) {
  if (hello_.request_id().empty()) {
    v1::HelloRequest request;
    const Status examined =
        executor_->Examine(stop, request.mutable_device(), request.mutable_ceilings());
    if (!examined.ok()) {
      // A driver may come back; the other devices of the host go on meanwhile.
      log::Error("the device cannot be measured", {{"reason", examined.ToString()}});
      WaitFor(FromSeconds(options_.examine_again_seconds), stop);
      return OkStatus();
    }
    request.set_agent_name(options_.agent_name);
    request.set_host_id(options_.host_id);
    request.set_version(std::string(Version()));
    request.mutable_labels()->insert(options_.labels.begin(), options_.labels.end());
    request.set_share_host(options_.share_host);
    request.set_request_id(RandomId("hello_"));
    hello_ = std::move(request);
  }
  QF_ASSIGN_OR_RETURN(session_, coordinator_->Hello(hello_, stop));
  log::Info("session open", {{"session", session_->session_id()},
                             {"device", hello_.device().device().device_class()}});
  hello_.Clear();
  return OkStatus();
}

Status SessionLoop::ReportPending(const std::stop_token& stop) {
  for (const SpoolKey& key : spool_->Pending()) QF_RETURN_IF_ERROR(ReportOne(key, stop));
  return OkStatus();
}

Status SessionLoop::ReportOne(const SpoolKey& key, const std::stop_token& stop) {
  auto entry = spool_->Load(key);
  // Damaged, or handed in by the loop of another device.
  if (!entry.ok()) return OkStatus();
  entry->set_session_id(session_->session_id());
  const auto response = coordinator_->Report(*entry, stop);
  if (!response.ok() && RefusesEntry(response.status(), *entry)) {
    const std::string& reason = response.status().message();
    log::Error("a result is refused and set aside", {{"block", key.block_id}, {"reason", reason}});
    spool_->SetAside(key);
    if (entry->results_size() == 0) return OkStatus();
    const Status kept =
        spool_->Put(FailureEntry(key.block_id, key.epoch, "its result was refused: " + reason));
    if (!kept.ok()) log::Warning("the failure is in memory only", {{"reason", kept.message()}});
    return ReportOne(key, stop);
  }
  if (!response.ok()) return response.status();
  for (const v1::ReportVerdict& verdict : response->verdicts()) {
    if (verdict.block_id() != key.block_id || verdict.epoch() != key.epoch) continue;
    if (verdict.disposition() == v1::DISPOSITION_UNSPECIFIED) continue;
    log::Info("reported", {{"block", key.block_id},
                           {"epoch", key.epoch},
                           {"disposition", v1::Disposition_Name(verdict.disposition())},
                           {"reason", verdict.reason()}});
    spool_->Forget(key);
    return OkStatus();
  }
  return Internal("the coordinator gave no verdict on block " + key.block_id);
}

v1::SyncRequest SessionLoop::IdleRequest() const {
  v1::SyncRequest request;
  request.set_session_id(session_->session_id());
  request.set_spooled_results(static_cast<uint32_t>(spool_->Pending().size()));
  request.set_not_leasing_reason(spool_->NotLeasingReason());
  request.set_max_wait_seconds(kMostWaitSeconds);
  return request;
}

Status SessionLoop::TakeBlock(const std::stop_token& stop) {
  const Duration begin = Clock::Steady()->Now();
  QF_ASSIGN_OR_RETURN(const v1::SyncResponse response, coordinator_->Sync(IdleRequest(), stop));
  if (response.has_start()) {
    const v1::Grant& grant = response.start();
    // Offered again because an answer was lost: the next step hands its result in.
    if (!spool_->Contains({grant.block().block_id(), grant.epoch()})) RunGrant(grant, stop);
    return OkStatus();
  }
  const double passed = ToSeconds(Clock::Steady()->Now() - begin);
  if (passed >= kRestSeconds) executor_->Rest();
  const double wait = std::clamp(response.next_sync_seconds(), 0.0, kMostWaitSeconds);
  WaitFor(FromSeconds(std::max(wait, kLeastIdleSeconds - passed)), stop);
  return OkStatus();
}

void SessionLoop::RunGrant(const v1::Grant& grant, const std::stop_token& stop) {
  log::Info("block begins", {{"block", grant.block().block_id()},
                             {"epoch", grant.epoch()},
                             {"arms", grant.block().arms_size()}});
  std::stop_source block_stop;
  const std::stop_callback forward(stop, [&block_stop] { block_stop.request_stop(); });
  Heartbeat heartbeat(coordinator_, session_->session_id(), session_->sync_seconds(), grant,
                      block_stop);
  auto result = executor_->Run(
      grant.block(), [&](const v1::Progress& progress) { heartbeat.Advance(progress); },
      block_stop.get_token());
  // A result that was complete when the agent was told to end is kept for its next life.
  const bool discard = block_stop.stop_requested() && !(stop.stop_requested() && result.ok());
  if (discard) return;
  if (const Status kept = spool_->Put(EntryOf(grant, std::move(result))); !kept.ok()) {
    log::Error("the result is in memory only", {{"reason", kept.message()}});
  }
}

}  // namespace quantfleet::agent
