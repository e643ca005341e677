// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "cli/up/up.hpp"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <memory>
#include <thread>

#include <fcntl.h>
#include <pwd.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/client.hpp"
#include "cli/up/child.hpp"

namespace quantfleet::cli {
namespace {

namespace fs = std::filesystem;

constexpr Duration kStopPatience = std::chrono::seconds(10);
// sun_path holds 108 bytes (unix(7)), the socket's own name takes 15.
constexpr size_t kLongestSocketFolder = 90;
constexpr Duration kReadyPatience = std::chrono::seconds(60);

std::string DefaultData() {
  if (getuid() == 0) return "/var/lib/quantfleet";
  // NOLINTBEGIN(concurrency-mt-unsafe): read once, nothing writes the environment
  if (const char* data = std::getenv("XDG_DATA_HOME")) return std::string(data) + "/quantfleet";
  const char* home = std::getenv("HOME");
  // NOLINTEND(concurrency-mt-unsafe)
  return std::string(home != nullptr ? home : ".") + "/.local/share/quantfleet";
}

// Directory of the newest PostgreSQL's programs.
Result<std::string> PostgresPrograms() {
  std::error_code error;
  std::string best;
  for (const auto& entry : fs::directory_iterator("/usr/lib/postgresql", error)) {
    if (fs::exists(entry.path() / "bin" / "initdb"))
      best = std::max(best, (entry.path() / "bin").string());
  }
  if (best.empty()) return NotFound("PostgreSQL is not installed (Debian: postgresql-15)");
  return best;
}

// PostgreSQL refuses to run as root.
std::string PostgresUser() {
  if (getuid() != 0) return "";
  return getpwnam("postgres") != nullptr ? "postgres" : "nobody";  // NOLINT(concurrency-mt-unsafe)
}

class Up {
 public:
  explicit Up(const UpOptions& options) : options_(options) {}

  Status Run();

 private:
  Status PrepareFolders();
  // As root PostgreSQL runs as another user, who must be able to reach the folder.
  Status CheckReachable(const std::string& user) const;
  Status StartPostgres();
  Status StartCoordinator();
  Status StartAgents();
  Status AwaitReady();
  Status AwaitPortFile(const std::string& path, int* port);
  // Until `done` says so, looking after the children meanwhile. kCancelled when told to stop.
  template <typename Done>
  Status TendUntil(const Done& done, Duration patience, const std::string& what);
  // Handles one signal or lets a moment pass. True when told to stop.
  bool Tend();
  void ReapAll();
  void StopAll();
  void StopChildren(const std::vector<Child*>& children);

  ChildSpec Spec(const std::string& name, std::vector<std::string> arguments) const {
    return {name, std::move(arguments), data_ + "/log/" + name + ".log", "", SIGTERM};
  }

