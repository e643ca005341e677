// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
#include <set>
#include <utility>

#include "agent/probe/probe.hpp"
#include "cli/client.hpp"
#include "cli/verbs/verbs.hpp"
#include "coordinator/matrix/expansion.hpp"

namespace quantfleet::cli {
namespace {

// Allowance for what a block costs beside its sampling: preparation, checks, warm-up, reporting.
constexpr double kBlockOverheadSeconds = 0.4;

// "24 h", "90 s": in the largest unit that divides it.
std::string DurationText(double seconds) {
  const auto count = static_cast<uint64_t>(seconds);
  for (const auto& [unit, name] : {std::pair{uint64_t{3600}, " h"}, {uint64_t{60}, " min"}}) {
    if (count % unit == 0) return std::to_string(count / unit) + name;
  }
  return std::to_string(count) + " s";
}

std::string SearchText(const matrix::Search& search) {
  return "crossovers along " + search.axis + ", at most " + std::to_string(search.max_points) +
         " points added to a curve, neighbours " + std::to_string(search.resolution) + " apart";
}

void PrintDiagnostics(const matrix::ParseOutcome& parsed) {
  for (const auto& diagnostic : parsed.diagnostics) {
    std::fprintf(stderr, "%s\n", diagnostic.ToString().c_str());
  }
}

// Devices of the fleet, or of this machine when no coordinator answers; `source` says which.
std::vector<scheduler::DeviceFacts> KnownDevices(const Common& common, std::string* source) {
  std::vector<scheduler::DeviceFacts> devices;
  Client client(common.remote, std::chrono::milliseconds(300));
  if (const auto sessions = client.ListSessions({}); sessions.ok()) {
    *source = "the fleet at " + common.remote.address;
    for (const v1::Session& session : sessions->sessions()) {
      devices.push_back({session.device(),
                         session.agent_name(),
                         {session.labels().begin(), session.labels().end()}});
    }
    return devices;
  }
  *source = "this machine (no coordinator at " + common.remote.address + ")";
  const auto probed =
      agent::ProbeDevices(agent::DefaultEngineProgram(), agent::DeviceChoice::kAll, {0});
  if (!probed.ok()) return devices;
  for (const auto& device : *probed) devices.push_back({device.device, agent::HostName(), {}});
  return devices;
}

void PrintPlan(const matrix::Matrix& matrix, const matrix::Plan& plan, const std::string& source,
               const std::vector<scheduler::DeviceFacts>& devices) {
  std::printf("%s: %llu blocks, %llu arms, on %s\n", matrix.name.c_str(),
              static_cast<unsigned long long>(plan.blocks),
              static_cast<unsigned long long>(plan.arms), source.c_str());
  Table matches({"device class", "device", "blocks"});
  std::set<std::string> seen;
  for (const auto& device : devices) {
    if (!seen.insert(device.device.device_class()).second) continue;
    uint64_t blocks = 0;
    for (const matrix::Copy& copy : plan.copies) {
      if (scheduler::Matches(copy.requirement, device)) {
        blocks += matrix.blocks_per_copy * matrix.repeat;
      }
    }
    matches.Add({device.device.device_class(), device.device.name(), std::to_string(blocks)});
  }
  Print(matches.AsText());
  for (const std::string& reason : plan.unmatched) std::printf("waits: %s\n", reason.c_str());
  for (const matrix::JoinWindow& join : plan.joins) {
    std::printf(
        "may join: target %s, %llu blocks for each device class that first connects within %s\n",
        join.target.c_str(), static_cast<unsigned long long>(plan.blocks_per_copy),
        DurationText(join.seconds).c_str());
  }
  if (matrix.search) {
    std::printf("searches: %s; they are not counted here\n", SearchText(*matrix.search).c_str());
  }
  for (const auto& exclusion : plan.exclusions) {
    std::printf("excluded: %llu arms, %s\n", static_cast<unsigned long long>(exclusion.arms),
                exclusion.because.c_str());
  }
  const double longest = static_cast<double>(plan.arms) * matrix.policy.max_seconds() +
                         static_cast<double>(plan.blocks) * kBlockOverheadSeconds;
  std::printf(
      "predicted: at most %.1f minutes of device time (every arm sampled to its cap, %.1f s a "
      "block beside it)\n",
      longest / 60, kBlockOverheadSeconds);
}

std::string CsvOf(const v1::Block& block) {
  Table table({"ordinal", "target", "arm", "role", "layer", "batch", "format", "kernel", "arm_id"});
  for (const auto& arm : block.arms()) {
    const auto label = [&](const char* key) {
      const auto found = arm.labels().find(key);
      return found == arm.labels().end() ? std::string() : found->second;
    };
    table.Add({std::to_string(block.ordinal()), block.target(), std::to_string(arm.index()),
               v1::ArmRole_Name(arm.role()), label("layer"), label("batch"), arm.spec().format(),
               arm.spec().kernel(), arm.arm_id()});
  }
  return table.AsCsv();
}

// One by one: a large matrix need not fit in memory.
void PrintBlocks(const matrix::BlockMaker& maker, Output output) {
  Print(output == Output::kJson ? "[" : CsvOf({}));  // of no block: the header
  for (uint64_t i = 0; i < maker.size(); ++i) {
    const v1::Block block = maker.At(i);
    if (output == Output::kJson) {
      Print((i > 0 ? ",\n" : "\n") + CompactJsonOf(block));
    } else {
      const std::string csv = CsvOf(block);
      Print(csv.substr(csv.find('\n') + 1));
    }
  }
  if (output == Output::kJson) Print("\n]\n");
}

}  // namespace

Result<std::string> ReadDocument(const std::string& file) {
  if (file == "-") return std::string(std::istreambuf_iterator<char>(std::cin), {});
  std::ifstream stream(file, std::ios::binary);
  if (!stream) return NotFound("cannot read " + file);
  std::string text(std::istreambuf_iterator<char>(stream), {});
  if (stream.bad()) return NotFound("cannot read " + file);
  return text;
}

int Validate(const std::string& file) {
  const auto document = ReadDocument(file);
  if (!document.ok()) return Fail(document.status());
  const auto parsed = matrix::ParseMatrix(*document, file);
  PrintDiagnostics(parsed);
  if (!parsed.matrix) return 2;
  std::printf("%s: valid, %llu blocks and %llu arms on each target or device class\n", file.c_str(),
              static_cast<unsigned long long>(parsed.matrix->blocks_per_copy),
              static_cast<unsigned long long>(parsed.matrix->arms_per_copy));
  if (parsed.matrix->search) {
    std::printf("searches: %s\n", SearchText(*parsed.matrix->search).c_str());
  }
  for (const matrix::Target& target : parsed.matrix->targets) {
    if (target.join_seconds == 0) continue;
    std::printf("target %s: device classes may join for %s after the submission\n",
                target.name.c_str(), DurationText(target.join_seconds).c_str());
  }
  return 0;
}

int Plan(const Common& common, const std::string& file) {
  const auto document = ReadDocument(file);
  if (!document.ok()) return Fail(document.status());
  const auto parsed = matrix::ParseMatrix(*document, file);
  PrintDiagnostics(parsed);
  if (!parsed.matrix) return 2;
  std::string source;
  const auto devices = KnownDevices(common, &source);
  const matrix::Plan plan = matrix::PlanMatrix(*parsed.matrix, devices);
  if (common.output == Output::kTable) {
    PrintPlan(*parsed.matrix, plan, source, devices);
  } else {
    PrintBlocks(matrix::BlockMaker(parsed.matrix, plan.TargetNames()), common.output);
  }
  return 0;
}

}  // namespace quantfleet::cli
