// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "agent/executor/engine_process.hpp"

#include <algorithm>
#include <array>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <utility>

#include <sys/eventfd.h>
#include <unistd.h>

#include "agent/executor/engine_json.hpp"
#include "base/clock.hpp"

namespace quantfleet::agent {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::seconds kSendLimit{30};
// A first use of a GPU loads its driver and kernels.
constexpr std::chrono::seconds kDescribeLimit{120};
constexpr double kCalibrateSlackSeconds = 120;
constexpr std::chrono::milliseconds kReapGrace{500};
// As our engine writes it; other spellings of the same are parsed to be known.
constexpr std::string_view kMeasurementBegin = R"({"measurement":)";

steady_clock::time_point After(double seconds) {
  return steady_clock::now() + FromSeconds(seconds);
}

// Processes that the kernel killed for memory since boot, in any cgroup (`oom_kill` of
// /proc/vmstat); 0 if it does not say.
uint64_t MemoryKills() {
  std::ifstream file("/proc/vmstat");
  std::string name;
  uint64_t value = 0;
  while (file >> name >> value) {
    if (name == "oom_kill") return value;
  }
  return 0;
}

bool SpeaksOfMemory(const std::string& words) {
  constexpr std::array<std::string_view, 4> kPhrases = {"bad_alloc", "out of memory",
                                                        "Out of memory", "OutOfMemory"};
  return std::any_of(kPhrases.begin(), kPhrases.end(), [&](std::string_view phrase) {
    return words.find(phrase) != std::string::npos;
  });
}

// The end of what the engine wrote to stderr, without the line feed.
std::string LastWords(const ChildProcess& child) {
  std::string words = child.stderr_tail();
  while (!words.empty() && words.back() == '\n') words.pop_back();
  return words.empty() ? "" : ": " + words;
}

}  // namespace

class EngineProcess::Wake {
 public:
  explicit Wake(const std::stop_token& stop)
      : event_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)), callback_(stop, Ring{event_.get()}) {}
  int descriptor() const { return event_.get(); }

 private:
  struct Ring {
    int descriptor;
    void operator()() const {
      const uint64_t one = 1;
      [[maybe_unused]] const ssize_t written = write(descriptor, &one, sizeof(one));
    }
  };
  FileDescriptor event_;
  std::stop_callback<Ring> callback_;
};

std::string DefaultEngineProgram() {
  std::error_code error;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", error);
  return error ? "quantfleet-engine" : (self.parent_path() / "quantfleet-engine").string();
}

EngineProcess::EngineProcess(std::unique_ptr<ChildProcess> child)
    : child_(std::move(child)), kills_before_(MemoryKills()) {}

Result<std::unique_ptr<EngineProcess>> EngineProcess::Start(const EngineOptions& options) {
  std::vector<std::string> arguments = {options.program};
  if (!options.device.empty()) arguments.insert(arguments.end(), {"--device", options.device});
  if (options.threads > 0) {
    arguments.insert(arguments.end(), {"--threads", std::to_string(options.threads)});
  }
  QF_ASSIGN_OR_RETURN(auto child, ChildProcess::Start(arguments));
  return std::unique_ptr<EngineProcess>(new EngineProcess(std::move(child)));
}

void EngineProcess::Kill() {
  child_->Kill();
}

Status EngineProcess::Send(const v1::EngineRequest& request) {
  return child_->WriteLine(EncodeRequest(request), steady_clock::now() + kSendLimit);
}

Result<v1::EngineEvent> EngineProcess::Receive(Time deadline, int wake, Duration* received) {
  QF_ASSIGN_OR_RETURN(const std::string line, child_->ReadLine(deadline, wake));
  if (received != nullptr) *received = Clock::Steady()->Now();
  return DecodeEvent(line);
}

Status EngineProcess::FailureOf(const Status& status) {
  switch (status.code()) {
    case StatusCode::kCancelled:
      child_->Kill();
      return status;
    case StatusCode::kUnavailable: {
      const std::string end = child_->Reap(kReapGrace).text;
      return Unavailable("the engine ended with " + end + LastWords(*child_));
    }
    case StatusCode::kDeadlineExceeded:
      child_->Kill();
      return DeadlineExceeded("the engine does not answer" + LastWords(*child_));
    default:
      child_->Kill();
      return Internal("the engine sent " + status.message());
  }
}

Result<v1::EngineEvent> EngineProcess::Ask(const v1::EngineRequest& request, Time deadline,
                                           const std::stop_token& stop) {
  const Wake wake(stop);
  if (const Status sent = Send(request); !sent.ok()) return FailureOf(sent);
  return AwaitAnswer(deadline, wake.descriptor(), nullptr);
}

Result<v1::EngineEvent> EngineProcess::AwaitAnswer(Time deadline, int wake, Duration* received) {
  v1::EngineEvent answer;
  while (true) {
    auto event = Receive(deadline, wake, received);
    if (!event.ok()) return FailureOf(event.status());
    if (event->has_done()) return answer;
    if (event->has_error()) {
      const std::string& message = event->error().message();
      return event->error().invalid_request() ? InvalidArgument(message) : Internal(message);
    }
    answer = *std::move(event);
  }
}

