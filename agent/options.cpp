// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "agent/options.hpp"

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <cstdlib>

#include <CLI/CLI.hpp>

#include "agent/config_file.hpp"
#include "agent/executor/engine_process.hpp"
#include "base/address.hpp"
#include "base/version.hpp"

namespace quantfleet::agent {
namespace {

constexpr int kBadUsage = 2;
constexpr uint32_t kMostThreads = 256;
constexpr uint32_t kMostPrefetch = 128;
constexpr double kMostLifeSeconds = 365.0 * 24 * 3600;
constexpr size_t kMostNameBytes = 128;

// What flags give before it is checked.
struct Texts {
  std::string config;
  std::string devices = "all";
  std::vector<std::string> labels;
  std::string log_format = "text";
};

void AddFlags(CLI::App& app, AgentOptions& o, Texts& texts) {
  app.add_option("--config", texts.config,
                 "YAML file of settings, named as the flags without dashes in front")
      ->envname("QUANTFLEET_AGENT_CONFIG");
  app.add_option("--coordinator", o.coordinator, "Address of the coordinator, HOST:PORT")
      ->envname("QUANTFLEET_COORDINATOR")
      ->capture_default_str();
  app.add_option("--identity", o.identity,
                 "Folder with ca.crt and, once enrolled, agent.crt and agent.key; turns TLS on")
      ->envname("QUANTFLEET_AGENT_IDENTITY");
  app.add_option("--enrol-token-file", o.enrol_token_file,
                 "File (0600) with the token to enrol with while --identity has no certificate")
      ->envname("QUANTFLEET_ENROL_TOKEN_FILE");
  app.add_option("--enrol-address", o.enrol_address,
                 "Address to enrol at, if --coordinator takes only callers with a certificate")
      ->envname("QUANTFLEET_ENROL_ADDRESS");
  app.add_option("--name", o.name, "Name of this agent, stable over restarts; default: the host's")
      ->envname("QUANTFLEET_AGENT_NAME");
  app.add_option("--cpu-threads", o.cpu_threads,
                 "Threads of the CPU device, 0 for all; a list (1,4) makes a device of each")
      ->envname("QUANTFLEET_CPU_THREADS")
      ->delimiter(',')
      ->check(CLI::Range(0U, kMostThreads));
  app.add_option("--devices", texts.devices, "Devices to serve: cpu, cuda or all")
      ->envname("QUANTFLEET_DEVICES")
      ->capture_default_str();
  app.add_option("--spool", o.spool,
                 "Directory of results not yet handed in; default: ~/.local/state/quantfleet/NAME")
      ->envname("QUANTFLEET_SPOOL");
  app.add_option("--label", texts.labels, "KEY=VALUE that a target may ask for; repeat, or commas")
      ->envname("QUANTFLEET_LABELS")
      ->delimiter(',');
  app.add_option("--engine", o.engine, "Path of quantfleet-engine; default: beside this program")
      ->envname("QUANTFLEET_ENGINE");
  app.add_flag("--share-host", o.share_host,
               "Let other blocks run on this host at the same time; results are graded down")
      ->envname("QUANTFLEET_SHARE_HOST");
  app.add_option(
         "--prefetch", o.prefetch,
         "Blocks to have waiting behind the one that runs, so that the device need not wait")
      ->envname("QUANTFLEET_PREFETCH")
      ->check(CLI::Range(0U, kMostPrefetch))
      ->capture_default_str();
  app.add_option("--life-seconds", o.life_seconds,
                 "How long this host lasts from now on (a Colab session): it gets short blocks "
                 "first, and none that takes longer; 0: it stays")
      ->envname("QUANTFLEET_LIFE_SECONDS")
      ->check(CLI::Range(0.0, kMostLifeSeconds));
  app.add_option("--log-format", texts.log_format, "text or json")
      ->envname("QUANTFLEET_LOG_FORMAT")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
}

// Gives options the file's values where neither a flag nor a variable did.
Status TakeConfig(CLI::App& app, const std::string& path) {
  std::vector<std::string> known;
  for (const CLI::Option* option : app.get_options()) {
    const std::string name = option->get_single_name();
    if (name != "help" && name != "version" && name != "config") known.push_back(name);
  }
  QF_ASSIGN_OR_RETURN(const auto entries, ReadConfigFile(path, known));
  for (const ConfigEntry& entry : entries) {
    CLI::Option* const option = app.get_option("--" + entry.key);
    if (option->count() > 0) continue;
    const bool one_only = option->get_items_expected_max() <= 1;
    if (entry.values.empty() || (one_only && entry.values.size() > 1)) {
      return InvalidArgument(entry.place + ": '" + entry.key + "' takes one value");
    }
    try {
      for (const std::string& value : entry.values) {
        const bool flag = option->get_items_expected_max() == 0;
        option->add_result(flag ? option->get_flag_value(entry.key, value) : value);
      }
      option->run_callback();
    } catch (const CLI::Error& error) {
      return InvalidArgument(entry.place + ": " + error.what());
    }
  }
  return OkStatus();
}

// The name becomes part of a path and of tables.
Status CheckName(const std::string& name) {
  const bool plain = std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '.' || c == '-' || c == '_';
  });
  if (!name.empty() && name.size() <= kMostNameBytes && name.front() != '.' && plain) return {};
  return InvalidArgument("--name takes 1 to 128 of a-z A-Z 0-9 . - _, not \"" + name + "\"");
}

