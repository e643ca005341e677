// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
//
// SIGTERM while a whole fleet hangs on long polls.
#include <atomic>
#include <chrono>
#include <deque>
#include <map>
#include <thread>

#include <gmock/gmock.h>
#include <signal.h>

#include "tests/support/blocks.hpp"
#include "tests/support/program.hpp"

#include "quantfleet/v1/admin_service.grpc.pb.h"

namespace quantfleet::testing {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kPolls = 3000;
constexpr int kConnections = 8;
constexpr int kBlocks = 200;

// Long polls that hang on one coordinator.
class Polls {
 public:
  struct Poll {
    grpc::ClientContext context;
    v1::SyncRequest request;
    v1::SyncResponse response;
    grpc::Status status;
  };

  explicit Polls(int port) {
    for (int i = 0; i < kConnections; ++i) {
      grpc::ChannelArguments arguments;
      arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
      stubs_.push_back(v1::AgentService::NewStub(grpc::CreateCustomChannel(
          "127.0.0.1:" + std::to_string(port), grpc::InsecureChannelCredentials(), arguments)));
    }
  }

  void Start(const std::string& session) {
    Poll& poll = polls_.emplace_back();
    poll.request.set_session_id(session);
    poll.request.set_max_wait_seconds(25);
    poll.context.set_deadline(std::chrono::system_clock::now() + std::chrono::minutes(1));
    stubs_[polls_.size() % kConnections]->async()->Sync(&poll.context, &poll.request,
                                                        &poll.response, [&](grpc::Status status) {
                                                          poll.status = std::move(status);
                                                          ++answered_;
                                                        });
  }
  // Looks again and again: who is woken by the last answer may be gone before it has woken others.
  void AwaitAll() const {
    while (answered_ < static_cast<int>(polls_.size()))
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  int answered() const { return answered_; }
  const std::deque<Poll>& all() const { return polls_; }

 private:
  std::vector<std::unique_ptr<v1::AgentService::Stub>> stubs_;
  std::deque<Poll> polls_;
  std::atomic<int> answered_ = 0;
};

class Shutdown : public ProgramTest {
 protected:
  // Sessions of agents on hosts of their own, copies of one that said Hello.
  std::vector<std::string> OpenMany(postgres::Connection& db, const std::string& pattern) {
    std::vector<std::string> sessions = {pattern};
    EXPECT_TRUE(db.Run([&](postgres::Transaction& tx) -> Status {
                    QF_RETURN_IF_ERROR(
                        tx.Query("INSERT INTO agent (agent_name) SELECT 'copy-' || n FROM "
                                 "generate_series(2, $1) n",
                                 {kPolls})
                            .status());
                    QF_RETURN_IF_ERROR(tx.Query(R"(
        INSERT INTO session (session_id, request_id, agent_name, device_uid, host_id, share_host, device_class, state,
                             hello)
        SELECT 'copy-' || n, 'copy', 'copy-' || n, device_uid, 'host-' || n, share_host, device_class, state, hello
        FROM session, generate_series(2, $2) n WHERE session_id = $1)",
                                                {pattern, kPolls})
                                           .status());
                    return tx
                        .Query(
                            "INSERT INTO session_class SELECT 'copy-' || n, class_id FROM "
                            "session_class, generate_series(2, $2) n WHERE session_id = $1",
                            {pattern, kPolls})
                        .status();
                  }).ok());
    for (int n = 2; n <= kPolls; ++n) sessions.push_back("copy-" + std::to_string(n));
    return sessions;
  }

  static uint32_t Parked(const std::shared_ptr<grpc::Channel>& channel) {
    grpc::ClientContext context;
    v1::GetServerStatusResponse status;
    EXPECT_TRUE(v1::AdminService::NewStub(channel)->GetServerStatus(&context, {}, &status).ok());
    return status.parked_syncs();
  }
};

TEST_F(Shutdown, EveryParkedPollIsAnsweredAndNoGrantIsLost) {
  auto program = Start();
  auto channel = Connect(*program);
  postgres::Connection db(conninfo_);
  const std::string first = Hello(channel).session_id();
  // A class that the sessions meet: it is there once a matrix was.
  ASSERT_TRUE(postgres::SubmitMatrix(db, SubmissionOf("first", 1)).ok());
  ASSERT_TRUE(Sync(channel, first, 0).has_start());
  const std::vector<std::string> sessions = OpenMany(db, first);
  Polls polls(PortIn(PortFile()));
  for (size_t i = 1; i < sessions.size(); ++i) polls.Start(sessions[i]);
  const int hanging = static_cast<int>(sessions.size()) - 1;
  while (Parked(channel) < static_cast<uint32_t>(hanging)) {
    ASSERT_EQ(polls.answered(), 0);
    // Another process: only asking it tells, and asking takes a thread from those that park.
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }

  // Work that arrives just then: some of it is granted on the way out.
  ASSERT_TRUE(postgres::SubmitMatrix(db, SubmissionOf("second", kBlocks)).ok());
  const auto begin = Clock::now();
  program->Signal(SIGTERM);
  EXPECT_EQ(program->Wait(), 0) << program->Log();
  const std::chrono::duration<double> took = Clock::now() - begin;
  EXPECT_LT(took.count(), 10) << program->Log();
  polls.AwaitAll();
  RecordProperty("seconds", std::to_string(took.count()));

  std::map<std::string, const v1::Grant*> granted;
  for (const Polls::Poll& poll : polls.all()) {
    EXPECT_TRUE(poll.status.ok()) << poll.status.error_code() << " " << poll.status.error_message();
    if (poll.response.has_start()) granted[poll.request.session_id()] = &poll.response.start();
  }
  EXPECT_EQ(Contradictions(db), "");
  std::printf("%d polls answered in %.2f s, %zu with a grant\n", hanging, took.count(),
              granted.size());

  // What was granted has its lease, and a lease whose answer was lost is offered again.
  program = Start();
  channel = Connect(*program);
  std::map<std::string, std::string> leases;
  ASSERT_TRUE(db.Run([&](postgres::Transaction& tx) -> Status {
                  QF_ASSIGN_OR_RETURN(
                      const auto rows,
                      tx.Query("SELECT session_id, block_id || ' ' || epoch FROM lease"));
                  for (const auto& row : rows) leases[row[0].c_str()] = row[1].c_str();
                  return OkStatus();
                }).ok());
  EXPECT_EQ(leases.size(), granted.size() + 1);
  for (const auto& [session, lease] : leases) {
    const v1::Grant again = Sync(channel, session, 0).start();
    EXPECT_EQ(again.block().block_id() + " " + std::to_string(again.epoch()), lease);
    if (session == first) continue;
    ASSERT_TRUE(granted.contains(session)) << session;
    EXPECT_EQ(granted[session]->epoch(), again.epoch());
    EXPECT_EQ(granted[session]->block().block_id(), again.block().block_id());
  }
}

}  // namespace
}  // namespace quantfleet::testing
