// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
//
// The program itself: its settings, its signals, its death.
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "coordinator/postgres/migrator.hpp"
#include "tests/support/blocks.hpp"
#include "tests/support/postgres.hpp"

#include "quantfleet/v1/admin_service.grpc.pb.h"
#include "quantfleet/v1/agent_service.grpc.pb.h"
#include "quantfleet/v1/matrix_service.grpc.pb.h"

namespace quantfleet::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

std::string ReadFile(const fs::path& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// quantfleet-coordinator as a child process; killed with the object.
class Program {
 public:
  Program(std::vector<std::string> arguments, const fs::path& directory,
          const std::vector<std::string>& environment = {}) {
    log_ = directory / "log";
    fs::remove(log_);
    arguments.insert(arguments.begin(), QUANTFLEET_BINARY_DIR "/bin/quantfleet-coordinator");
    std::vector<std::string> variables = environment;
    for (char** entry = environ; *entry != nullptr; ++entry) variables.emplace_back(*entry);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 2, log_.c_str(), O_WRONLY | O_CREAT | O_APPEND,
                                     0600);
    posix_spawn_file_actions_adddup2(&actions, 2, 1);
    std::vector<char*> argv = Pointers(arguments), envp = Pointers(variables);
    QF_CHECK(posix_spawn(&pid_, argv[0], &actions, nullptr, argv.data(), envp.data()) == 0);
    posix_spawn_file_actions_destroy(&actions);
  }
  ~Program() { Kill(); }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  void Signal(int number) { kill(pid_, number); }
  void Kill() {
    if (pid_ <= 0) return;
    Signal(SIGKILL);
    Wait();
  }
  // Exit code; 128 and more for a signal.
  int Wait() {
    int status = 0;
    waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  bool Ended() const {
    siginfo_t info{};
    waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT);
    return info.si_pid == pid_;
  }
  std::string Log() const { return ReadFile(log_); }

 private:
  static std::vector<char*> Pointers(const std::vector<std::string>& words) {
    std::vector<char*> pointers;
    for (const std::string& word : words) pointers.push_back(const_cast<char*>(word.c_str()));
    pointers.push_back(nullptr);
    return pointers;
  }

  fs::path log_;
  pid_t pid_ = -1;
};

class ProgramTest : public ::testing::Test {
 protected:
  ProgramTest() {
    std::string pattern = (fs::temp_directory_path() / "quantfleet-program.XXXXXX").string();
    QF_CHECK(mkdtemp(pattern.data()) != nullptr);
    directory_ = pattern;
  }
  ~ProgramTest() override { fs::remove_all(directory_); }

  std::unique_ptr<Program> Start(const std::vector<std::string>& more = {},
                                 const std::vector<std::string>& environment = {}) {
    std::vector<std::string> arguments = {"--database=" + conninfo_, "--listen=127.0.0.1:0",
                                          "--http=none", "--port-file=" + PortFile()};
    arguments.insert(arguments.end(), more.begin(), more.end());
    fs::remove(PortFile());
    return std::make_unique<Program>(arguments, directory_, environment);
  }
  // A channel to `program` once it serves.
  std::shared_ptr<grpc::Channel> Connect(const Program& program) {
    while (!fs::exists(PortFile()) && !program.Ended()) std::this_thread::yield();
    EXPECT_FALSE(program.Ended()) << program.Log();
    const auto channel =
        grpc::CreateChannel("127.0.0.1:" + std::to_string(std::atoi(ReadFile(PortFile()).c_str())),
                            grpc::InsecureChannelCredentials());
    return channel;
  }
  // Exit code and output of a run that ends by itself.
  std::pair<int, std::string> RunToEnd(const std::vector<std::string>& arguments) {
    Program program(arguments, directory_);
    const int code = program.Wait();
    return {code, program.Log()};
  }
  std::string Write(const std::string& name, const std::string& text) {
    std::ofstream(directory_ / name) << text;
    return directory_ / name;
  }
  std::string PortFile() const { return directory_ / "port"; }

