// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include <csignal>
#include <cstdio>
#include <fstream>
#include <string>
#include <thread>

#include <unistd.h>

#include "base/logging.hpp"
#include "base/version.hpp"
#include "coordinator/archive/archive.hpp"
#include "coordinator/metrics_page.hpp"
#include "coordinator/options.hpp"
#include "coordinator/postgres/migrator.hpp"
#include "coordinator/postgres/operations/restore.hpp"
#include "coordinator/postgres/results/reader.hpp"
#include "coordinator/rpc/bookkeeper.hpp"
#include "coordinator/rpc/expansion_worker.hpp"
#include "coordinator/rpc/nightly/schedule_worker.hpp"
#include "coordinator/rpc/observe/library_log.hpp"
#include "coordinator/rpc/server.hpp"
#include "coordinator/rpc/sweeper.hpp"
#include "coordinator/service_queries.hpp"
#include "coordinator/supervision/supervisor.hpp"
#include "coordinator/web/server.hpp"

namespace quantfleet {
namespace {

constexpr size_t kMaxQueuedJobs = 4096;

// Written beside and renamed, so that a reader never sees half a number.
Status WritePort(const std::string& path, int port) {
  if (path.empty()) return OkStatus();
  const std::string beside = path + ".new";
  std::ofstream(beside) << port << "\n";
  if (std::rename(beside.c_str(), path.c_str()) != 0) return Internal("cannot write " + path);
  return OkStatus();
}

Status MigrateNow(const CoordinatorOptions& options) {
  postgres::Connection db(options.database);
  return postgres::Migrate(db, postgres::Migrations());
}

Status PrintStatus(const CoordinatorOptions& options) {
  postgres::Connection db(options.database);
  QF_ASSIGN_OR_RETURN(const int version, postgres::SchemaVersion(db));
  std::printf("schema version %d, this program has %zu\n", version, postgres::Migrations().size());
  return OkStatus();
}

Status MarkRestored(const CoordinatorOptions& options) {
  QF_RETURN_IF_ERROR(MigrateNow(options));
  postgres::Connection db(options.database);
  QF_ASSIGN_OR_RETURN(const auto restored, postgres::MarkRestored(db, {}));
  std::printf("%llu blocks and %llu grants have new epochs; coordinators may start\n",
              static_cast<unsigned long long>(restored.blocks),
              static_cast<unsigned long long>(restored.leases));
  return OkStatus();
}

Status Archive(const CoordinatorOptions& options) {
  postgres::Connection db(options.database);
  QF_ASSIGN_OR_RETURN(const auto paths,
                      ArchiveMatrices(db, options.archive_folder, options.archive_days));
  for (const std::string& path : paths) std::printf("%s\n", path.c_str());
  return OkStatus();
}

Status RestoreArchive(const CoordinatorOptions& options) {
  postgres::Connection db(options.database);
  QF_ASSIGN_OR_RETURN(const std::string matrix_id, RestoreMatrix(db, options.archive_file));
  std::printf("%s\n", matrix_id.c_str());
  return OkStatus();
}

Status CheckDatabase(const CoordinatorOptions& options) {
  postgres::Connection db(options.database);
  return postgres::CheckIncarnation(db);
}

Result<std::unique_ptr<web::WebServer>> StartDashboard(const CoordinatorOptions& options,
                                                       web::WebQueries* queries,
                                                       MetricsPage* metrics) {
  if (options.http.empty()) return std::unique_ptr<web::WebServer>();
  QF_ASSIGN_OR_RETURN(const auto endpoint, web::ParseEndpoint(options.http));
  QF_ASSIGN_OR_RETURN(
      auto server, web::WebServer::Start(endpoint, queries, [metrics] { return metrics->Text(); }));
  log::Info("dashboard", {{"address", server->Address()}});
  QF_RETURN_IF_ERROR(WritePort(options.http_port_file, server->port()));
  return server;
}

// Ends the process if stopping hangs (a reactor that is never finished makes gRPC's Shutdown wait
// for ever, grpc/grpc#39114): a supervisor starts a new one, and nothing is lost. It sleeps in a
// thread of its own because the one that would wait is the one that may hang.
void ArmWatchdog() {
  std::thread([] {
    std::this_thread::sleep_for(std::chrono::seconds(8));
    _exit(1);
  }).detach();
}

Result<rpc::ListenOptions> ListenOf(const CoordinatorOptions& options) {
  rpc::ListenOptions listen;
  listen.address = options.listen;
  listen.agent_address = options.agent_listen;
  listen.limits.quota = {options.max_running_matrices, options.max_running_arms};
  if (!options.tls.empty()) {
    QF_ASSIGN_OR_RETURN(listen.tls, rpc::LoadTlsFolder(options.tls));
  }
  return listen;
}

Status Serve(const CoordinatorOptions& options, const sigset_t& signals) {
  const NotifySocket socket;
  // Before the database is touched: what is wrong here no database mends.
  const auto listen = ListenOf(options);
  QF_RETURN_IF_ERROR(listen.status());
  if (options.migrate) QF_RETURN_IF_ERROR(MigrateNow(options));
  QF_RETURN_IF_ERROR(CheckDatabase(options));
  metrics::Metrics metrics(Version());
  postgres::Pool pool(
      options.database, options.database_threads, kMaxQueuedJobs,
      {[&](Duration waited) { metrics.JobStarted(waited); }, [&] { metrics.JobRefused(); }});
  std::unique_ptr<postgres::Reader> reader;
  if (!options.database_replica.empty()) {
    reader = std::make_unique<postgres::Reader>(&pool, options.database_replica,
                                                options.database_threads, kMaxQueuedJobs,
                                                [&](bool standby) { metrics.CountRead(standby); });
  }
  rpc::Parking parking(&pool, std::chrono::seconds(1));
  scheduler::Dispatcher dispatcher;
  rpc::Backend backend;
  backend.dispatcher = &dispatcher;
  backend.pool = &pool;
  backend.reader = reader.get();
  backend.parking = &parking;
  backend.start_time = std::chrono::system_clock::now();
  backend.metrics = &metrics;
  backend.policy.lease_seconds = options.lease_seconds;
  // A busy agent hears of a cancel at its next Sync: within 5 s, the call's own time included.
  backend.policy.sync_seconds = std::min(4.0, options.lease_seconds / 4);
  QF_ASSIGN_OR_RETURN(const auto server, rpc::Server::Start(*listen, backend));
  const rpc::Bookkeeper bookkeeper(&pool, &dispatcher);
  const rpc::Sweeper sweeper(&pool, &parking, backend.policy,
                             [&](uint64_t sessions) { metrics.LeasesExpired(sessions); });
  const rpc::ExpansionWorker expansion(options.database, &parking);
  const rpc::ScheduleWorker schedules(options.database, &parking, backend.limits, listen->limits);
  ServiceQueries queries(&pool, reader.get());
  MetricsPage metrics_page(&metrics, &pool, &parking);
  QF_ASSIGN_OR_RETURN(const auto dashboard, StartDashboard(options, &queries, &metrics_page));
  const std::string host = options.listen.substr(0, options.listen.rfind(':'));
  log::Info("listening on " + host + ":" + std::to_string(server->port()),
            {{"tls", options.tls.empty() ? "no" : "yes"}, {"version", Version()}});
  QF_RETURN_IF_ERROR(WritePort(options.agent_port_file, server->agent_port()));
  QF_RETURN_IF_ERROR(WritePort(options.port_file, server->port()));

  {
    const Supervisor supervisor(&socket, &pool, server.get());
    int signal = 0;
    sigwait(&signals, &signal);
    log::Info("stopping", {{"signal", signal}});
    ArmWatchdog();
  }
  if (dashboard) dashboard->Stop();
  server->Stop();
  return OkStatus();
}

Status Run(const CoordinatorOptions& options, const sigset_t& signals) {
  if (options.command == "migrate") return MigrateNow(options);
  if (options.command == "status") return PrintStatus(options);
  if (options.command == "restored") return MarkRestored(options);
  if (options.command == "archive") return Archive(options);
  if (options.command == "restore-archive") return RestoreArchive(options);
  return Serve(options, signals);
}

int Main(int argc, char** argv) {
  CoordinatorOptions options;
  if (const int code = ParseCoordinatorOptions(argc, argv, options); code >= 0) return code;
  log::Configure("quantfleet-coordinator", log::Level::kInfo,
                 options.log_format == "json" ? log::Format::kJson : log::Format::kText);
  rpc::RouteLibraryLogs();
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);  // inherited by every thread made below
  const Status status = Run(options, signals);
  if (status.ok()) return 0;
  log::Error(status.message(), {{"code", StatusCodeName(status.code())}});
  return status.code() == StatusCode::kUnavailable ? 5 : 2;
}

}  // namespace
}  // namespace quantfleet

int main(int argc, char** argv) {
  return quantfleet::Main(argc, argv);
}