std::string StateDirectory() {
  // NOLINTBEGIN(concurrency-mt-unsafe): before any thread starts
  const char* const state = std::getenv("XDG_STATE_HOME");
  if (state != nullptr && *state != '\0') return state;
  const char* const home = std::getenv("HOME");
  // NOLINTEND(concurrency-mt-unsafe)
  return home != nullptr && *home != '\0' ? std::string(home) + "/.local/state" : "/var/lib";
}

Status Complete(const Texts& texts, AgentOptions* o) {
  if (o->name.empty()) o->name = HostName();
  if (o->enrol_address.empty()) o->enrol_address = o->coordinator;
  if (o->identity.empty() && !o->enrol_token_file.empty()) {
    return InvalidArgument("--enrol-token-file needs --identity, where the certificate goes");
  }
  if (o->identity.empty() && !IsLoopback(o->coordinator)) {
    return InvalidArgument("--coordinator " + o->coordinator +
                           " is another machine: give --identity, a folder with its ca.crt");
  }
  QF_RETURN_IF_ERROR(CheckName(o->name));
  QF_ASSIGN_OR_RETURN(o->devices, ParseDeviceChoice(texts.devices));
  QF_ASSIGN_OR_RETURN(o->labels, ParseLabels(texts.labels));
  if (o->spool.empty()) o->spool = StateDirectory() + "/quantfleet/" + o->name;
  if (o->engine.empty()) o->engine = DefaultEngineProgram();
  o->json_log = texts.log_format == "json";
  std::sort(o->cpu_threads.begin(), o->cpu_threads.end());
  const auto repeats = std::unique(o->cpu_threads.begin(), o->cpu_threads.end());
  o->cpu_threads.erase(repeats, o->cpu_threads.end());
  return OkStatus();
}

}  // namespace

Result<std::map<std::string, std::string>> ParseLabels(const std::vector<std::string>& texts) {
  std::map<std::string, std::string> labels;
  for (const std::string& text : texts) {
    const size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0) {
      return InvalidArgument("--label takes KEY=VALUE, not \"" + text + "\"");
    }
    const std::string key = text.substr(0, equals);
    if (!labels.emplace(key, text.substr(equals + 1)).second) {
      return InvalidArgument("the label \"" + key + "\" is given twice");
    }
  }
  return labels;
}

AgentOptions ParseOptions(int argc, char** argv, int* exit_code) {
  AgentOptions options;
  Texts texts;
  CLI::App app(
      "quantfleet-agent serves this host's devices: it takes blocks from a coordinator, runs them "
      "in quantfleet-engine and hands the results in.",
      "quantfleet-agent");
  AddFlags(app, options, texts);
  app.set_version_flag("--version", "quantfleet-agent " + std::string(Version()));
  *exit_code = -1;
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& end) {
    *exit_code = app.exit(end) == 0 ? 0 : kBadUsage;
    return options;
  }
  Status status = texts.config.empty() ? OkStatus() : TakeConfig(app, texts.config);
  if (status.ok()) status = Complete(texts, &options);
  if (!status.ok()) {
    std::fprintf(stderr, "quantfleet-agent: %s (see --help)\n", status.message().c_str());
    *exit_code = kBadUsage;
  }
  return options;
}

}  // namespace quantfleet::agent
