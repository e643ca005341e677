// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <sys/types.h>

#include "tests/support/postgres.hpp"

#include "quantfleet/v1/agent_service.grpc.pb.h"

namespace quantfleet::testing {

// quantfleet-coordinator as a child process; killed with the object.
class Program {
 public:
  Program(std::vector<std::string> arguments, const std::filesystem::path& directory,
          const std::vector<std::string>& environment = {});
  ~Program() { Kill(); }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  void Signal(int number);
  void Kill();
  // Exit code; 128 and more for a signal.
  int Wait();
  bool Ended() const;
  std::string Log() const;
  pid_t pid() const { return pid_; }

 private:
  std::filesystem::path log_;
  pid_t pid_ = -1;
};

// A folder and a database for programs.
class ProgramTest : public ::testing::Test {
 protected:
  ProgramTest();
  ~ProgramTest() override;

  // Serves on free ports; without a dashboard unless `more` asks for one.
  std::unique_ptr<Program> Start(const std::vector<std::string>& more = {},
                                 const std::vector<std::string>& environment = {});
  // A channel to `program` once it serves.
  std::shared_ptr<grpc::Channel> Connect(const Program& program);
  // Exit code and output of a run that ends by itself.
  std::pair<int, std::string> RunToEnd(const std::vector<std::string>& arguments);
  std::string Write(const std::string& name, const std::string& text);
  // Where Start lets the program write its gRPC port.
  std::string PortFile() const { return directory_ / "port"; }
  // The number in a file.
  static int PortIn(const std::string& path);

  static v1::HelloResponse Hello(const std::shared_ptr<grpc::Channel>& channel);
  static v1::SyncResponse Sync(const std::shared_ptr<grpc::Channel>& channel,
                               const std::string& session, double wait_seconds);

  std::filesystem::path directory_;
  const std::string conninfo_ = PostgresServer::Get().NewSchema();
};

}  // namespace quantfleet::testing
