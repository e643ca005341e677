// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
//
// A session between a coordinator by script and a device that measures nothing.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "agent/session/session_loop.hpp"
#include "base/ids.hpp"

namespace quantfleet::agent {

inline v1::SyncResponse Start(const std::string& block, uint64_t epoch) {
  v1::SyncResponse response;
  response.mutable_start()->set_epoch(epoch);
  response.mutable_start()->mutable_block()->set_block_id(block);
  return response;
}

inline void AddQueued(const std::string& block, uint64_t epoch, v1::SyncResponse* response) {
  v1::Grant& grant = *response->add_queue();
  grant.set_epoch(epoch);
  grant.mutable_block()->set_block_id(block);
}

inline v1::SyncResponse Queue(const std::string& first, const std::vector<std::string>& others) {
  v1::SyncResponse response = Start(first, 1);
  for (const std::string& block : others) AddQueued(block, 1, &response);
  return response;
}

template <typename Held>
std::vector<std::string> Ids(const Held& held) {
  std::vector<std::string> ids;
  for (const auto& one : held) ids.push_back(one.block_id());
  return ids;
}

inline v1::ReportRequest Entry(const std::string& block) {
  v1::ReportRequest entry;
  entry.add_results()->set_block_id(block);
  entry.mutable_results(0)->set_epoch(1);
  return entry;
}

// A coordinator by script: each call takes the next answer of its queue; when the queue is empty,
// idle syncs hang until the test or the loop stops, and the rest succeeds.
class FakeCoordinator : public CoordinatorClient {
 public:
  Result<v1::HelloResponse> Hello(const v1::HelloRequest& request,
                                  const std::stop_token&) override {
    const std::lock_guard lock(mutex);
    hellos.push_back(request);
    changed.notify_all();
    if (const Status failure = Take(&hello_failures); !failure.ok()) return failure;
    v1::HelloResponse response;
    response.set_session_id("session " + std::to_string(hellos.size()));
    response.set_sync_seconds(sync_seconds);
    return response;
  }
  Result<v1::SyncResponse> Sync(const v1::SyncRequest& request,
                                const std::stop_token& stop) override {
    std::unique_lock lock(mutex);
    changed.notify_all();
    if (request.has_running() || request.queued_size() > 0) {
      beats.push_back(request);
      return on_beat ? on_beat(request) : Result<v1::SyncResponse>(v1::SyncResponse());
    }
    syncs.push_back(request);
    // A copy, since it may clear itself.
    if (const auto idle = on_idle) idle();
    if (answers.empty()) {
      ++hanging;
      changed.notify_all();
      changed.wait(lock, stop, [] { return false; });
      --hanging;
      return Status(StatusCode::kCancelled, "stopped");
    }
    auto answer = std::move(answers.front());
    answers.pop_front();
    return answer;
  }
  Result<v1::ReportResponse> Report(const v1::ReportRequest& request,
                                    const std::stop_token&) override {
    const std::lock_guard lock(mutex);
    reports.push_back(request);
    changed.notify_all();
    if (on_report) {
      if (const Status refused = on_report(request); !refused.ok()) return refused;
    }
    if (const Status failure = Take(&report_failures); !failure.ok()) return failure;
    v1::ReportResponse response;
    const auto answer = [&](const auto& reported) {
      v1::ReportVerdict& verdict = *response.add_verdicts();
      verdict.set_disposition(v1::DISPOSITION_ACCEPTED);
      verdict.set_block_id(reported.block_id());
      verdict.set_epoch(reported.epoch());
    };
    for (const v1::BlockResult& result : request.results()) answer(result);
    for (const v1::BlockFailure& failure : request.failures()) answer(failure);
    return response;
  }
  Status Goodbye(const v1::GoodbyeRequest& request) override {
    const std::lock_guard lock(mutex);
    goodbyes.push_back(request.session_id());
    return {};
  }

