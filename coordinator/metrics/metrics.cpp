// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/metrics/metrics.hpp"

#include <array>
#include <atomic>
#include <utility>

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

namespace quantfleet::metrics {
namespace {

using prometheus::Counter;
using prometheus::Family;
using prometheus::Histogram;

constexpr size_t kCodes = 17;  // of StatusCode

// Seconds. A long poll ends within 25.
const Histogram::BucketBoundaries& CallBuckets() {
  static const Histogram::BucketBoundaries kBuckets = {
      0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 60};
  return kBuckets;
}

prometheus::MetricFamily GaugeFamily(const std::string& name, const std::string& help) {
  prometheus::MetricFamily family;
  family.name = name;
  family.help = help;
  family.type = prometheus::MetricType::Gauge;
  return family;
}

void Add(prometheus::MetricFamily* family, double value,
         std::vector<prometheus::ClientMetric::Label> labels = {}) {
  prometheus::ClientMetric metric;
  metric.gauge.value = value;
  metric.label = std::move(labels);
  family->metric.push_back(std::move(metric));
}

prometheus::MetricFamily One(const std::string& name, const std::string& help, double value) {
  auto family = GaugeFamily(name, help);
  Add(&family, value);
  return family;
}

std::vector<prometheus::MetricFamily> Blocks(const Gauges& gauges) {
  auto classes = GaugeFamily("quantfleet_ready_blocks", "Blocks that wait, by requirement class.");
  auto states = GaugeFamily("quantfleet_blocks", "Blocks by state.");
  uint64_t ready = 0;
  for (const auto& [id, count] : gauges.ready_blocks_by_class) {
    Add(&classes, static_cast<double>(count), {{"class", std::to_string(id)}});
    ready += count;
  }
  Add(&states, static_cast<double>(ready), {{"state", "ready"}});
  Add(&states, static_cast<double>(gauges.leased_blocks), {{"state", "leased"}});
  return {std::move(states), std::move(classes)};
}

std::vector<prometheus::MetricFamily> Families(const Gauges& gauges) {
  std::vector<prometheus::MetricFamily> families = {
      One("quantfleet_parked_calls", "Long polls that wait now.",
          static_cast<double>(gauges.parked_calls)),
      One("quantfleet_database_queue_jobs", "Jobs that wait for a database connection now.",
          static_cast<double>(gauges.queued_jobs)),
      One("quantfleet_database_up", "1 if the database answered at the last look.",
          gauges.database_up ? 1 : 0)};
  // What was never read is not zero.
  if (gauges.database_age_seconds < 0) return families;
  families.push_back(One("quantfleet_database_figures_age_seconds",
                         "Age of the figures that the database gave.",
                         gauges.database_age_seconds));
  families.push_back(One("quantfleet_database_figures_read_seconds", "Time that reading them took.",
                         gauges.database_read_seconds));
  families.push_back(One("quantfleet_open_sessions", "Agents' sessions that are open.",
                         static_cast<double>(gauges.open_sessions)));
  for (auto& family : Blocks(gauges)) families.push_back(std::move(family));
  return families;
}

}  // namespace

struct Metrics::Impl {
  // Counters of a method; made when its first answer of a code is counted.
  struct Method {
    std::string name;
    std::array<std::atomic<Counter*>, kCodes> codes{};
    Histogram* seconds = nullptr;
  };

  Counter& Of(Method& method, size_t code) {
    if (Counter* known = method.codes[code].load(std::memory_order_acquire)) return *known;
    // The family gives the same counter for the same labels: a race makes one.
    Counter& counter =
        calls->Add({{"method", method.name},
                    {"code", std::string(StatusCodeName(static_cast<StatusCode>(code)))}});
    method.codes[code].store(&counter, std::memory_order_release);
    return counter;
  }

