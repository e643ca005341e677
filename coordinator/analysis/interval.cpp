// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/analysis/interval.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include <boost/math/distributions/students_t.hpp>

#include "base/status.hpp"

namespace quantfleet::analysis {
namespace {

struct Moments {
  double mean = 0;
  double deviation = 0;  // sample standard deviation
};

Moments MomentsOf(std::span<const double> values) {
  const auto count = static_cast<double>(values.size());
  Moments moments;
  for (const double value : values) moments.mean += value / count;
  double squares = 0;
  for (const double value : values) squares += (value - moments.mean) * (value - moments.mean);
  moments.deviation = std::sqrt(squares / (count - 1));
  return moments;
}

// SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014): the same
// numbers on every machine, which the standard library's distributions do not promise.
class Generator {
 public:
  explicit Generator(uint64_t seed) : state_(seed) {}

  // Two numbers, each uniform in [0, bound) for a bound far below 2^32.
  std::pair<size_t, size_t> TwoBelow(size_t bound) {
    state_ += 0x9e3779b97f4a7c15U;
    uint64_t mixed = (state_ ^ (state_ >> 30U)) * 0xbf58476d1ce4e5b9U;
    mixed = (mixed ^ (mixed >> 27U)) * 0x94d049bb133111ebU;
    mixed ^= mixed >> 31U;
    return {((mixed >> 32U) * bound) >> 32U, ((mixed & 0xffffffffU) * bound) >> 32U};
  }

 private:
  uint64_t state_;
};

// t statistic of one resample of values with mean zero. A resample of one value again and again
// lies infinitely far out.
double StudentizedMean(std::span<const double> centred, double resolution, Generator* generator) {
  const auto count = static_cast<double>(centred.size());
  double sum = 0;
  double squares = 0;
  for (size_t i = 0; i < centred.size(); i += 2) {
    const auto [one, other] = generator->TwoBelow(centred.size());
    // An odd number of values needs only one of the last two.
    const double first = centred[one];
    const double second = i + 1 < centred.size() ? centred[other] : 0;
    sum += first + second;
    squares += first * first + second * second;
  }
  const double mean = sum / count;
  const double variance = std::max(0.0, (squares - count * mean * mean) / (count - 1));
  const double error = std::sqrt(variance / count);
  if (error > resolution) return mean / error;
  if (std::abs(mean) <= resolution) return 0;
  return std::copysign(std::numeric_limits<double>::infinity(), mean);
}

double Quantile(std::vector<double>* values, double fraction) {
  const auto place =
      static_cast<std::ptrdiff_t>(std::lround(fraction * static_cast<double>(values->size() - 1)));
  std::nth_element(values->begin(), values->begin() + place, values->end());
  return (*values)[static_cast<size_t>(place)];
}

// Widens `interval` to the bootstrap-t, unless too many equal values leave that without ends.
void WidenByBootstrap(std::span<const double> values, const Moments& moments, double confidence,
                      uint64_t seed, Interval* interval) {
  std::vector<double> centred(values.begin(), values.end());
  for (double& value : centred) value -= moments.mean;
  Generator generator(seed);
  std::vector<double> statistics(kResamples);
  for (double& statistic : statistics) {
    statistic = StudentizedMean(centred, 1e-9 * moments.deviation, &generator);
  }
  const double tail = (1 - confidence) / 2;
  const double above = Quantile(&statistics, 1 - tail);
  const double below = Quantile(&statistics, tail);
  if (!std::isfinite(above) || !std::isfinite(below)) return;
  const double error = moments.deviation / std::sqrt(static_cast<double>(values.size()));
  interval->low = std::min(interval->low, moments.mean - above * error);
  interval->high = std::max(interval->high, moments.mean - below * error);
}

}  // namespace

Interval MeanInterval(std::span<const double> values, double confidence, uint64_t seed) {
  QF_CHECK(values.size() >= 2 && confidence > 0.5 && confidence < 1);
  const Moments moments = MomentsOf(values);
  const auto count = static_cast<double>(values.size());
  const boost::math::students_t_distribution<double> student(count - 1);
  const double reach =
      boost::math::quantile(student, (1 + confidence) / 2) * moments.deviation / std::sqrt(count);
  Interval interval{moments.mean, moments.mean - reach, moments.mean + reach};
  if (values.size() >= kBootstrapFrom && moments.deviation > 0) {
    WidenByBootstrap(values, moments, confidence, seed, &interval);
  }
  return interval;
}

}  // namespace quantfleet::analysis