  // Waits until `condition`, evaluated with the mutex held, is true.
  void Await(const std::function<bool()>& condition) {
    std::unique_lock lock(mutex);
    changed.wait(lock, condition);
  }
  // Waits for so many more beats.
  void AwaitBeats(size_t more) {
    std::unique_lock lock(mutex);
    changed.wait(lock, [this, end = beats.size() + more] { return beats.size() >= end; });
  }
  // The device idles, everything scripted was answered, and no session is about to end.
  bool Idle() {
    const std::lock_guard lock(mutex);
    return hanging > 0 && hello_failures.empty() && report_failures.empty();
  }

  std::mutex mutex;
  std::condition_variable_any changed;
  std::deque<Status> hello_failures;
  std::deque<Status> report_failures;
  std::deque<Result<v1::SyncResponse>> answers;
  std::function<Result<v1::SyncResponse>(const v1::SyncRequest&)> on_beat;
  std::function<void()> on_idle;
  std::function<Status(const v1::ReportRequest&)> on_report;
  double sync_seconds = 0.02;
  std::vector<v1::HelloRequest> hellos;
  std::vector<v1::SyncRequest> syncs;
  std::vector<v1::SyncRequest> beats;
  std::vector<v1::ReportRequest> reports;
  std::vector<std::string> goodbyes;
  int hanging = 0;

 private:
  static Status Take(std::deque<Status>* failures) {
    if (failures->empty()) return {};
    Status status = std::move(failures->front());
    failures->pop_front();
    return status;
  }
};

class FakeExecutor : public DeviceExecutor {
 public:
  Status Examine(const std::stop_token&, v1::DeviceDescription* device,
                 v1::Ceilings* ceilings) override {
    device->mutable_device()->set_device_class("cpu/fake/1t");
    ceilings->set_dram_read_bytes_per_second(1e9);
    return std::exchange(examined, Status());
  }
  Result<UnreadResult> Measure(const v1::Block& block, const OnProgress& on_progress,
                               const std::stop_token& stop) override {
    runs.push_back(block.block_id());
    v1::Progress progress;
    progress.set_phase("measure");
    progress.set_arm_index(3);
    progress.set_fraction(0.5);
    if (!silent) on_progress(progress);
    if (during) during(stop);
    if (stop.stop_requested() && !ignores_stop) return Status(StatusCode::kCancelled, "stopped");
    if (!outcome.ok()) return outcome;
    v1::BlockResult result;
    result.set_run_id("run of " + block.block_id());
    return UnreadResult([result] { return result; });
  }

  // Of the next call.
  Status examined;
  Status outcome;
  bool ignores_stop = false;
  bool silent = false;
  std::function<void(const std::stop_token&)> during;
  std::vector<std::string> runs;
};

class SessionTest : public ::testing::Test {
 protected:
  SessionTest() : spool_(*Spool::Open(directory_, {100, 0})) {}
  ~SessionTest() override {
    Stop();
    std::filesystem::remove_all(directory_);
  }

  void Begin() {
    SessionOptions options;
    options.agent_name = "agent";
    options.labels["site"] = "lab";
    options.examine_again_seconds = 0.01;
    options.prefetch = prefetch_;
    options.life_seconds = life_seconds_;
    thread_ = std::thread([this, options] {
      SessionLoop loop(options, &coordinator_, &executor_, spool_.get());
      status_ = loop.Run(stop_.get_token());
    });
  }
  void Stop() {
    stop_.request_stop();
    if (thread_.joinable()) thread_.join();
  }
  // Runs until everything scripted was answered and every result handed in.
  void RunAll() {
    Begin();
    // The spool tells nobody when it becomes empty.
    while (!(coordinator_.Idle() && spool_->Pending().empty())) {
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    Stop();
  }

  const std::string directory_ =
      std::filesystem::temp_directory_path() / RandomId("quantfleet-session-");
  std::unique_ptr<Spool> spool_;
  FakeCoordinator coordinator_;
  FakeExecutor executor_;
  uint32_t prefetch_ = 1;
  double life_seconds_ = 0;
  Status status_;
  std::stop_source stop_;
  std::thread thread_;
};

}  // namespace quantfleet::agent
