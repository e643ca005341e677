// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/postgres/nightly/series_store.hpp"

#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

#include <pqxx/pqxx>

#include "base/digest.hpp"
#include "coordinator/analysis/series/fleet.hpp"
#include "coordinator/analysis/series/noise.hpp"
#include "coordinator/analysis/series/trend.hpp"

#include "quantfleet/v1/agent_service.pb.h"
#include "quantfleet/v1/arm.pb.h"

namespace quantfleet::postgres {
namespace {

using analysis::SeriesHistory;

constexpr int64_t kMostPoints = 200'000;
constexpr size_t kIdDigits = 12;

// What of a session series need.
struct SessionFacts {
  std::string architecture;
  std::optional<double> anchor;
  std::map<std::string, std::string> fingerprint;
};

// Device class, arm and baseline (empty of the baseline itself).
using Key = std::tuple<std::string, std::string, std::string>;

std::string IdOf(const Key& key) {
  return Sha256Hex(std::get<0>(key) + "\n" + std::get<1>(key) + "\n" + std::get<2>(key))
      .substr(0, kIdDigits);
}

// Runs of one arm in one matrix.
struct Night {
  int64_t time = 0;
  std::string matrix_id, session_id, host, block_id;
  int arm_index = 0;
  double values = 0, seconds = 0;
  int runs = 0;
  std::string excluded;  // why the last run without a value has none
};

struct Gathered {
  std::vector<Night> nights;  // by time
  std::vector<double> effects;
};
using Series = std::map<Key, Gathered>;

// Why a measurement is no point; empty if it is one.
std::string WhyNot(const pqxx::row& row, bool is_baseline) {
  const auto outcome = row["outcome"].as<std::string>();
  if (outcome != "OUTCOME_MEASURED") return outcome;
  const auto grade = row["grade"].as<std::string>();
  if (grade == "GRADE_D" || grade == "GRADE_F") return grade;
  if (row["median_seconds"].is_null()) return "no median";
  if (is_baseline) return "";
  if (row["ratio"].is_null() || !(row["ratio"].as<double>() > 0)) return "no ratio";
  return "";
}

void Add(const pqxx::row& row, Series* series) {
  const bool is_baseline = row["role"].as<std::string>() == "ARM_ROLE_BASELINE";
  const Key key{row["device_class"].as<std::string>(), row["arm_id"].as<std::string>(),
                is_baseline ? "" : row["baseline_arm_id"].as<std::string>()};
  Gathered& gathered = (*series)[key];
  const auto matrix_id = row["matrix_id"].as<std::string>();
  if (gathered.nights.empty() || gathered.nights.back().matrix_id != matrix_id) {
    Night night;
    night.time = row["created"].as<int64_t>();
    night.matrix_id = matrix_id;
    gathered.nights.push_back(night);
  }
  Night& night = gathered.nights.back();
  night.session_id = row["session_id"].as<std::string>();
  night.host = row["agent_name"].as<std::string>();
  night.block_id = row["block_id"].as<std::string>();
  night.arm_index = row["arm_index"].as<int>();
  const std::string problem = WhyNot(row, is_baseline);
  if (!problem.empty()) {
    night.excluded = problem;
    return;
  }
  const auto seconds = row["median_seconds"].as<double>();
  night.values += is_baseline ? seconds : std::log(row["ratio"].as<double>());
  night.seconds += seconds;
  ++night.runs;
  if (!row["effect"].is_null()) gathered.effects.push_back(row["effect"].as<double>());
}

Result<Series> Gather(Transaction& tx, const std::string& name,
                      const v1::ListTrendsRequest& request) {
  QF_ASSIGN_OR_RETURN(const auto rows, tx.Query(R"(
    SELECT m.matrix_id, floor(extract(epoch FROM m.create_time))::bigint AS created, s.device_class, s.session_id,
           s.agent_name, b.block_id, me.arm_index, me.arm_id, me.role, me.outcome, me.grade, me.median_seconds,
           r.ratio, r.minimum_detectable_effect AS effect, base.arm_id AS baseline_arm_id
    FROM matrix m JOIN block b USING (matrix_id) JOIN block_result br USING (block_id)
         JOIN session s ON s.session_id = br.session_id
         JOIN measurement me ON me.block_id = b.block_id AND me.role IN ('ARM_ROLE_BASELINE', 'ARM_ROLE_CANDIDATE')
         JOIN measurement base ON base.block_id = b.block_id AND base.role = 'ARM_ROLE_BASELINE'
         LEFT JOIN ratio r ON r.block_id = b.block_id AND r.arm_index = me.arm_index
    WHERE m.name = $1 AND m.create_time >= to_timestamp($2::bigint) AND ($3 = '' OR s.device_class = $3)
    ORDER BY m.create_time, m.matrix_id, b.ordinal, me.arm_index LIMIT $4)",
                                                {name, request.since_time().seconds(),
                                                 request.device_class(), kMostPoints + 1}));
  if (static_cast<int64_t>(rows.size()) > kMostPoints) {
    return ResourceExhausted("the series of " + name + " have more than " +
                             std::to_string(kMostPoints) +
                             " points; narrow them by time or device class");
  }
  Series series;
  for (const auto& row : rows) Add(row, &series);
  return series;
}

Result<std::map<std::string, SessionFacts>> LoadSessions(Transaction& tx, const Series& series) {
  std::set<std::string> ids;
  for (const auto& [key, gathered] : series) {
    for (const Night& night : gathered.nights) ids.insert(night.session_id);
  }
  QF_ASSIGN_OR_RETURN(
      const auto rows,
      tx.Query("SELECT session_id, hello FROM session WHERE session_id = ANY($1::text[])",
               {Parameter::Array(std::vector<std::string>(ids.begin(), ids.end()))}));
  std::map<std::string, SessionFacts> facts;
  for (const auto& row : rows) {
    v1::HelloRequest hello;
    hello.ParseFromString(FromBytea(row[1]));
    SessionFacts& session = facts[row[0].as<std::string>()];
    session.architecture = hello.device().device().architecture();
    const double dram = hello.ceilings().dram_read_bytes_per_second();
    if (std::isfinite(dram) && dram > 0) session.anchor = dram;
    const auto& values = hello.device().fingerprint().values();
    session.fingerprint = {values.begin(), values.end()};
  }
  return facts;
}

// Labels of each series' arm, from the block that measured it last.
Status LoadLabels(Transaction& tx, const Series& series,
                  std::map<Key, std::map<std::string, std::string>>* labels) {
  std::vector<std::string> ids;
  for (const auto& [key, gathered] : series) ids.push_back(gathered.nights.back().block_id);
  QF_ASSIGN_OR_RETURN(
      const auto rows,
      tx.Query("SELECT block_id, spec FROM block WHERE block_id = ANY($1::bigint[])",
               {Parameter::Array(ids)}));
  std::map<std::string, v1::Block> blocks;
  for (const auto& row : rows) {
    blocks[row[0].as<std::string>()].ParseFromString(FromBytea(row[1]));
  }
  for (const auto& [key, gathered] : series) {
    const Night& last = gathered.nights.back();
    for (const v1::BlockArm& arm : blocks[last.block_id].arms()) {
      if (static_cast<int>(arm.index()) != last.arm_index) continue;
      (*labels)[key] = {arm.labels().begin(), arm.labels().end()};
      (*labels)[key].try_emplace("format", arm.spec().format());
      (*labels)[key].try_emplace("kernel", arm.spec().kernel());
    }
  }
  return OkStatus();
}

SeriesHistory HistoryOf(const std::string& name, const Key& key, const Gathered& gathered,
                        const std::map<std::string, SessionFacts>& sessions) {
  SeriesHistory history;
  v1::Trend& trend = history.trend;
  trend.set_series(name + "/" + IdOf(key));
  trend.set_device_class(std::get<0>(key));
  trend.set_arm_id(std::get<1>(key));
  history.baseline_arm_id = std::get<2>(key);
  const bool is_baseline = history.baseline_arm_id.empty();
  trend.set_unit(is_baseline ? v1::TREND_UNIT_SECONDS : v1::TREND_UNIT_LOG_RATIO);
  if (!gathered.effects.empty()) {
    trend.set_minimum_detectable_effect(std::log1p(analysis::MedianOf(gathered.effects)));
  }
  for (const Night& night : gathered.nights) {
    v1::TrendPoint& point = *trend.add_points();
    point.mutable_time()->set_seconds(night.time);
    point.set_matrix_id(night.matrix_id);
    if (night.runs > 0) {
      point.set_value(night.values / night.runs);
      point.set_seconds(night.seconds / night.runs);
    } else {
      point.set_excluded(night.excluded);
    }
    const auto session = sessions.find(night.session_id);
    SeriesHistory::Night& facts = history.nights.emplace_back();
    facts.host = night.host;
    if (session == sessions.end()) continue;
    if (session->second.anchor) point.set_anchor(*session->second.anchor);
    facts.fingerprint = session->second.fingerprint;
    history.architecture = session->second.architecture;
  }
  return history;
}

// The matrix name, and the series id or an empty text, of "nightly" or "nightly/0123456789ab".
std::pair<std::string, std::string> Parts(const std::string& series) {
  const size_t slash = series.rfind('/');
  const std::string tail = slash == std::string::npos ? "" : series.substr(slash + 1);
  const bool is_id =
      tail.size() == kIdDigits && tail.find_first_not_of("0123456789abcdef") == std::string::npos;
  if (!is_id) return {series, ""};
  return {series.substr(0, slash), tail};
}

}  // namespace