  const UpOptions options_;
  std::string data_;
  std::string programs_;  // of ours
  const int64_t started_seconds_ = std::time(nullptr);
  int port_ = 0;
  int http_port_ = 0;
  std::unique_ptr<Child> postgres_;
  std::unique_ptr<Child> coordinator_;
  std::vector<std::unique_ptr<Child>> agents_;
};

Status Up::PrepareFolders() {
  data_ = fs::absolute(options_.data.empty() ? DefaultData() : options_.data).string();
  std::error_code error;
  fs::create_directories(data_ + "/log", error);
  if (error) return InvalidArgument("cannot make " + data_ + ": " + error.message());
  chmod(data_.c_str(), 0711);  // the database's user passes through
  const int lock = open((data_ + "/lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock < 0 || flock(lock, LOCK_EX | LOCK_NB) != 0) {
    return FailedPrecondition("another 'quantfleet up' runs in " + data_);
  }
  programs_ = fs::read_symlink("/proc/self/exe", error).parent_path().string();
  return OkStatus();
}

Status Up::CheckReachable(const std::string& user) const {
  if (user.empty()) return OkStatus();
  for (fs::path at = data_; at.has_relative_path(); at = at.parent_path()) {
    struct stat facts {};
    if (stat(at.c_str(), &facts) == 0 && (facts.st_mode & S_IXOTH) == 0) {
      return InvalidArgument("PostgreSQL's user '" + user + "' cannot pass " + at.string() +
                             ": chmod o+x it, or take --data elsewhere");
    }
  }
  return OkStatus();
}

Status Up::StartPostgres() {
  QF_ASSIGN_OR_RETURN(const std::string bin, PostgresPrograms());
  const std::string folder = data_ + "/postgres";
  const std::string user = PostgresUser();
  if (folder.size() > kLongestSocketFolder) {
    return InvalidArgument("the path " + data_ +
                           " is too long for PostgreSQL's socket; take --data with a shorter one");
  }
  QF_RETURN_IF_ERROR(CheckReachable(user));
  std::error_code error;
  fs::create_directories(folder, error);
  if (!user.empty()) {
    const passwd* entry = getpwnam(user.c_str());  // NOLINT(concurrency-mt-unsafe)
    if (chown(folder.c_str(), entry->pw_uid, entry->pw_gid) != 0)
      return Internal("cannot give " + folder + " to " + user);
  }
  chmod(folder.c_str(), 0700);
  ChildSpec spec = Spec("postgres", {});
  spec.user = user;
  if (!fs::exists(folder + "/data/PG_VERSION")) {
    spec.arguments = {bin + "/initdb", "-D", folder + "/data", "-U",         "quantfleet", "-A",
                      "trust",         "-E", "UTF8",           "--no-locale"};
    QF_RETURN_IF_ERROR(RunToEnd(spec));
  }
  // Reached over a socket in a folder that only its user and root may enter; no TCP.
  spec.arguments = {bin + "/postgres",  "-D", folder + "/data", "-k", folder, "-c",
                    "listen_addresses="};
  spec.stop_signal = SIGINT;  // fast shutdown
  const std::string socket = folder + "/.s.PGSQL.5432";
  fs::remove(socket, error);  // of a server that was killed; the folder is ours alone
  postgres_ = std::make_unique<Child>(spec);
  QF_RETURN_IF_ERROR(postgres_->Start());
  return TendUntil([&] { return fs::exists(socket); }, kReadyPatience, "PostgreSQL");
}

Status Up::AwaitPortFile(const std::string& path, int* port) {
  const auto read = [&] {
    std::ifstream file(path);
    return static_cast<bool>(file >> *port);
  };
  return TendUntil(read, kReadyPatience, "the coordinator; see " + data_ + "/log/coordinator.log");
}

Status Up::StartCoordinator() {
  const auto arguments = [&](int port, int http_port) {
    return std::vector<std::string>{programs_ + "/quantfleet-coordinator",
                                    "--listen",
                                    "127.0.0.1:" + std::to_string(port),
                                    "--http",
                                    "127.0.0.1:" + std::to_string(http_port),
                                    "--database",
                                    "host=" + data_ + "/postgres user=quantfleet dbname=postgres",
                                    "--port-file",
                                    data_ + "/port",
                                    "--http-port-file",
                                    data_ + "/http-port",
                                    "--lease-seconds",
                                    std::to_string(options_.lease_seconds)};
  };
  fs::remove(data_ + "/port");
  fs::remove(data_ + "/http-port");
  coordinator_ =
      std::make_unique<Child>(Spec("coordinator", arguments(options_.port, options_.http_port)));
  QF_RETURN_IF_ERROR(coordinator_->Start());
  QF_RETURN_IF_ERROR(AwaitPortFile(data_ + "/http-port", &http_port_));
  QF_RETURN_IF_ERROR(AwaitPortFile(data_ + "/port", &port_));
  // When it comes back it must be where its clients look for it.
  coordinator_->set_arguments(arguments(port_, http_port_));
  return OkStatus();
}

Status Up::StartAgents() {
  const auto add = [&](const std::string& name, std::vector<std::string> more) {
    std::vector<std::string> arguments = {programs_ + "/quantfleet-agent",
                                          "--coordinator",
                                          "127.0.0.1:" + std::to_string(port_),
                                          "--name",
                                          name,
                                          "--spool",
                                          data_ + "/spool/" + name};
    arguments.insert(arguments.end(), more.begin(), more.end());
    agents_.push_back(std::make_unique<Child>(Spec("agent-" + name, std::move(arguments))));
    return agents_.back()->Start();
  };
  std::vector<unsigned> threads = options_.threads;
  if (threads.empty()) threads = {std::max(1U, std::thread::hardware_concurrency())};
  for (const unsigned count : threads) {
    QF_RETURN_IF_ERROR(add("cpu-" + std::to_string(count) + "t",
                           {"--devices", "cpu", "--cpu-threads", std::to_string(count)}));
  }
  if (fs::exists("/dev/nvidiactl")) return add("cuda", {"--devices", "cuda"});
  return OkStatus();
}

Status Up::AwaitReady() {
  Client client("127.0.0.1:" + std::to_string(port_));
  // A data folder that was used before holds sessions of former lives.
  const auto open = [&] {
    const auto sessions = client.ListSessions({});
    // Once there are tokens, `up` may only see that the coordinator is there (QUANTFLEET_TOKEN).
    if (sessions.status().code() == StatusCode::kUnauthenticated) return true;
    if (!sessions.ok()) return false;
    const auto fresh = std::count_if(sessions->sessions().begin(), sessions->sessions().end(),
                                     [&](const v1::Session& session) {
                                       return session.state() == v1::SESSION_STATE_OPEN &&
                                              session.create_time().seconds() >= started_seconds_;
                                     });
    return static_cast<size_t>(fresh) >= agents_.size();
  };
  return TendUntil(open, kReadyPatience, "the agents; see " + data_ + "/log");
}

void Up::ReapAll() {
  const Duration now = Clock::Steady()->Now();
  for (pid_t pid = 0; (pid = waitpid(-1, nullptr, WNOHANG)) > 0;) {
    if (postgres_) postgres_->NoteEnd(pid, now);
    if (coordinator_) coordinator_->NoteEnd(pid, now);
    for (const auto& agent : agents_) agent->NoteEnd(pid, now);
  }
}

bool Up::Tend() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGCHLD, SIGTERM, SIGINT}) sigaddset(&signals, signal);
  const timespec moment = {0, 200'000'000};
  const int signal = sigtimedwait(&signals, nullptr, &moment);
  ReapAll();
  const Duration now = Clock::Steady()->Now();
  if (postgres_) postgres_->Tend(now);
  if (coordinator_) coordinator_->Tend(now);
  for (const auto& agent : agents_) agent->Tend(now);
  return signal == SIGTERM || signal == SIGINT;
}

