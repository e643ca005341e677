// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <utility>

#include <grpcpp/grpcpp.h>

#include "base/clock.hpp"

namespace quantfleet::bench {

// What a completion queue hands back; deletes itself.
class Event {
 public:
  virtual ~Event() = default;
  virtual void Happen() = 0;
};

// One thread that runs everything: answers of calls and timers. Nothing in it needs a lock.
class Loop {
 public:
  Loop() = default;
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // Time of Clock::Steady as of the event being handled.
  Duration Now() const { return now_; }
  void At(Duration time, std::function<void()> action);
  void After(Duration delay, std::function<void()> action) { At(now_ + delay, std::move(action)); }
  // Handles events until `over`, which is asked after each and at least every 10 ms.
  void Run(const std::function<bool()>& over);
  grpc::CompletionQueue* queue() { return &queue_; }

 private:
  grpc::CompletionQueue queue_;
  std::multimap<Duration, std::function<void()>> timers_;
  Duration now_ = Clock::Steady()->Now();
};

// Calls `method` of `stub` (an Async... member) and `done`(const grpc::Status&, Response&) when
// answered. The context, for TryCancel, lives until then.
template <typename Stub, typename Request, typename Response, typename Done>
grpc::ClientContext* StartCall(Loop& loop, Stub& stub,
                               std::unique_ptr<grpc::ClientAsyncResponseReader<Response>> (
                                   Stub::*method)(grpc::ClientContext*, const Request&,
                                                  grpc::CompletionQueue*),
                               const Request& request, double seconds, Done done) {
  struct Call final : Event {
    explicit Call(Done action) : done(std::move(action)) {}
    void Happen() override {
      const std::unique_ptr<Call> self(this);
      done(status, response);
    }
    grpc::ClientContext context;
    Response response;
    grpc::Status status;
    std::unique_ptr<grpc::ClientAsyncResponseReader<Response>> reader;
    Done done;
  };
  auto* call = new Call(std::move(done));
  // The call itself waits for the connection: nobody else drives a channel that has none.
  call->context.set_wait_for_ready(true);
  call->context.set_deadline(
      std::chrono::system_clock::now() +
      std::chrono::duration_cast<std::chrono::system_clock::duration>(FromSeconds(seconds)));
  call->reader = (stub.*method)(&call->context, request, loop.queue());
  call->reader->Finish(&call->response, &call->status, static_cast<Event*>(call));
  return &call->context;
}

}  // namespace quantfleet::bench
