// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "coordinator/metrics/metrics.hpp"
#include "coordinator/postgres/pool.hpp"
#include "coordinator/rpc/parking.hpp"

namespace quantfleet {

// What /metrics shows. The database is asked at most every 5 seconds, and less often if answering
// takes it long; an answer that is late is shown next time. Thread-safe.
class MetricsPage {
 public:
  // All outlive the object.
  MetricsPage(const metrics::Metrics* metrics, postgres::Pool* pool, const rpc::Parking* parking);

  std::string Text();

 private:
  struct Last;
  void Refresh();

  const metrics::Metrics* const metrics_;
  postgres::Pool* const pool_;
  const rpc::Parking* const parking_;
  // Shared with a read that is under way when the object goes.
  const std::shared_ptr<Last> last_;
};

}  // namespace quantfleet
