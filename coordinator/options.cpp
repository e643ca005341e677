// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/options.hpp"

#include <cstdio>

#include <CLI/CLI.hpp>

#include "base/version.hpp"
#include "coordinator/config_file.hpp"

namespace quantfleet {
namespace {

void AddFlags(CLI::App& app, CoordinatorOptions& o, std::string& config) {
  app.add_option("--config", config,
                 "YAML file of settings, named as the flags without dashes in front")
      ->envname("QUANTFLEET_CONFIG");
  app.add_option("--listen", o.listen, "Address for gRPC; port 0 takes a free one")
      ->envname("QUANTFLEET_LISTEN")
      ->capture_default_str();
  app.add_option("--tls", o.tls,
                 "Folder made by 'quantfleet pki issue server'; without it only loopback is served")
      ->envname("QUANTFLEET_TLS");
  app.add_option("--agent-listen", o.agent_listen,
                 "Further address that takes only callers with a certificate; needs --tls")
      ->envname("QUANTFLEET_AGENT_LISTEN");
  app.add_option("--http", o.http, "Address of the dashboard, or none")
      ->envname("QUANTFLEET_HTTP")
      ->capture_default_str();
  app.add_option("--database", o.database, "PostgreSQL connection string")
      ->envname("QUANTFLEET_DATABASE")
      ->capture_default_str();
  app.add_option("--database-replica", o.database_replica,
                 "Connection string of a streaming standby that answers comparisons and lists")
      ->envname("QUANTFLEET_DATABASE_REPLICA");
  app.add_option("--lease-seconds", o.lease_seconds,
                 "Time after which a silent agent loses its block")
      ->envname("QUANTFLEET_LEASE_SECONDS")
      ->check(CLI::Range(0.5, 3600.0))
      ->capture_default_str();
  app.add_option("--database-threads", o.database_threads, "Connections to the database")
      ->envname("QUANTFLEET_DATABASE_THREADS")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  app.add_option("--port-file", o.port_file, "Write the gRPC port here once serving");
  app.add_option("--agent-port-file", o.agent_port_file,
                 "Write the port of --agent-listen here once serving");
  app.add_option("--http-port-file", o.http_port_file,
                 "Write the dashboard's port here once serving");
  app.add_option("--max-running-matrices", o.max_running_matrices,
                 "Matrices a principal may have running; 0 for any number")
      ->envname("QUANTFLEET_MAX_RUNNING_MATRICES")
      ->check(CLI::Range(0, 1'000'000))
      ->capture_default_str();
  app.add_option("--max-running-arms", o.max_running_arms,
                 "Arms of running matrices a principal may have; 0 for any number")
      ->envname("QUANTFLEET_MAX_RUNNING_ARMS")
      ->check(CLI::Range(uint64_t{0}, uint64_t{1'000'000'000'000}))
      ->capture_default_str();
  app.add_option("--log-format", o.log_format, "text or json")
      ->envname("QUANTFLEET_LOG_FORMAT")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  app.add_flag("--migrate,!--no-migrate", o.migrate, "Bring the schema up to date at the start");
}

void AddArchive(CLI::App& app, CoordinatorOptions& o) {
  CLI::App* archive = app.add_subcommand("archive", "Move old matrices into files, and end");
  archive->fallthrough();
  archive->add_option("--folder", o.archive_folder, "Folder for the files")->required();
  archive
      ->add_option("--older-than-days", o.archive_days, "Those that ended so many days ago or more")
      ->required()
      ->check(CLI::Range(0.0, 100000.0));
  CLI::App* restore =
      app.add_subcommand("restore-archive", "Put the matrix of such a file back, and end");
  restore->fallthrough();
  restore->add_option("file", o.archive_file, "The .jsonl.gz file")->required();
}

// Settings of the file become flags in front of the real ones, so that those win. A variable in the
// environment wins over the file as well.
Status PrependFile(const CLI::App& app, const std::string& path,
                   std::vector<std::string>& arguments) {
  std::vector<std::string> known;
  for (const CLI::Option* option : app.get_options()) {
    const std::string name = option->get_single_name();
    if (name != "help" && name != "version" && name != "config") known.push_back(name);
  }
  QF_ASSIGN_OR_RETURN(const auto values, ReadConfigFile(path, known));
  std::vector<std::string> all;
  for (const auto& [key, value] : values) {
    const CLI::Option* option = app.get_option("--" + key);
    // NOLINTNEXTLINE(concurrency-mt-unsafe): before any thread starts
    const bool in_environment =
        !option->get_envname().empty() && std::getenv(option->get_envname().c_str());
    const bool in_arguments = std::any_of(
        arguments.begin(), arguments.end(),
        [&](const std::string& a) { return a == "--" + key || a.starts_with("--" + key + "="); });
    if (!in_environment && !in_arguments) all.push_back("--" + key + "=" + value);
  }
  all.insert(all.end(), arguments.begin(), arguments.end());
  arguments = std::move(all);
  return OkStatus();
}

int Parse(CLI::App& app, std::vector<std::string> arguments) {
  std::reverse(arguments.begin(), arguments.end());  // as CLI11 takes them
  try {
    app.parse(std::move(arguments));
    return -1;
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : 2;
  }
}

}  // namespace

int ParseCoordinatorOptions(int argc, char** argv, CoordinatorOptions& options) {
  CLI::App app("Leases blocks of experiment matrices to agents and keeps their results.",
               "quantfleet-coordinator");
  app.set_version_flag("--version", "quantfleet-coordinator " + std::string(Version()));
  std::string config;
  AddFlags(app, options, config);
  app.add_subcommand("migrate", "Bring the schema up to date, and end")->fallthrough();
  app.add_subcommand("status", "Print the schema's version, and end")->fallthrough();
  app.add_subcommand("restored", "Make a database that came from a backup safe to serve, and end")
      ->fallthrough();
  AddArchive(app, options);
  app.require_subcommand(0, 1);
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (const int code = Parse(app, arguments); code >= 0) return code;
  if (!config.empty()) {
    std::vector<std::string> all = arguments;
    if (const Status status = PrependFile(app, config, all); !status.ok()) {
      std::fprintf(stderr, "%s\n", status.message().c_str());
      return 2;
    }
    app.clear();
    if (const int code = Parse(app, std::move(all)); code >= 0) return code;
  }
  if (options.http == "none") options.http.clear();
  options.command = app.get_subcommands().empty() ? "serve" : app.get_subcommands()[0]->get_name();
  return -1;
}

}  // namespace quantfleet