Result<v1::ListTrendsResponse> ListTrends(Connection& db, const v1::ListTrendsRequest& request) {
  const auto [name, id] = Parts(request.series());
  Series series;
  std::map<std::string, SessionFacts> sessions;
  std::map<Key, std::map<std::string, std::string>> labels;
  QF_RETURN_IF_ERROR(db.Run([&, matrix_name = name](Transaction& tx) -> Status {
    QF_RETURN_IF_ERROR(tx.UseOneSnapshot());
    QF_ASSIGN_OR_RETURN(series, Gather(tx, matrix_name, request));
    QF_ASSIGN_OR_RETURN(sessions, LoadSessions(tx, series));
    labels.clear();
    return LoadLabels(tx, series, &labels);
  }));
  std::vector<SeriesHistory> fleet;
  for (const auto& [key, gathered] : series) {
    SeriesHistory& history = fleet.emplace_back(HistoryOf(name, key, gathered, sessions));
    history.trend.mutable_labels()->insert(labels[key].begin(), labels[key].end());
    analysis::JudgeTrend(&history.trend);
  }
  analysis::ClassifySteps(&fleet);
  v1::ListTrendsResponse response;
  for (SeriesHistory& history : fleet) {
    if (!id.empty() && history.trend.series() != request.series()) continue;
    *response.add_trends() = std::move(history.trend);
  }
  if (response.trends().empty()) {
    return NotFound("no results of a series " + request.series() +
                    ": name a matrix that was run, or a series as trend shows it");
  }
  return response;
}

}  // namespace quantfleet::postgres
