// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/orchestration/simulator/tally.hpp"

#include <algorithm>
#include <cmath>

#include <nlohmann/json.hpp>

#include "base/status.hpp"

namespace quantfleet::bench {
namespace {

using nlohmann::json;

// Nearest-rank quantiles. Seconds.
json Quantiles(std::vector<double> values) {
  if (values.empty()) return {{"count", 0}};
  std::sort(values.begin(), values.end());
  const auto at = [&](double fraction) {
    const auto rank = static_cast<size_t>(std::ceil(fraction * static_cast<double>(values.size())));
    return values[std::clamp<size_t>(rank, 1, values.size()) - 1];
  };
  return {{"count", values.size()},
          {"p50", at(0.5)},
          {"p90", at(0.9)},
          {"p99", at(0.99)},
          {"max", at(1.0)}};
}

}  // namespace

Tally::Tally(int agents, const std::string& verdicts)
    : agents_(agents), synced_(static_cast<size_t>(agents)) {
  if (!verdicts.empty()) verdicts_.open(verdicts);
}

void Tally::Error(const std::string& call, int code) {
  ++errors_;
  Count("error " + call + " " + std::string(StatusCodeName(static_cast<StatusCode>(code))));
}

void Tally::Granted(const v1::Grant& grant, Duration now) {
  Count("grants");
  const auto found = submissions_.find(grant.block().matrix_id());
  // The grant may arrive before the acknowledgement.
  Submission& submission =
      found == submissions_.end() ? submissions_[grant.block().matrix_id()] : found->second;
  if (submission.granted == Duration()) submission.granted = now;
}

void Tally::Judged(const v1::ReportVerdict& verdict) {
  const std::string name = v1::Disposition_Name(verdict.disposition()).substr(12);
  Count(name);
  if (verdicts_.is_open())
    verdicts_ << verdict.block_id() << '\t' << verdict.epoch() << '\t' << name << '\n';
}

void Tally::Submitted(const std::string& matrix_id, Duration asked, Duration now) {
  submissions_[matrix_id].asked = asked;
  submissions_[matrix_id].acknowledged = now;
  Took("submit", now - asked);
}

void Tally::Mark(Duration time) {
  marked_ = true;
  mark_ = time;
  all_synced_ = {};
  synced_.assign(synced_.size(), false);
  synced_count_ = 0;
}

void Tally::Synced(int agent, Duration now) {
  const auto index = static_cast<size_t>(agent);
  if (synced_[index]) return;
  synced_[index] = true;
  if (++synced_count_ == agents_) all_synced_ = now;
}

void Tally::Stopped(Duration now) {
  ++stops_;
  last_stop_ = now;
}

void Tally::BeginWindow(Duration now) {
  window_begin_ = now;
  accepted_before_ = CountOf("ACCEPTED");
}

void Tally::EndWindow(Duration now) {
  window_end_ = now;
  accepted_within_ = CountOf("ACCEPTED") - accepted_before_;
}

uint64_t Tally::CountOf(const std::string& what) const {
  const auto found = counts_.find(what);
  return found == counts_.end() ? 0 : found->second;
}

std::string Tally::ToJson(Duration now) const {
  json said = {{"agents", agents_}, {"counts", counts_}};
  for (const auto& [kind, seconds] : times_) said["seconds"][kind] = Quantiles(seconds);
  std::vector<double> after_ack, after_call;
  for (const auto& [matrix_id, submission] : submissions_) {
    if (submission.acknowledged == Duration() || submission.granted == Duration()) continue;
    after_ack.push_back(std::max(0.0, ToSeconds(submission.granted - submission.acknowledged)));
    after_call.push_back(ToSeconds(submission.granted - submission.asked));
  }
  if (!after_ack.empty()) {
    said["seconds"]["grant_after_acknowledgement"] = Quantiles(after_ack);
    said["seconds"]["grant_after_submit_call"] = Quantiles(after_call);
  }
  const double window = ToSeconds(window_end_ - window_begin_);
  said["window_seconds"] = window;
  said["accepted_in_window"] = accepted_within_;
  said["accepted_per_second"] = window > 0 ? static_cast<double>(accepted_within_) / window : 0;
  if (marked_) {
    said["synced_since_mark"] = synced_count_;
    if (all_synced_ != Duration()) said["all_synced_seconds"] = ToSeconds(all_synced_ - mark_);
    said["stops"] = stops_;
    if (stops_ > 0) said["last_stop_seconds"] = ToSeconds(last_stop_ - mark_);
  }
  said["now"] = ToSeconds(now);
  return said.dump();
}

std::string Tally::Progress() const {
  json said = {{"accepted", CountOf("ACCEPTED")},
               {"grants", CountOf("grants")},
               {"sessions", CountOf("hellos")},
               {"synced", synced_count_},
               {"stops", stops_},
               {"syncs", CountOf("syncs")},
               {"errors", errors_}};
  if (all_synced_ != Duration()) said["all_synced_seconds"] = ToSeconds(all_synced_ - mark_);
  if (stops_ > 0) said["last_stop_seconds"] = ToSeconds(last_stop_ - mark_);
  return json{{"progress", said}}.dump();
}

}  // namespace quantfleet::bench
