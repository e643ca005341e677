// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "benchmarks/orchestration/simulator/loop.hpp"
#include "benchmarks/orchestration/simulator/options.hpp"
#include "benchmarks/orchestration/simulator/tally.hpp"

#include "quantfleet/v1/agent_service.grpc.pb.h"

namespace quantfleet::bench {

// Makes the connection that an agent is to use, new or shared.
using Connect = std::function<std::shared_ptr<v1::AgentService::Stub>()>;

// An agent without a device: it leases blocks as proto/quantfleet/v1/agent_service.proto says, lets
// their time pass and reports made-up results. One call at a time, as the real one; no thread.
class Agent {
 public:
  // What it points to outlives it.
  Agent(int number, const FleetOptions& options, Connect connect, Loop* loop, Tally* tally);
  Agent(const Agent&) = delete;
  Agent& operator=(const Agent&) = delete;

  void Start() { Step(); }
  // Takes no further block, hands in what it has and says Goodbye, unless it is not to.
  void Stop();
  bool over() const { return over_; }

 private:
  using Stub = v1::AgentService::Stub;

  // Decides what to do next, unless a call is under way.
  void Step();
  // Calls Step then, unless the agent has been gone meanwhile.
  void StepAt(Duration time);
  void SayHello();
  void Sync();
  void TakeSync(const v1::SyncResponse& response, Duration began, bool busy);
  void Take(const v1::Grant& grant);
  void Forget(const v1::Stop& stop);
  // Moves blocks whose time has passed to the results.
  void Finish();
  void Report(bool again);
  void TakeReport(const v1::ReportResponse& response, bool again);
  void SayGoodbye(bool for_good);
  // Draws whether the agent goes away now; true if it did.
  bool MayLeave();
  void Vanish();
  void Fail(const char* call, const grpc::Status& status);
  bool Draw(double chance) { return chance > 0 && unit_(random_) < chance; }
  Duration RunTime();

  // `done`(Response&, Duration began) when answered; Fail otherwise.
  template <typename Request, typename Response, typename Done>
  void Call(const char* name,
            std::unique_ptr<grpc::ClientAsyncResponseReader<Response>> (Stub::*method)(
                grpc::ClientContext*, const Request&, grpc::CompletionQueue*),
            const Request& request, double seconds, Done done);

  const int number_;
  const FleetOptions& options_;
  const Connect connect_;
  Loop* const loop_;
  Tally* const tally_;
  std::shared_ptr<Stub> stub_;
  std::mt19937 random_;
  std::uniform_real_distribution<double> unit_{0, 1};

  uint64_t life_ = 0;  // grows when it goes away: what was under way then is another's
  uint64_t plan_ = 0;  // grows with each StepAt: only the last one counts
  grpc::ClientContext* calling_ = nullptr;
  bool hanging_ = false;  // the call is a Sync that may wait long
  std::string session_;
  std::string hello_id_;  // kept over retries
  double sync_seconds_ = 5;
  std::deque<v1::Grant> held_;  // the first one runs
  Duration run_end_{}, next_sync_{};
  v1::ReportRequest report_;  // results that wait
  int failures_ = 0;          // calls in a row
  uint64_t runs_ = 0;
  bool stopping_ = false;
  bool over_ = false;
};

}  // namespace quantfleet::bench
