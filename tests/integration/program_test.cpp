// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
//
// The program itself: its settings, its signals, its death.
#include "tests/support/program.hpp"

#include <thread>

#include <gmock/gmock.h>
#include <signal.h>

#include "coordinator/postgres/migrator.hpp"
#include "tests/support/blocks.hpp"

#include "quantfleet/v1/admin_service.grpc.pb.h"

namespace quantfleet::testing {
namespace {

using ::testing::HasSubstr;

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
