// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
//
// How often `quantfleet trend` and the rules of others cry wolf, and what they miss. Prints a table
// in Markdown and, last, one JSON line.
#include <cstdio>

#include <nlohmann/json.hpp>

#include "benchmarks/trend/detector.hpp"

namespace quantfleet::bench {
namespace {

constexpr int kSeries = 200;
constexpr size_t kNights = 365;
constexpr int kSteps = 500;
// Half-width of the 95 % interval of one night about its level, in standard deviations.
constexpr double kEffectOverNoise = 1.96;

const std::vector<NightNoise>& Noises() {
  static const std::vector<NightNoise> kNoises = {
      {"0.5 %", 0.005},
      {"1 %", 0.01},
      {"4 %", 0.04},
      {"1 %, neighbours correlate 0.3", 0.01, 0.005, 0.3},
      {"1 %, one night in 20 five times", 0.01, 0.005, 0, 0.05},
  };
  return kNoises;
}

int Main() {
  nlohmann::json all = nlohmann::json::array();
  std::printf(
      "| noise of a night | method | false alarms in 1,000 nights | steps of 2 x MDE found | "
      "nights until then |\n|---|---|--:|--:|--:|\n");
  for (const NightNoise& noise : Noises()) {
    const double effect = kEffectOverNoise * noise.night;
    for (const Method& method : Methods()) {
      const Record record = Try(method, noise, effect, 2 * effect, kSeries, kNights, kSteps);
      std::printf("| %s | %s | %.2f | %.1f %% | %.0f |\n", noise.name.c_str(), method.name.c_str(),
                  record.false_alarms_per_1000_nights, 100 * record.recall, record.delay_nights);
      all.push_back({{"noise", noise.name},
                     {"method", method.name},
                     {"false_alarms_per_1000_nights", record.false_alarms_per_1000_nights},
                     {"recall", record.recall},
                     {"delay_nights", record.delay_nights}});
    }
  }
  std::printf("%s\n", all.dump().c_str());
  return 0;
}

}  // namespace
}  // namespace quantfleet::bench

int main() {
  return quantfleet::bench::Main();
}
