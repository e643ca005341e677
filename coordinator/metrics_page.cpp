// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/metrics_page.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>

#include "coordinator/postgres/operations/figures.hpp"

namespace quantfleet {
namespace {

constexpr Duration kLeastPause = std::chrono::seconds(5);
// Reading takes one connection at most this part of the time.
constexpr int kPauseByRead = 20;
constexpr Duration kPatience = std::chrono::seconds(1);

}  // namespace

struct MetricsPage::Last {
  std::mutex mutex;
  std::condition_variable arrived;
  bool reading = false;
  bool known = false;
  bool up = false;
  Duration next{};  // not read before
  Duration read_at{};
  Duration took{};
  postgres::Figures figures;
};

MetricsPage::MetricsPage(const metrics::Metrics* metrics, postgres::Pool* pool,
                         const rpc::Parking* parking)
    : metrics_(metrics), pool_(pool), parking_(parking), last_(std::make_shared<Last>()) {}

void MetricsPage::Refresh() {
  std::unique_lock lock(last_->mutex);
  if (last_->reading || Clock::Steady()->Now() < last_->next) return;
  last_->reading = true;
  const bool posted = pool_->Post([last = last_](postgres::Connection& db) {
    const Duration begin = Clock::Steady()->Now();
    auto figures = postgres::ReadFigures(db);
    const Duration end = Clock::Steady()->Now();
    const std::lock_guard held(last->mutex);
    last->reading = false;
    last->up = figures.ok();
    last->next = end + std::max(kLeastPause, kPauseByRead * (end - begin));
    if (figures.ok()) {
      last->known = true;
      last->read_at = end;
      last->took = end - begin;
      last->figures = *std::move(figures);
    }
    last->arrived.notify_all();
  });
  if (!posted) {
    last_->reading = false;
    return;
  }
  last_->arrived.wait_for(lock, kPatience, [&] { return !last_->reading; });
}

std::string MetricsPage::Text() {
  Refresh();
  metrics::Gauges gauges;
  gauges.parked_calls = parking_->Waiting();
  gauges.queued_jobs = pool_->Queued();
  {
    const std::lock_guard lock(last_->mutex);
    gauges.database_up = last_->up;
    if (last_->known) {
      gauges.database_age_seconds = ToSeconds(Clock::Steady()->Now() - last_->read_at);
      gauges.database_read_seconds = ToSeconds(last_->took);
      gauges.open_sessions = last_->figures.open_sessions;
      gauges.leased_blocks = last_->figures.leased_blocks;
      gauges.ready_blocks_by_class = last_->figures.ready_by_class;
    }
  }
  return metrics_->Text(gauges);
}

}  // namespace quantfleet
