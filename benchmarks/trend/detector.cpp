// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/trend/detector.hpp"

#include <algorithm>
#include <cmath>

#include "coordinator/analysis/series/noise.hpp"
#include "coordinator/analysis/series/trend.hpp"

namespace quantfleet::bench {
namespace {

class Ours : public Detector {
 public:
  explicit Ours(double minimum_detectable_effect) {
    trend_.set_minimum_detectable_effect(minimum_detectable_effect);
  }
  std::vector<size_t> Show(const Night& night) override {
    trend_.add_points()->set_value(night.value);
    analysis::JudgeTrend(&trend_);
    std::vector<size_t> alarms;
    for (const auto& change : trend_.change_points()) alarms.push_back(change.index());
    return alarms;
  }

 private:
  v1::Trend trend_;
};

// Rules that look at the newest nights only.
class OfNewest : public Detector {
 public:
  using Rule = bool (*)(const std::vector<Night>& nights);
  explicit OfNewest(Rule rule) : rule_(rule) {}
  std::vector<size_t> Show(const Night& night) override {
    nights_.push_back(night);
    return rule_(nights_) ? std::vector<size_t>{nights_.size() - 1} : std::vector<size_t>{};
  }

 private:
  const Rule rule_;
  std::vector<Night> nights_;
};

bool SevenPercent(const std::vector<Night>& nights) {
  if (nights.size() < 2) return false;
  return std::abs(std::expm1(nights.back().value - nights[nights.size() - 2].value)) > 0.07;
}

bool MannWhitney(const std::vector<Night>& nights) {
  if (nights.size() < 2) return false;
  return MannWhitneyPValue(nights[nights.size() - 2].samples, nights.back().samples) < 0.002;
}

bool MedianOfFour(const std::vector<Night>& nights) {
  if (nights.size() < 6) return false;
  std::vector<double> before;
  for (size_t i = nights.size() - 6; i < nights.size() - 2; ++i) before.push_back(nights[i].value);
  const double slow = analysis::MedianOf(before) - std::log(0.95);
  return nights.back().value > slow && nights[nights.size() - 2].value > slow;
}

template <OfNewest::Rule rule>
std::unique_ptr<Detector> Make(double /*minimum_detectable_effect*/) {
  return std::make_unique<OfNewest>(rule);
}

bool Near(size_t one, size_t other) {
  return one < other ? other - one <= kNear : one - other <= kNear;
}

// Nights and places of the alarms of one series, each only once.
struct Alarm {
  size_t raised = 0;
  size_t place = 0;
};
std::vector<Alarm> AlarmsOf(Detector& detector, const std::vector<Night>& nights) {
  std::vector<Alarm> alarms;
  for (size_t night = 0; night < nights.size(); ++night) {
    for (const size_t place : detector.Show(nights[night])) {
      const bool known = std::any_of(alarms.begin(), alarms.end(), [place](const Alarm& alarm) {
        return Near(alarm.place, place);
      });
      if (!known) alarms.push_back({night, place});
    }
  }
  return alarms;
}

}  // namespace

const std::vector<Method>& Methods() {
  static const std::vector<Method> kMethods = {
      {"quantfleet trend, values alone",
       [](double) -> std::unique_ptr<Detector> { return std::make_unique<Ours>(0); }},
      {"quantfleet trend, values and MDE",
       [](double effect) -> std::unique_ptr<Detector> { return std::make_unique<Ours>(effect); }},
      {"7 % from the night before", Make<SevenPercent>},
      {"Mann-Whitney, p < 0.002", Make<MannWhitney>},
      {"median of 4 days at 0.95", Make<MedianOfFour>},
  };
  return kMethods;
}

double MannWhitneyPValue(const std::vector<double>& one, const std::vector<double>& other) {
  double wins = 0;
  for (const double a : one) {
    for (const double b : other) wins += a > b ? 1 : 0;
  }
  const auto m = static_cast<double>(one.size());
  const auto n = static_cast<double>(other.size());
  const double away = std::max(0.0, std::abs(wins - m * n / 2) - 0.5);
  return std::erfc(away / std::sqrt(m * n * (m + n + 1) / 12) / std::sqrt(2.0));
}

Record Try(const Method& method, const NightNoise& noise, double minimum_detectable_effect,
           double step, int series, size_t nights, int steps) {
  std::mt19937_64 random(20260101);
  Record record;
  size_t false_alarms = 0;
  for (int i = 0; i < series; ++i) {
    const auto detector = method.make(minimum_detectable_effect);
    false_alarms += AlarmsOf(*detector, SimulateNights(nights, noise, 0, 0, &random)).size();
  }
  record.false_alarms_per_1000_nights =
      1000.0 * static_cast<double>(false_alarms) / (static_cast<double>(nights) * series);
  std::vector<double> delays;
  for (int i = 0; i < steps; ++i) {
    const size_t at = 15 + random() % 31;
    const auto detector = method.make(minimum_detectable_effect);
    for (const Alarm& alarm : AlarmsOf(*detector, SimulateNights(60, noise, at, step, &random))) {
      if (!Near(alarm.place, at) || alarm.raised < at) continue;
      delays.push_back(static_cast<double>(alarm.raised - at));
      break;
    }
  }
  record.recall = static_cast<double>(delays.size()) / steps;
  if (!delays.empty()) record.delay_nights = analysis::MedianOf(delays);
  return record;
}

}  // namespace quantfleet::bench
