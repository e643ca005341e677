// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/postgres/sync/costs.hpp"

#include <map>
#include <string>
#include <vector>

namespace quantfleet::postgres {
namespace {

Status LoadWeights(Transaction& tx, std::map<std::string, double>& weights) {
  weights.clear();
  QF_ASSIGN_OR_RETURN(const auto rows, tx.Query("SELECT principal, weight FROM principal"));
  for (const auto& row : rows) weights[row[0].as<std::string>()] = row[1].as<double>();
  return OkStatus();
}

}  // namespace

Status LoadDispatcher(Connection& db, scheduler::Dispatcher& dispatcher) {
  std::vector<scheduler::CostRow> costs;
  std::map<std::string, double> weights;
  QF_RETURN_IF_ERROR(db.Run([&](Transaction& tx) -> Status {
    costs.clear();
    QF_ASSIGN_OR_RETURN(
        const auto rows,
        tx.Query(
            "SELECT device_class, cost_key, seconds, least(samples, 1000000) FROM block_cost"));
    for (const auto& row : rows) {
      costs.push_back({row[0].as<std::string>(), row[1].as<std::string>(), row[2].as<double>(),
                       row[3].as<int>()});
    }
    return LoadWeights(tx, weights);
  }));
  dispatcher.RestoreCosts(costs);
  dispatcher.SetWeights(weights);
  return OkStatus();
}

Status SaveDispatcher(Connection& db, scheduler::Dispatcher& dispatcher) {
  std::vector<std::string> devices, keys;
  std::vector<double> seconds;
  std::vector<int64_t> samples;
  for (const scheduler::CostRow& row : dispatcher.Costs()) {
    devices.push_back(row.device_class);
    keys.push_back(row.cost_key);
    seconds.push_back(row.seconds);
    samples.push_back(row.samples);
  }
  std::map<std::string, double> weights;
  QF_RETURN_IF_ERROR(db.Run([&](Transaction& tx) -> Status {
    QF_RETURN_IF_ERROR(tx.Query(R"(
      INSERT INTO block_cost AS old (device_class, cost_key, seconds, samples)
      SELECT * FROM unnest($1::text[], $2::text[], $3::float8[], $4::bigint[])
        AS given (device_class, cost_key, seconds, samples) ORDER BY device_class, cost_key
      ON CONFLICT (device_class, cost_key) DO UPDATE SET seconds = excluded.seconds, samples = excluded.samples
      WHERE (old.seconds, old.samples) <> (excluded.seconds, excluded.samples))",
                                {Parameter::Array(devices), Parameter::Array(keys),
                                 Parameter::Array(seconds), Parameter::Array(samples)})
                           .status());
    return LoadWeights(tx, weights);
  }));
  dispatcher.SetWeights(weights);
  dispatcher.Prune();
  return OkStatus();
}

}  // namespace quantfleet::postgres
