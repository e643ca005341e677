// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "agent/executor/device_executor.hpp"
#include "agent/executor/host_lock.hpp"
#include "agent/options.hpp"
#include "agent/probe/probe.hpp"
#include "agent/session/enrolment.hpp"
#include "agent/session/grpc_client.hpp"
#include "agent/session/session_loop.hpp"
#include "agent/spool/spool.hpp"
#include "base/logging.hpp"
#include "base/version.hpp"

namespace quantfleet::agent {
namespace {

// One device, its thread and how the thread ended.
struct Server {
  std::string device_class;
  std::unique_ptr<DeviceExecutor> executor;
  std::unique_ptr<SessionLoop> loop;
  Status end;
  std::thread thread;
};

sigset_t EndingSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  return signals;
}

// Signals that end the program, taken as a descriptor: handlers can do next to nothing. Made before
// any thread, since threads inherit the mask.
FileDescriptor TakeSignals() {
  const sigset_t signals = EndingSignals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return FileDescriptor(signalfd(-1, &signals, SFD_CLOEXEC));
}

// Returns at a signal, or when a device can no longer be served. The next signal ends the program
// at once; the kernel then ends its engines.
void WaitForEnd(const FileDescriptor& signals, const FileDescriptor& failure) {
  std::array<pollfd, 2> fds{{{signals.get(), POLLIN, 0}, {failure.get(), POLLIN, 0}}};
  while (poll(fds.data(), fds.size(), -1) < 0 && errno == EINTR) {
  }
  signalfd_siginfo taken{};
  if (fds[0].revents != 0) {
    [[maybe_unused]] const ssize_t count = read(signals.get(), &taken, sizeof(taken));
  }
  const sigset_t ending = EndingSignals();
  pthread_sigmask(SIG_UNBLOCK, &ending, nullptr);
}

void WarnOfUnusedGpu(const std::vector<ProbedDevice>& devices) {
  const bool served = std::any_of(devices.begin(), devices.end(), [](const ProbedDevice& device) {
    return device.device.kind() == v1::DEVICE_KIND_CUDA;
  });
  if (!served && HasNvidiaDriver()) log::Warning(kNoGpuFound);
}

Server MakeServer(const AgentOptions& options, const ProbedDevice& device,
                  CoordinatorClient* coordinator, Spool* spool) {
  const SessionOptions session{options.name,       HostId(),         options.labels,
                               options.share_host, options.prefetch, options.life_seconds};
  Server server;
  server.device_class = device.device.device_class();
  server.executor =
      std::make_unique<EngineExecutor>(device.engine, options.share_host ? "" : kHostLockPath);
  server.loop = std::make_unique<SessionLoop>(session, coordinator, server.executor.get(), spool);
  return server;
}

// A signal ends the wait for a coordinator that is away; it stays in `signals`.
Result<Identity> IdentityOf(const AgentOptions& options, const FileDescriptor& signals) {
  std::stop_source stop;
  const FileDescriptor done(eventfd(0, EFD_CLOEXEC));
  std::thread watch([&] {
    std::array<pollfd, 2> fds{{{signals.get(), POLLIN, 0}, {done.get(), POLLIN, 0}}};
    while (poll(fds.data(), fds.size(), -1) < 0 && errno == EINTR) {
    }
    if (fds[0].revents != 0) stop.request_stop();
  });
  auto identity = ObtainIdentity(
      {options.identity, options.enrol_address, options.enrol_token_file}, stop.get_token());
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(done.get(), &one, sizeof(one));
  watch.join();
  if (identity.ok() && identity->name != options.name) {
    return FailedPrecondition("the certificate is agent " + identity->name + "'s, not " +
                              options.name + "'s: start it with --name " + identity->name);
  }
  return identity;
}

Status Serve(const AgentOptions& options, const FileDescriptor& signals) {
  QF_ASSIGN_OR_RETURN(const auto devices,
                      ProbeDevices(options.engine, options.devices, options.cpu_threads));
  if (options.devices == DeviceChoice::kAll) WarnOfUnusedGpu(devices);
  QF_ASSIGN_OR_RETURN(const auto spool, Spool::Open(options.spool));
  const FileDescriptor failure(eventfd(0, EFD_CLOEXEC));
  std::stop_source stop;
  std::optional<Identity> identity;
  if (!options.identity.empty()) {
    QF_ASSIGN_OR_RETURN(identity, IdentityOf(options, signals));
  }
  const auto coordinator = MakeGrpcClient(options.coordinator, identity ? &*identity : nullptr);
  std::unique_ptr<Renewal> renewal;
  if (identity) {
    renewal = std::make_unique<Renewal>(
        options.identity, options.coordinator, *identity,
        [&coordinator](const Identity& fresh) { coordinator->UseIdentity(fresh); });
  }
  std::vector<Server> servers;
  for (const ProbedDevice& device : devices) {
    servers.push_back(MakeServer(options, device, coordinator.get(), spool.get()));
  }
  log::Info(
      "serving",
      {{"coordinator", options.coordinator}, {"devices", servers.size()}, {"version", Version()}});
  for (Server& server : servers) {
    server.thread = std::thread([&server, &failure, token = stop.get_token()] {
      server.end = server.loop->Run(token);
      const uint64_t one = 1;
      [[maybe_unused]] const ssize_t written = write(failure.get(), &one, sizeof(one));
    });
  }
  WaitForEnd(signals, failure);
  log::Info("stopping");
  stop.request_stop();
  Status end;
  for (Server& server : servers) {
    server.thread.join();
    if (end.ok() && !server.end.ok()) end = server.end.WithContext(server.device_class);
  }
  return end;
}

int ExitCodeOf(const Status& status) {
  switch (status.code()) {
    case StatusCode::kOk:
      return 0;
    case StatusCode::kNotFound:
      return 3;
    case StatusCode::kPermissionDenied:
    case StatusCode::kUnauthenticated:
      return 4;
    case StatusCode::kInvalidArgument:
    case StatusCode::kFailedPrecondition:
      return 2;
    default:
      return 5;
  }
}

int Main(int argc, char** argv) {
  int exit_code = -1;
  const AgentOptions options = ParseOptions(argc, argv, &exit_code);
  if (exit_code >= 0) return exit_code;
  log::Configure("quantfleet-agent", log::Level::kInfo,
                 options.json_log ? log::Format::kJson : log::Format::kText);
  const FileDescriptor signals = TakeSignals();
  const Status status = Serve(options, signals);
  if (status.code() == StatusCode::kCancelled) return 0;
  if (!status.ok()) log::Error("cannot serve", {{"reason", status.ToString()}});
  return ExitCodeOf(status);
}

}  // namespace
}  // namespace quantfleet::agent

int main(int argc, char** argv) {
  return quantfleet::agent::Main(argc, argv);
}
