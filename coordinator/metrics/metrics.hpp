// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/status.hpp"

namespace quantfleet::metrics {

// What is read from other places whenever somebody asks for the metrics.
struct Gauges {
  uint64_t parked_calls = 0;
  uint64_t queued_jobs = 0;  // that wait for a database connection
  bool database_up = false;  // at the last look
  // Of what follows; negative before the first successful look.
  double database_age_seconds = -1;
  double database_read_seconds = 0;
  uint64_t open_sessions = 0;
  uint64_t leased_blocks = 0;
  // By requirement class; values are cut at a bound that the reader sets.
  std::map<int64_t, uint64_t> ready_blocks_by_class;
};

// The counters of one coordinator since its start, and their text for Prometheus. Names, units and
// labels are in docs/operations.md. Thread-safe; counting takes less than a microsecond.
class Metrics {
 public:
  explicit Metrics(std::string_view version);
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // An answered call of a method known by its last two parts ("AgentService/Sync"); the time from
  // its arrival, parked or not. Names nobody said in AddMethod count as "other".
  void CountCall(std::string_view method, StatusCode code, Duration took);
  // What agents were told of a result or failure ("ACCEPTED"); from a closed list.
  void CountVerdict(std::string_view disposition);
  // A job waited so long for a database connection.
  void JobStarted(Duration waited);
  // A job found the queue full.
  void JobRefused();
  // Sessions whose lease ran out.
  void LeasesExpired(uint64_t sessions);

  // A read that a standby of the database may answer was answered, by one or by the primary.
  void CountRead(bool standby);

  // The text format of version 0.0.4, with `gauges` in it.
  // Source: https://prometheus.io/docs/instrumenting/exposition_formats/
  std::string Text(const Gauges& gauges) const;

  // Makes a method known: labels come from a closed list, never from callers. Before any call.
  void AddMethod(std::string_view method);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace quantfleet::metrics