  prometheus::Registry registry;
  Family<Counter>* calls = nullptr;
  Family<Histogram>* call_seconds = nullptr;
  Family<Counter>* verdicts = nullptr;
  std::map<std::string, Method, std::less<>> methods;
  Histogram* job_wait = nullptr;
  Counter* jobs_refused = nullptr;
  Counter* leases_expired = nullptr;
  Counter* standby_reads = nullptr;
  Counter* primary_reads = nullptr;
};

Metrics::Metrics(std::string_view version) : impl_(std::make_unique<Impl>()) {
  auto& registry = impl_->registry;
  prometheus::BuildGauge()
      .Name("quantfleet_build_info")
      .Help("1; the label says which version runs.")
      .Register(registry)
      .Add({{"version", std::string(version)}})
      .Set(1);
  prometheus::BuildGauge()
      .Name("quantfleet_start_time_seconds")
      .Help("When the coordinator started, Unix time.")
      .Register(registry)
      .Add({})
      .SetToCurrentTime();
  impl_->calls = &prometheus::BuildCounter()
                      .Name("quantfleet_calls_total")
                      .Help("Answered calls by method and status code.")
                      .Register(registry);
  impl_->call_seconds = &prometheus::BuildHistogram()
                             .Name("quantfleet_call_seconds")
                             .Help("Time from a call's arrival to its answer, parked or not.")
                             .Register(registry);
  impl_->verdicts = &prometheus::BuildCounter()
                         .Name("quantfleet_verdicts_total")
                         .Help("Verdicts on reported results and failures.")
                         .Register(registry);
  impl_->job_wait = &prometheus::BuildHistogram()
                         .Name("quantfleet_database_wait_seconds")
                         .Help("Time a job waited for a database connection.")
                         .Register(registry)
                         .Add({}, CallBuckets());
  impl_->jobs_refused = &prometheus::BuildCounter()
                             .Name("quantfleet_database_jobs_refused_total")
                             .Help("Jobs that found the queue for the database full.")
                             .Register(registry)
                             .Add({});
  impl_->leases_expired = &prometheus::BuildCounter()
                               .Name("quantfleet_leases_expired_total")
                               .Help("Sessions that this replica ended because a lease ran out.")
                               .Register(registry)
                               .Add({});
  auto& reads = prometheus::BuildCounter()
                    .Name("quantfleet_reads_total")
                    .Help("Reads that a standby may answer, with --database-replica.")
                    .Register(registry);
  impl_->standby_reads = &reads.Add({{"from", "standby"}});
  impl_->primary_reads = &reads.Add({{"from", "primary"}});
  AddMethod("other");
}

Metrics::~Metrics() = default;

void Metrics::AddMethod(std::string_view method) {
  Impl::Method& made = impl_->methods[std::string(method)];
  made.name = method;
  made.seconds = &impl_->call_seconds->Add({{"method", made.name}}, CallBuckets());
}

void Metrics::CountCall(std::string_view method, StatusCode code, Duration took) {
  auto found = impl_->methods.find(method);
  if (found == impl_->methods.end()) found = impl_->methods.find("other");
  const auto number = static_cast<size_t>(code);
  const auto unknown = static_cast<size_t>(StatusCode::kUnknown);
  impl_->Of(found->second, number < kCodes ? number : unknown).Increment();
  found->second.seconds->Observe(ToSeconds(took));
}

void Metrics::CountVerdict(std::string_view disposition) {
  impl_->verdicts->Add({{"disposition", std::string(disposition)}}).Increment();
}
void Metrics::JobStarted(Duration waited) {
  impl_->job_wait->Observe(ToSeconds(waited));
}
void Metrics::JobRefused() {
  impl_->jobs_refused->Increment();
}
void Metrics::LeasesExpired(uint64_t sessions) {
  impl_->leases_expired->Increment(static_cast<double>(sessions));
}
void Metrics::CountRead(bool standby) {
  (standby ? impl_->standby_reads : impl_->primary_reads)->Increment();
}

std::string Metrics::Text(const Gauges& gauges) const {
  std::vector<prometheus::MetricFamily> families = impl_->registry.Collect();
  for (auto& family : Families(gauges)) families.push_back(std::move(family));
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace quantfleet::metrics