  static v1::HelloResponse Hello(const std::shared_ptr<grpc::Channel>& channel) {
    grpc::ClientContext context;
    v1::HelloResponse response;
    const auto status =
        v1::AgentService::NewStub(channel)->Hello(&context, HelloOf("a"), &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  }
  static v1::SyncResponse Sync(const std::shared_ptr<grpc::Channel>& channel,
                               const std::string& session, double wait_seconds) {
    grpc::ClientContext context;
    v1::SyncRequest request;
    request.set_session_id(session);
    request.set_max_wait_seconds(wait_seconds);
    v1::SyncResponse response;
    const auto status = v1::AgentService::NewStub(channel)->Sync(&context, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  }

  fs::path directory_;
  const std::string conninfo_ = PostgresServer::Get().NewSchema();
};

TEST_F(ProgramTest, MigratesAndSaysWhereItStands) {
  const auto before = RunToEnd({"status", "--database=" + conninfo_});
  EXPECT_EQ(before.first, 0) << before.second;
  EXPECT_THAT(before.second, HasSubstr("schema version 0,"));
  const auto migrated = RunToEnd({"migrate", "--database=" + conninfo_});
  EXPECT_EQ(migrated.first, 0) << migrated.second;
  const auto after = RunToEnd({"status", "--database=" + conninfo_});
  EXPECT_THAT(after.second,
              HasSubstr("schema version " + std::to_string(postgres::Migrations().size()) + ","));
}

TEST_F(ProgramTest, AWrongSettingIsNamedWithItsPlace) {
  const std::string config = Write("bad.yaml", "lease-seconds: 5\nlisen: 127.0.0.1:0\n");
  const auto [code, output] = RunToEnd({"--config=" + config});
  EXPECT_EQ(code, 2);
  EXPECT_THAT(output, HasSubstr(config + ":2:1: unknown key 'lisen'"));
}

TEST_F(ProgramTest, AFlagBeatsTheEnvironmentBeatsTheFile) {
  const std::string config = Write("good.yaml", "lease-seconds: 100\n");
  const auto lease = [&](const std::vector<std::string>& more,
                         const std::vector<std::string>& environment) {
    const auto program = Start(more, environment);
    return Hello(Connect(*program)).lease_seconds();
  };
  const std::string variable = "QUANTFLEET_LEASE_SECONDS=200";
  EXPECT_EQ(lease({"--config=" + config}, {}), 100);
  EXPECT_EQ(lease({"--config=" + config}, {variable}), 200);
  EXPECT_EQ(lease({"--config=" + config, "--lease-seconds=300"}, {variable}), 300);
}

TEST_F(ProgramTest, OnlyLoopbackIsServed) {
  for (const char* address : {"0.0.0.0:0", "[::]:0", "127.example.com:0"}) {
    const auto [code, output] =
        RunToEnd({"--database=" + conninfo_, "--http=none", std::string("--listen=") + address});
    EXPECT_NE(code, 0);
    EXPECT_THAT(output, HasSubstr("only loopback")) << address;
  }
}

TEST_F(ProgramTest, ADatabaseThatIsAwayIsACodeOfItsOwn) {
  const auto [code, output] = RunToEnd({"--database=host=/no/such/directory", "--http=none"});
  EXPECT_EQ(code, 5);
  EXPECT_THAT(output, HasSubstr("cannot reach the database"));
}

TEST_F(ProgramTest, ASchemaNewerThanTheProgramIsRefused) {
  ASSERT_EQ(RunToEnd({"migrate", "--database=" + conninfo_}).first, 0);
  postgres::Connection db(conninfo_);
  Scalar(db, "INSERT INTO schema_migration VALUES (999, 'later', 'x') RETURNING 1");
  const auto [code, output] = RunToEnd({"--database=" + conninfo_, "--http=none"});
  EXPECT_EQ(code, 2);
  EXPECT_THAT(output, HasSubstr("too old"));
}

TEST_F(ProgramTest, SigtermAnswersParkedCallsAndEnds) {
  const auto program = Start();
  const auto channel = Connect(*program);
  const std::string session = Hello(channel).session_id();
  std::thread waiting([&] { EXPECT_FALSE(Sync(channel, session, 25).has_start()); });
  const auto admin = v1::AdminService::NewStub(channel);
  v1::GetServerStatusResponse status;
  while (status.parked_syncs() == 0) {
    grpc::ClientContext context;
    ASSERT_TRUE(admin->GetServerStatus(&context, {}, &status).ok());
  }
  program->Signal(SIGTERM);
  waiting.join();
  EXPECT_EQ(program->Wait(), 0) << program->Log();
}

TEST_F(ProgramTest, AKilledCoordinatorForgetsNothing) {
  auto program = Start();
  auto channel = Connect(*program);
  const std::string session = Hello(channel).session_id();
  postgres::Connection db(conninfo_);
  const auto submitted = postgres::SubmitMatrix(db, SubmissionOf("request", 2));
  ASSERT_TRUE(submitted.ok());
  const v1::Grant grant = Sync(channel, session, 20).start();
  program->Kill();

  program = Start();
  channel = Connect(*program);
  const v1::Grant again = Sync(channel, session, 20).start();
  EXPECT_EQ(again.block().block_id(), grant.block().block_id());
  EXPECT_EQ(again.epoch(), grant.epoch());
  v1::ReportRequest report;
  report.set_session_id(session);
  *report.add_results() = ResultOf(grant.block(), grant.epoch());
  for (const v1::Disposition expected : {v1::DISPOSITION_ACCEPTED, v1::DISPOSITION_DUPLICATE}) {
    grpc::ClientContext context;
    v1::ReportResponse verdicts;
    ASSERT_TRUE(v1::AgentService::NewStub(channel)->Report(&context, report, &verdicts).ok());
    EXPECT_EQ(verdicts.verdicts(0).disposition(), expected);
  }
  EXPECT_EQ(Contradictions(db), "");
}

TEST_F(ProgramTest, AnAgentKeepsItsBlockThroughAnAbsenceOfTheCoordinator) {
  auto program = Start();
  auto channel = Connect(*program);
  const std::string session = Hello(channel).session_id();
  postgres::Connection db(conninfo_);
  ASSERT_TRUE(postgres::SubmitMatrix(db, SubmissionOf("request", 1)).ok());
  const v1::Grant grant = Sync(channel, session, 20).start();
  program->Kill();
  Scalar(db, "UPDATE lease SET expire_time = clock_timestamp() - interval '1 hour' RETURNING 1");

  // Nobody could renew: the new one gives a whole lease's time before it takes anything away.
  program = Start();
  channel = Connect(*program);
  v1::SyncRequest request;
  request.set_session_id(session);
  request.mutable_running()->set_block_id(grant.block().block_id());
  request.mutable_running()->set_epoch(grant.epoch());
  grpc::ClientContext context;
  v1::SyncResponse response;
  const auto status = v1::AgentService::NewStub(channel)->Sync(&context, request, &response);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_FALSE(response.has_stop());
  EXPECT_EQ(Scalar(db, "SELECT expire_time > clock_timestamp() FROM lease"), "t");
}

}  // namespace
}  // namespace quantfleet::testing
