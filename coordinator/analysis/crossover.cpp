// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/analysis/crossover.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

#include "base/status.hpp"

namespace quantfleet::analysis {
namespace {

enum class Side { kWins, kLoses, kUnknown };

// A value of the axis with which side it is on, missing values included.
struct Step {
  double axis;
  Side side;
};

Side SideOf(v1::Verdict verdict) {
  if (verdict == v1::VERDICT_FASTER) return Side::kWins;
  return verdict == v1::VERDICT_AMBIGUOUS ? Side::kUnknown : Side::kLoses;
}

std::vector<Step> StepsOf(const AxisCurve& curve) {
  std::vector<Step> steps;
  for (const CurvePoint& point : curve.points) steps.push_back({point.axis, SideOf(point.verdict)});
  for (const double axis : curve.missing) steps.push_back({axis, Side::kUnknown});
  std::sort(steps.begin(), steps.end(),
            [](const Step& a, const Step& b) { return a.axis < b.axis; });
  return steps;
}

// Axis value where `end` of the interval first reaches zero from the point at `winner` on in
// `direction` (1 or -1).
double Zero(const std::vector<CurvePoint>& points, size_t winner, int direction,
            double Interval::*end) {
  const auto at = [&](size_t i) { return points[i].log_ratio.*end; };
  size_t here = winner;
  const size_t last = direction > 0 ? points.size() - 1 : 0;
  while (here != last) {
    const size_t next = direction > 0 ? here + 1 : here - 1;
    if (at(here) < 0 && at(next) >= 0) {
      const double part = at(here) / (at(here) - at(next));
      return std::exp2(std::log2(points[here].axis) +
                       part * (std::log2(points[next].axis) - std::log2(points[here].axis)));
    }
    here = next;
  }
  return points[last].axis;
}

v1::Flip MakeFlip(const AxisCurve& curve, const Step& from, const Step& to) {
  v1::Flip flip;
  flip.set_from(from.axis);
  flip.set_to(to.axis);
  flip.set_wins_at_from(from.side == Side::kWins);
  const double winning_axis = flip.wins_at_from() ? from.axis : to.axis;
  const auto winner =
      std::find_if(curve.points.begin(), curve.points.end(),
                   [&](const CurvePoint& point) { return point.axis == winning_axis; });
  QF_CHECK(winner != curve.points.end());
  const auto index = static_cast<size_t>(winner - curve.points.begin());
  const int direction = flip.wins_at_from() ? 1 : -1;
  flip.set_estimate(Zero(curve.points, index, direction, &Interval::estimate));
  const double one = Zero(curve.points, index, direction, &Interval::low);
  const double other = Zero(curve.points, index, direction, &Interval::high);
  flip.set_low(std::min(one, other));
  flip.set_high(std::max(one, other));
  return flip;
}

v1::CrossoverKind KindOf(const v1::Crossover& crossover, Side first) {
  if (crossover.flips_size() > 1) return v1::CROSSOVER_KIND_SEVERAL;
  if (crossover.flips_size() == 1) {
    return crossover.flips(0).wins_at_from() ? v1::CROSSOVER_KIND_STOPS_WINNING
                                             : v1::CROSSOVER_KIND_STARTS_WINNING;
  }
  return first == Side::kWins ? v1::CROSSOVER_KIND_WINS_EVERYWHERE : v1::CROSSOVER_KIND_NEVER_WINS;
}

// Adds the flips and sets the kind.
void Classify(const AxisCurve& curve, const std::vector<Step>& steps, v1::Crossover* crossover) {
  const Step* decided = nullptr;
  bool open = false;            // an unknown point could hide a flip
  bool unknown_before = false;  // since the last decided point
  Side first = Side::kUnknown;
  for (const Step& step : steps) {
    if (step.side == Side::kUnknown) {
      unknown_before = true;
      continue;
    }
    if (decided != nullptr && decided->side != step.side) {
      *crossover->add_flips() = MakeFlip(curve, *decided, step);
    } else {
      open = open || unknown_before;
    }
    if (decided == nullptr) first = step.side;
    decided = &step;
    unknown_before = false;
  }
  open = open || unknown_before || decided == nullptr;
  crossover->set_kind(open ? v1::CROSSOVER_KIND_UNDECIDED : KindOf(*crossover, first));
}

}  // namespace

v1::Crossover FindCrossover(const AxisCurve& curve, const std::string& axis) {
  const v1::ComparisonRow& row = *curve.example;
  const std::vector<Step> steps = StepsOf(curve);
  v1::Crossover crossover;
  crossover.set_device_class(row.device_class());
  crossover.set_device_name(row.device_name());
  crossover.set_target(row.target());
  crossover.set_axis(axis);
  crossover.set_axis_min(steps.front().axis);
  crossover.set_axis_max(steps.back().axis);
  *crossover.mutable_labels() = row.arm().labels();
  crossover.mutable_labels()->erase(axis);
  Classify(curve, steps, &crossover);
  crossover.set_sentence(CrossoverSentence(curve, crossover));
  return crossover;
}

}  // namespace quantfleet::analysis