template <typename Done>
Status Up::TendUntil(const Done& done, Duration patience, const std::string& what) {
  const Duration end = Clock::Steady()->Now() + patience;
  while (!done()) {
    if (Tend()) return {StatusCode::kCancelled, "stopped"};
    if (Clock::Steady()->Now() > end) return DeadlineExceeded("waited in vain for " + what);
  }
  return OkStatus();
}

void Up::StopChildren(const std::vector<Child*>& children) {
  for (Child* child : children) child->Stop();
  const Duration end = Clock::Steady()->Now() + kStopPatience;
  const auto any = [&] {
    return std::any_of(children.begin(), children.end(), [](Child* c) { return c->running(); });
  };
  while (any()) {
    if (Clock::Steady()->Now() > end) {
      for (Child* child : children) child->Kill();
    }
    const timespec moment = {0, 50'000'000};
    sigset_t child_ended;
    sigemptyset(&child_ended);
    sigaddset(&child_ended, SIGCHLD);
    sigtimedwait(&child_ended, nullptr, &moment);
    ReapAll();
  }
}

void Up::StopAll() {
  std::vector<Child*> agents;
  for (const auto& agent : agents_) agents.push_back(agent.get());
  StopChildren(agents);
  if (coordinator_) StopChildren({coordinator_.get()});
  if (postgres_) StopChildren({postgres_.get()});
}

Status Up::Run() {
  QF_RETURN_IF_ERROR(PrepareFolders());
  const auto start = [&]() -> Status {
    QF_RETURN_IF_ERROR(StartPostgres());
    QF_RETURN_IF_ERROR(StartCoordinator());
    QF_RETURN_IF_ERROR(StartAgents());
    QF_RETURN_IF_ERROR(AwaitReady());
    std::printf("dashboard: 127.0.0.1:%d\nready: 127.0.0.1:%d\n", http_port_, port_);
    std::fflush(stdout);
    return OkStatus();
  };
  Status status = start();
  while (status.ok() && !Tend()) {
  }
  StopAll();
  return status.code() == StatusCode::kCancelled ? OkStatus() : status;
}

}  // namespace

Status RunUp(const UpOptions& options) {
  return Up(options).Run();
}

}  // namespace quantfleet::cli
