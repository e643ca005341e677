// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/orchestration/simulator/agent.hpp"

#include <algorithm>
#include <cmath>

#include "base/ids.hpp"
#include "benchmarks/orchestration/simulator/results.hpp"

namespace quantfleet::bench {
namespace {

constexpr double kCallSeconds = 20;
constexpr double kHangSlackSeconds = 15;
constexpr double kGoodbyeSeconds = 5;
constexpr double kFirstRetrySeconds = 0.2;
constexpr double kLongestRetrySeconds = 2;
// An idle Sync that was answered faster without a block did not hang: not again at once.
constexpr Duration kAnsweredAtOnce = std::chrono::milliseconds(20);
constexpr Duration kPause = std::chrono::milliseconds(50);

bool Same(const v1::Grant& grant, const std::string& block_id, uint64_t epoch) {
  return grant.block().block_id() == block_id && grant.epoch() == epoch;
}

}  // namespace

Agent::Agent(int number, const FleetOptions& options, Connect connect, Loop* loop, Tally* tally)
    : number_(number),
      options_(options),
      connect_(std::move(connect)),
      loop_(loop),
      tally_(tally),
      random_(options.seed * 1'000'003U + static_cast<uint32_t>(number)) {}

template <typename Request, typename Response, typename Done>
void Agent::Call(const char* name,
                 std::unique_ptr<grpc::ClientAsyncResponseReader<Response>> (Stub::*method)(
                     grpc::ClientContext*, const Request&, grpc::CompletionQueue*),
                 const Request& request, double seconds, Done done) {
  if (!stub_) stub_ = connect_();
  const Duration began = loop_->Now();
  // The stub lives as long as the call, whatever becomes of the agent's own.
  calling_ = StartCall(*loop_, *stub_, method, request, seconds,
                       [this, name, began, done, life = life_, stub = stub_](
                           const grpc::Status& status, Response& response) {
                         if (life != life_) return;
                         calling_ = nullptr;
                         hanging_ = false;
                         if (!status.ok()) return Fail(name, status);
                         failures_ = 0;
                         done(response, began);
                       });
  if (Draw(options_.faults.hang_up)) {
    tally_->Count("hung up");
    loop_->After(FromSeconds(0.02 * unit_(random_)), [this, context = calling_, life = life_] {
      if (life == life_ && context == calling_ && calling_ != nullptr) calling_->TryCancel();
    });
  }
}

void Agent::Fail(const char* call, const grpc::Status& status) {
  const bool by_stop = stopping_ && status.error_code() == grpc::StatusCode::CANCELLED;
  if (!by_stop) tally_->Error(call, static_cast<int>(status.error_code()));
  if (status.error_code() == grpc::StatusCode::FAILED_PRECONDITION) {
    session_.clear();
    held_.clear();
  }
  const double most = std::min(kLongestRetrySeconds, kFirstRetrySeconds * std::exp2(failures_++));
  StepAt(loop_->Now() + FromSeconds(most * (0.5 + 0.5 * unit_(random_))));
}

void Agent::StepAt(Duration time) {
  loop_->At(time, [this, life = life_, plan = ++plan_] {
    if (life == life_ && plan == plan_) Step();
  });
}

void Agent::Step() {
  if (calling_ != nullptr || over_) return;
  if (session_.empty()) {
    if (stopping_ && (report_.results().empty() || options_.no_goodbye)) over_ = true;
    return over_ ? void() : SayHello();
  }
  Finish();
  if (!report_.results().empty()) return Report(false);
  if (stopping_) return SayGoodbye(true);
  if (held_.empty() || next_sync_ <= loop_->Now()) return Sync();
  StepAt(std::min(run_end_, next_sync_));
}

void Agent::Stop() {
  stopping_ = true;
  held_.clear();
  // A call that hangs would hold the end up.
  if (calling_ != nullptr && hanging_) calling_->TryCancel();
  StepAt(loop_->Now());
}

void Agent::SayHello() {
  if (hello_id_.empty()) hello_id_ = RandomId("hello_");
  const v1::HelloRequest hello =
      HelloOf(options_.name + "-" + std::to_string(number_), number_ % options_.classes, hello_id_);
  Call("Hello", &Stub::AsyncHello, hello, kCallSeconds,
       [this](const v1::HelloResponse& response, Duration began) {
         tally_->Took("hello", loop_->Now() - began);
         tally_->Count("hellos");
         session_ = response.session_id();
         sync_seconds_ = response.sync_seconds();
         hello_id_.clear();
         Step();
       });
}

void Agent::Sync() {
  v1::SyncRequest request;
  request.set_session_id(session_);
  hanging_ = held_.empty();
  request.set_prefetch(static_cast<uint32_t>(options_.batch - 1));
  const bool busy = !held_.empty();
  if (busy) {
    request.mutable_running()->set_block_id(held_.front().block().block_id());
    request.mutable_running()->set_epoch(held_.front().epoch());
    request.mutable_running()->set_phase("measure");
    for (auto waiting = held_.begin() + 1; waiting != held_.end(); ++waiting) {
      v1::HeldBlock& block = *request.add_queued();
      block.set_block_id(waiting->block().block_id());
      block.set_epoch(waiting->epoch());
    }
  } else {
    request.set_max_wait_seconds(options_.idle_seconds);
  }
  Call("Sync", &Stub::AsyncSync, request, request.max_wait_seconds() + kHangSlackSeconds,
       [this, busy](const v1::SyncResponse& response, Duration began) {
         TakeSync(response, began, busy);
       });
}

void Agent::TakeSync(const v1::SyncResponse& response, Duration began, bool busy) {
  const Duration now = loop_->Now();
  tally_->Count("syncs");
  tally_->Synced(number_, now);
  next_sync_ = now + FromSeconds(sync_seconds_);
  const size_t before = held_.size();
  if (response.has_stop()) Forget(response.stop());
  for (const v1::Stop& stop : response.dropped()) Forget(stop);
  if (response.has_start()) Take(response.start());
  for (const v1::Grant& grant : response.queue()) Take(grant);
  const bool granted = held_.size() > before;
  if (busy) tally_->Took("sync_busy", now - began);
  if (!busy) tally_->Took(granted ? "sync_granted" : "sync_empty", now - began);
  if (granted && MayLeave()) return;
  const bool in_vain = !busy && !granted && now - began < kAnsweredAtOnce;
  if (in_vain) return StepAt(now + kPause);
  Step();
}

void Agent::Take(const v1::Grant& grant) {
  const std::string& block_id = grant.block().block_id();
  const bool known = std::any_of(held_.begin(), held_.end(), [&](const v1::Grant& held) {
    return Same(held, block_id, grant.epoch());
  });
  if (known || stopping_) return;
  tally_->Granted(grant, loop_->Now());
  if (held_.empty()) run_end_ = loop_->Now() + RunTime();
  held_.push_back(grant);
}

void Agent::Forget(const v1::Stop& stop) {
  tally_->Stopped(loop_->Now());
  const auto found = std::find_if(held_.begin(), held_.end(), [&](const v1::Grant& held) {
    return Same(held, stop.block_id(), stop.epoch());
  });
  if (found == held_.end()) return;
  if (found == held_.begin()) run_end_ = loop_->Now() + RunTime();
  held_.erase(found);
}

Duration Agent::RunTime() {
  return FromSeconds(options_.run_seconds * (0.5 + unit_(random_)));
}

void Agent::Finish() {
  while (!held_.empty() && run_end_ <= loop_->Now()) {
    const std::string run = "run-" + std::to_string(number_) + "-" + std::to_string(++runs_);
    *report_.add_results() = ResultOf(held_.front(), run, options_.rounds);
    held_.pop_front();
    run_end_ += RunTime();
  }
}

void Agent::Report(bool again) {
  report_.set_session_id(session_);
  Call("Report", &Stub::AsyncReport, report_, kCallSeconds,
       [this, again](const v1::ReportResponse& response, Duration began) {
         tally_->Took("report", loop_->Now() - began);
         TakeReport(response, again);
       });
}

void Agent::TakeReport(const v1::ReportResponse& response, bool again) {
  if (response.verdicts_size() != report_.results_size()) tally_->Count("verdicts missing");
  for (const v1::ReportVerdict& verdict : response.verdicts()) tally_->Judged(verdict);
  if (!again && Draw(options_.faults.duplicate)) {
    tally_->Count("reported twice");
    return Report(true);
  }
  report_.clear_results();
  // The queue is filled up at once, not at the next renewal.
  next_sync_ = loop_->Now();
  Step();
}

void Agent::SayGoodbye(bool for_good) {
  v1::GoodbyeRequest request;
  request.set_session_id(session_);
  request.set_reason(for_good ? "the simulation is over" : "the agent starts again");
  if (for_good && (options_.no_goodbye || failures_ > 3)) {
    over_ = true;
    return;
  }
  Call("Goodbye", &Stub::AsyncGoodbye, request, kGoodbyeSeconds,
       [this, for_good](const v1::GoodbyeResponse&, Duration) {
         session_.clear();
         held_.clear();
         over_ = for_good;
         if (!for_good) StepAt(loop_->Now() + FromSeconds(options_.faults.down_seconds));
       });
}

bool Agent::MayLeave() {
  if (Draw(options_.faults.vanish)) {
    Vanish();
    return true;
  }
  if (!Draw(options_.faults.restart)) return false;
  tally_->Count("restarted");
  SayGoodbye(false);
  return true;
}

// As a machine that lost its power: what it held stays leased until its next Hello or the lease's
// end.
void Agent::Vanish() {
  tally_->Count("vanished");
  ++life_;
  if (calling_ != nullptr) calling_->TryCancel();
  calling_ = nullptr;
  hanging_ = false;
  session_.clear();
  held_.clear();
  report_.clear_results();
  stub_.reset();
  failures_ = 0;
  StepAt(loop_->Now() + FromSeconds(options_.faults.down_seconds * 2 * unit_(random_)));
}

}  // namespace quantfleet::bench
