// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
//
// What a supervisor such as systemd and a load balancer hear from the program.
#include <atomic>
#include <chrono>
#include <mutex>
#include <thread>

#include <gmock/gmock.h>
#include <grpcpp/generic/generic_stub.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "coordinator/rpc/observe/own_port.hpp"
#include "tests/support/blocks.hpp"
#include "tests/support/program.hpp"

namespace quantfleet::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Takes what programs send to $NOTIFY_SOCKET.
class FakeSupervisor {
 public:
  explicit FakeSupervisor(const std::string& path) : socket_(socket(AF_UNIX, SOCK_DGRAM, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof(address.sun_path) - 1);
    QF_CHECK(bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0);
    const timeval look{0, 50'000};
    QF_CHECK(setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &look, sizeof(look)) == 0);
    thread_ = std::jthread([this](const std::stop_token& stop) { Listen(stop); });
  }
  ~FakeSupervisor() {
    thread_ = {};
    close(socket_);
  }

  std::vector<std::string> Heard() const {
    const std::lock_guard lock(mutex_);
    return heard_;
  }
  int Pings() const {
    const auto heard = Heard();
    return static_cast<int>(std::count(heard.begin(), heard.end(), "WATCHDOG=1"));
  }

 private:
  void Listen(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      char text[256];
      const ssize_t count = recv(socket_, text, sizeof(text), 0);
      const std::lock_guard lock(mutex_);
      if (count > 0) heard_.emplace_back(text, static_cast<size_t>(count));
    }
  }

  const int socket_;
  mutable std::mutex mutex_;
  std::vector<std::string> heard_;
  std::jthread thread_;
};

class Supervision : public ProgramTest {
 protected:
  std::unique_ptr<Program> StartSupervised() {
    return Start({"--database-threads=2"},
                 {"NOTIFY_SOCKET=" + (directory_ / "notify").string(), "WATCHDOG_USEC=2000000"});
  }

  // What the health service says: 1 for SERVING, 2 for NOT_SERVING, 0 for no answer.
  static int Health(const std::shared_ptr<grpc::Channel>& channel) {
    grpc::GenericStub stub(channel);
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + seconds(5));
    grpc::CompletionQueue queue;
    const grpc::Slice nothing;
    const grpc::ByteBuffer request(&nothing, 1);
    grpc::ByteBuffer response;
    grpc::Status status;
    const auto call =
        stub.PrepareUnaryCall(&context, "/grpc.health.v1.Health/Check", request, &queue);
    call->StartCall();
    call->Finish(&response, &status, nullptr);
    void* tag = nullptr;
    bool ok = false;
    queue.Next(&tag, &ok);
    std::vector<grpc::Slice> slices;
    if (!status.ok() || !response.Dump(&slices).ok() || slices.empty()) return 0;
    // HealthCheckResponse: field 1, a varint.
    return slices[0].size() == 2 && slices[0].begin()[0] == 8 ? slices[0].begin()[1] : 0;
  }

  // True if `condition` became true within half a minute.
  template <typename Condition>
  static bool Becomes(const Condition& condition) {
    const auto end = std::chrono::steady_clock::now() + seconds(30);
    while (!condition()) {
      if (std::chrono::steady_clock::now() > end) return false;
      // Another process is asked: it wakes nobody here.
      std::this_thread::sleep_for(milliseconds(50));
    }
    return true;
  }

  // Those that serve connections, but for the caller's own.
  static std::vector<pid_t> Backends(postgres::Connection& db) {
    std::vector<pid_t> pids;
    EXPECT_TRUE(db.Run([&](postgres::Transaction& tx) -> Status {
                    pids.clear();
                    QF_ASSIGN_OR_RETURN(
                        const auto rows,
                        tx.Query("SELECT pid FROM pg_stat_activity WHERE backend_type = "
                                 "'client backend' AND pid <> pg_backend_pid()"));
                    for (const auto& row : rows) pids.push_back(row[0].as<pid_t>());
                    return OkStatus();
                  }).ok());
    return pids;
  }
};

TEST_F(Supervision, SaysWhenItIsReadyThatItLivesAndWhenItStops) {
  const FakeSupervisor supervisor(directory_ / "notify");
  const auto program = StartSupervised();
  const auto channel = Connect(*program);
  EXPECT_TRUE(Becomes([&] { return supervisor.Pings() >= 3; })) << program->Log();
  EXPECT_EQ(supervisor.Heard()[0], "READY=1");
  EXPECT_EQ(Health(channel), 1);
  program->Signal(SIGTERM);
  EXPECT_EQ(program->Wait(), 0);
  EXPECT_TRUE(Becomes([&] { return supervisor.Heard().back() == "STOPPING=1"; }));
}

TEST_F(Supervision, ADatabaseThatIsAwayIsNotServedAndNoReasonForARestart) {
  const FakeSupervisor supervisor(directory_ / "notify");
  const auto program = StartSupervised();
  const auto channel = Connect(*program);
  ASSERT_TRUE(Becomes([&] { return supervisor.Pings() > 0; }));
  PostgresServer::Get().Crash();
  EXPECT_TRUE(Becomes([&] { return Health(channel) == 2; })) << program->Log();
  const int before = supervisor.Pings();
  EXPECT_TRUE(Becomes([&] { return supervisor.Pings() >= before + 8; })) << "over two watchdogs";
  PostgresServer::Get().Restart();
  EXPECT_TRUE(Becomes([&] { return Health(channel) == 1; })) << program->Log();
  EXPECT_THAT(program->Log(), ::testing::HasSubstr("the database answers again"));
}

TEST_F(Supervision, APoolThatHangsIsNotCalledAlive) {
  const FakeSupervisor supervisor(directory_ / "notify");
  const auto program = StartSupervised();
  const auto channel = Connect(*program);
  ASSERT_TRUE(Becomes([&] { return supervisor.Pings() > 0; }));
  postgres::Connection db(conninfo_);
  const std::vector<pid_t> backends = Backends(db);
  ASSERT_FALSE(backends.empty());
  for (const pid_t pid : backends) ASSERT_EQ(kill(pid, SIGSTOP), 0);
  EXPECT_TRUE(Becomes([&] { return Health(channel) == 2; })) << program->Log();
  EXPECT_TRUE(Becomes([&] {
    const int before = supervisor.Pings();
    std::this_thread::sleep_for(seconds(2));  // systemd would have ended it by now
    return supervisor.Pings() == before;
  })) << program->Log();
  EXPECT_THAT(program->Log(), ::testing::HasSubstr("database_pool=\"hangs\" port=\"answers\""));
  for (const pid_t pid : backends) kill(pid, SIGCONT);
  const int before = supervisor.Pings();
  EXPECT_TRUE(Becomes([&] { return supervisor.Pings() >= before + 3 && Health(channel) == 1; }))
      << program->Log();
}

TEST(OwnPort, IsReachedWhateverTheServerListensOn) {
  EXPECT_EQ(rpc::ReachableAddress("0.0.0.0:7070", 7070), "127.0.0.1:7070");
  EXPECT_EQ(rpc::ReachableAddress("[::]:0", 4711), "[::1]:4711");
  EXPECT_EQ(rpc::ReachableAddress("10.0.0.7:7070", 7070), "10.0.0.7:7070");
  EXPECT_EQ(rpc::ReachableAddress("localhost:0", 4711), "localhost:4711");
}

}  // namespace
}  // namespace quantfleet::testing