Result<v1::Description> EngineProcess::TakeDescription(const Result<v1::EngineEvent>& answer) {
  if (!answer.ok()) return answer.status();
  if (!answer->has_description()) return Internal("the engine did not answer describe");
  return answer->description();
}

Result<v1::Description> EngineProcess::Describe() {
  v1::EngineRequest request;
  request.mutable_describe();
  return TakeDescription(Ask(request, steady_clock::now() + kDescribeLimit, std::stop_token()));
}

Result<v1::Ceilings> EngineProcess::Calibrate(double seconds, const std::stop_token& stop) {
  v1::EngineRequest request;
  request.mutable_calibrate()->set_max_seconds(seconds);
  QF_ASSIGN_OR_RETURN(v1::EngineEvent event,
                      Ask(request, After(seconds + kCalibrateSlackSeconds), stop));
  if (!event.has_ceilings()) return Internal("the engine did not answer calibrate");
  return std::move(*event.mutable_ceilings());
}

void EngineProcess::EndFailed(const Status& status, EngineRun* run) {
  const Status failure = FailureOf(status);
  run->reason = failure.message();
  run->end = EngineRun::End::kFailed;
  if (status.code() == StatusCode::kDeadlineExceeded) run->end = EngineRun::End::kTimedOut;
  if (status.code() != StatusCode::kUnavailable) return;
  const bool killed = child_->Kill().signal == SIGKILL;
  const bool memory =
      SpeaksOfMemory(child_->stderr_tail()) || (killed && MemoryKills() > kills_before_);
  run->end = memory ? EngineRun::End::kOutOfMemory : EngineRun::End::kCrashed;
}

namespace {

// Takes one event of a run. True if it ends the run.
bool TakeEvent(v1::EngineEvent event, const OnProgress& on_progress, EngineRun* run) {
  switch (event.event_case()) {
    case v1::EngineEvent::kProgress:
      run->last_arm = event.progress().arm_index();
      if (on_progress) on_progress(event.progress());
      return false;
    case v1::EngineEvent::kError:
      run->end = event.error().invalid_request() ? EngineRun::End::kInvalidRequest
                                                 : EngineRun::End::kFailed;
      run->reason = event.error().message();
      return true;
    case v1::EngineEvent::kDone:
      run->end = event.done().cancelled() ? EngineRun::End::kCancelled : EngineRun::End::kDone;
      return true;
    default:
      return false;
  }
}

}  // namespace

EngineRun EngineProcess::RunBlock(const v1::Block& block, const OnProgress& on_progress,
                                  const std::stop_token& stop, const EngineLimits& limits,
                                  Result<v1::Description>* description) {
  EngineRun run;
  const Wake wake(stop);
  v1::EngineRequest describe;
  describe.mutable_describe()->set_fingerprint_only(true);
  v1::EngineRequest request;
  *request.mutable_run()->mutable_block() = block;
  Status sent = Send(describe);
  if (sent.ok()) sent = Send(request);
  if (!sent.ok()) {
    *description = FailureOf(sent);
    return run;
  }
  *description = TakeDescription(
      AwaitAnswer(steady_clock::now() + kDescribeLimit, wake.descriptor(), &run.begin));
  if (description->ok() && (*description)->devices_size() != 1) {
    *description = Internal("the engine describes not one device");
  }
  if (description->ok()) {
    FollowRun(on_progress, wake.descriptor(), limits, &run);
  } else {
    Kill();
  }
  return run;
}

void EngineProcess::FollowRun(const OnProgress& on_progress, int wake, const EngineLimits& limits,
                              EngineRun* run) {
  Time run_deadline = After(limits.run_seconds);
  bool cancelling = false;
  while (true) {
    const Time deadline = std::min(run_deadline, After(limits.silence_seconds));
    auto line = child_->ReadLine(deadline, cancelling ? -1 : wake);
    const Duration received = Clock::Steady()->Now();
    if (line.ok() && line->starts_with(kMeasurementBegin)) {
      if (run->answered == Duration{}) run->answered = received;
      run->lines.push_back(*std::move(line));
      continue;
    }
    auto event = line.ok() ? DecodeEvent(*line) : line.status();
    if (event.ok()) {
      const bool works = event->has_progress() || run->answered != Duration{};
      if (!works) run->answered = received;
      if (event->has_measurement()) run->lines.push_back(*std::move(line));
      if (!TakeEvent(*std::move(event), on_progress, run)) continue;
      if (cancelling) run->end = EngineRun::End::kCancelled;
      return;
    }
    if (event.status().code() == StatusCode::kCancelled) {
      cancelling = true;
      run_deadline = After(limits.cancel_seconds);
      v1::EngineRequest cancel;
      cancel.mutable_cancel();
      if (Send(cancel).ok()) continue;
    }
    EndFailed(event.status(), run);
    if (cancelling) {
      run->end = EngineRun::End::kCancelled;
      run->reason.clear();
    }
    return;
  }
}

}  // namespace quantfleet::agent
