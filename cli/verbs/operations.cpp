// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cctype>
#include <cstdio>
#include <filesystem>
#include <vector>

#include <unistd.h>

#include "base/units.hpp"
#include "cli/client.hpp"
#include "cli/verbs/verbs.hpp"

namespace quantfleet::cli {
namespace {

std::string Doing(const v1::Session& session) {
  if (!session.block_id().empty()) {
    return "block " + session.block_id() + ", " +
           std::to_string(static_cast<int>(100 * session.fraction())) + " %";
  }
  if (session.draining()) return "draining";
  if (!session.quarantine_reason().empty())
    return "left out for a while: " + session.quarantine_reason();
  if (!session.not_leasing_reason().empty())
    return "takes nothing: " + session.not_leasing_reason();
  std::string state = v1::SessionState_Name(session.state()).substr(14);
  std::transform(state.begin(), state.end(), state.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return session.state() == v1::SESSION_STATE_OPEN ? "idle" : state;
}

}  // namespace

int ShowFleet(const Common& common, bool all) {
  v1::ListSessionsRequest request;
  request.set_include_ended(all);
  const auto response = Client(common.remote).ListSessions(request);
  if (!response.ok()) return Fail(response.status());
  if (common.output == Output::kJson) {
    Print(JsonOf(*response));
    return 0;
  }
  Table table({"agent", "device class", "device", "doing", "spooled", "DRAM read", "fp32 multiply",
               "session"});
  for (const v1::Session& session : response->sessions()) {
    const auto& peaks = session.ceilings().matrix_operations_per_second();
    const auto fp32 = peaks.find("fp32");
    table.Add({session.agent_name(), session.device().device_class(), session.device().name(),
               Doing(session), std::to_string(session.spooled_results()),
               FormatBytesPerSecond(session.ceilings().dram_read_bytes_per_second()),
               fp32 == peaks.end() ? "" : FormatOperationsPerSecond(fp32->second),
               session.session_id()});
  }
  Print(common.output == Output::kCsv ? table.AsCsv() : table.AsText());
  return 0;
}

int Drain(const Common& common, const std::string& agent, bool resume) {
  v1::DrainAgentRequest request;
  request.set_agent_name(agent);
  request.set_resume(resume);
  const auto response = Client(common.remote).DrainAgent(request);
  if (!response.ok()) return Fail(response.status());
  std::printf("%s %s\n", agent.c_str(),
              resume ? "takes blocks again" : "finishes what it runs and takes no more");
  return 0;
}

// The coordinator is the one program that knows the schema: this becomes it.
int Database(const std::string& command, const std::string& database) {
  std::error_code error;
  const std::string program =
      (std::filesystem::read_symlink("/proc/self/exe", error).parent_path() /
       "quantfleet-coordinator")
          .string();
  std::vector<std::string> words = {program, command};
  if (!database.empty()) words.insert(words.end(), {"--database", database});
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  execv(program.c_str(), arguments.data());
  return Fail(NotFound("cannot run " + program));
}

}  // namespace quantfleet::cli
