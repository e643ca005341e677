// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include <csignal>
#include <cstdio>
#include <fstream>
#include <map>
#include <memory>
#include <stop_token>
#include <thread>

#include "agent/executor/device_executor.hpp"
#include "agent/executor/host_lock.hpp"
#include "agent/probe/probe.hpp"
#include "base/clock.hpp"
#include "cli/progress.hpp"
#include "cli/verbs/verbs.hpp"
#include "coordinator/analysis/comparison.hpp"
#include "coordinator/matrix/expansion.hpp"

namespace quantfleet::cli {
namespace {

// A device of this machine with what a coordinator would keep of its session.
struct LocalDevice {
  std::unique_ptr<agent::EngineExecutor> executor;
  scheduler::DeviceFacts facts;
  v1::ComparisonSession session;
};

Result<std::vector<LocalDevice>> OpenDevices(const std::vector<unsigned>& threads,
                                             const std::stop_token& stop) {
  std::vector<uint32_t> counts(threads.begin(), threads.end());
  if (counts.empty()) counts = {0};
  QF_ASSIGN_OR_RETURN(const auto probed, agent::ProbeDevices(agent::DefaultEngineProgram(),
                                                             agent::DeviceChoice::kAll, counts));
  std::vector<LocalDevice> devices;
  for (const auto& found : probed) {
    LocalDevice device;
    device.executor = std::make_unique<agent::EngineExecutor>(found.engine, agent::kHostLockPath);
    v1::DeviceDescription description;
    QF_RETURN_IF_ERROR(
        device.executor->Examine(stop, &description, device.session.mutable_ceilings()));
    device.session.set_session_id("local-" + description.device().uid());
    *device.session.mutable_device() = description.device();
    *device.session.mutable_fingerprint() = description.fingerprint();
    device.facts = {description.device(), agent::HostName(), {}};
    devices.push_back(std::move(device));
  }
  return devices;
}

class LocalRun {
 public:
  LocalRun(std::vector<LocalDevice> devices, matrix::Expansion expansion)
      : devices_(std::move(devices)), expansion_(std::move(expansion)) {}

  // Blocks one after the other; those no device matches are told and left out.
  Status RunAll(const std::stop_token& stop) {
    for (auto& planned : expansion_.blocks) {
      planned.block.set_block_id(std::to_string(planned.block.ordinal() + 1));
      QF_RETURN_IF_ERROR(RunBlock(planned, stop));
      ++done_;
    }
    bar_.Show(State("", 0));
    bar_.Finish();
    return OkStatus();
  }

  // Blocks without a result.
  unsigned given_up() const { return given_up_; }

  v1::Comparison Compare(const std::string& name) const {
    std::vector<v1::ComparisonSession> sessions;
    for (const LocalDevice& device : devices_) sessions.push_back(device.session);
    return analysis::BuildComparison("local", name, measured_, sessions);
  }

 private:
  ProgressState State(const std::string& note, double fraction) const {
    const auto total = static_cast<unsigned>(expansion_.blocks.size());
    ProgressState state;
    state.blocks_done = done_;
    state.blocks_total = total;
    state.fraction = total == 0 ? 1 : (done_ + fraction) / total;
    if (done_ > 0)
      state.seconds_left = ToSeconds(Clock::Steady()->Now() - start_) / done_ * (total - done_);
    state.note = note;
    return state;
  }

  Status RunBlock(const matrix::PlannedBlock& planned, const std::stop_token& stop) {
    for (LocalDevice& device : devices_) {
      if (!scheduler::Matches(planned.requirement, device.facts)) continue;
      const auto show = [&](const v1::Progress& progress) {
        bar_.Show(State(device.facts.device.device_class() + " " + progress.phase(),
                        progress.fraction()));
      };
      auto result = device.executor->Run(planned.block, show, stop);
      if (result.status().code() == StatusCode::kCancelled) return result.status();
      if (!result.ok()) {
        // What was measured stays: one block given up costs its own arms only.
        std::fprintf(stderr, "block %u given up: %s\n", planned.block.ordinal(),
                     result.status().message().c_str());
        ++given_up_;
        return OkStatus();
      }
      measured_.push_back({planned.block, *std::move(result), device.session.session_id()});
      return OkStatus();
    }
    std::fprintf(stderr, "no device of this machine matches target %s\n",
                 planned.block.target().c_str());
    return OkStatus();
  }

  std::vector<LocalDevice> devices_;
  matrix::Expansion expansion_;
  std::vector<analysis::MeasuredBlock> measured_;
  ProgressBar bar_;
  const Duration start_ = Clock::Steady()->Now();
  unsigned done_ = 0;
  unsigned given_up_ = 0;
};

bool AnyFailed(const v1::Comparison& comparison) {
  for (const auto& row : comparison.rows()) {
    const auto outcome = row.measurement().outcome();
    if (outcome != v1::OUTCOME_MEASURED && outcome != v1::OUTCOME_UNSUPPORTED) return true;
  }
  return comparison.rows().empty();
}

Result<v1::Comparison> Measure(const matrix::Matrix& matrix, const RunOptions& options,
                               const std::stop_token& stop, unsigned* given_up) {
  QF_ASSIGN_OR_RETURN(auto devices, OpenDevices(options.threads, stop));
  std::vector<scheduler::DeviceFacts> facts;
  facts.reserve(devices.size());
  for (const LocalDevice& device : devices) facts.push_back(device.facts);
  LocalRun run(std::move(devices), matrix::ExpandMatrix(matrix, facts));
  QF_RETURN_IF_ERROR(run.RunAll(stop));
  *given_up = run.given_up();
  return run.Compare(matrix.name);
}

}  // namespace

int Run(const Common& common, const RunOptions& options) {
  const auto document = ReadDocument(options.file);
  if (!document.ok()) return Fail(document.status());
  const auto parsed = matrix::ParseMatrix(*document, options.file);
  for (const auto& diagnostic : parsed.diagnostics)
    std::fprintf(stderr, "%s\n", diagnostic.ToString().c_str());
  if (!parsed.matrix) return 2;
  if (parsed.matrix->search) {
    std::fprintf(stderr,
                 "search: takes a coordinator (quantfleet up, submit); run measures the values of "
                 "the file only\n");
  }
  // SIGINT and SIGTERM are blocked in main; the engine, in a group of its own, is ended by the
  // executor.
  std::stop_source stop;
  std::jthread signals([&stop](const std::stop_token& over) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    const timespec moment = {0, 200'000'000};
    while (!over.stop_requested()) {
      if (sigtimedwait(&set, nullptr, &moment) > 0) stop.request_stop();
    }
  });
  unsigned given_up = 0;
  const auto comparison = Measure(*parsed.matrix, options, stop.get_token(), &given_up);
  if (!comparison.ok()) return Fail(comparison.status());
  if (!options.save.empty()) {
    std::ofstream file(options.save);
    if (!(file << JsonOf(*comparison)))
      return Fail(InvalidArgument("cannot write " + options.save));
  }
  if (common.output == Output::kJson) {
    Print(JsonOf(*comparison));
  } else {
    Print(common.output == Output::kCsv ? LongCsv(*comparison) : PivotText(*comparison));
  }
  return given_up > 0 || AnyFailed(*comparison) ? 1 : 0;
}

}  // namespace quantfleet::cli
