// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdio>

#include "coordinator/analysis/crossover.hpp"

namespace quantfleet::analysis {
namespace {

// At most three significant digits, so that a break-even does not look more exact than it is.
std::string Number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, value >= 1000 ? "%.0f" : "%.3g", value);
  return text;
}

std::string Values(const std::vector<double>& values) {
  std::string text;
  for (size_t i = 0; i < values.size(); ++i) text += (i == 0 ? "" : ", ") + Number(values[i]);
  return text;
}

// "slower" or "the same" if that is all there is in [from, to], else "not faster".
std::string LosingWord(const AxisCurve& curve, double from, double to) {
  bool slower = false;
  bool same = false;
  for (const CurvePoint& point : curve.points) {
    if (point.axis < from || point.axis > to) continue;
    slower = slower || point.verdict == v1::VERDICT_SLOWER;
    same = same || point.verdict == v1::VERDICT_SAME;
  }
  if (slower == same) return "not faster";
  return slower ? "slower" : "no different";
}

std::string Than(const std::string& word) {
  return word == "no different" ? " from " : " than ";
}

std::string BreakEven(const v1::Crossover& crossover, const v1::Flip& flip) {
  return "break-even near " + crossover.axis() + " " + Number(flip.estimate()) + ", between " +
         Number(flip.low()) + " and " + Number(flip.high());
}

std::string OneFlip(const AxisCurve& curve, const v1::Crossover& crossover) {
  const v1::Flip& flip = crossover.flips(0);
  const std::string even = " (" + BreakEven(crossover, flip) + ")";
  const std::string axis = crossover.axis() + " ";
  if (flip.wins_at_from()) {
    const std::string word = LosingWord(curve, flip.to(), crossover.axis_max());
    return "faster than " + curve.baseline_name + " up to " + axis + Number(flip.from()) + " and " +
           word + " from " + Number(flip.to()) + " on" + even;
  }
  const std::string word = LosingWord(curve, crossover.axis_min(), flip.from());
  return word + Than(word) + curve.baseline_name + " up to " + axis + Number(flip.from()) +
         " and faster from " + Number(flip.to()) + " on" + even;
}

std::string Several(const AxisCurve& curve, const v1::Crossover& crossover) {
  std::string text = "faster than " + curve.baseline_name + " in part of the range only:";
  for (const v1::Flip& flip : crossover.flips()) {
    text += text.back() == ':' ? " " : ", ";
    text += std::string(flip.wins_at_from() ? "stops" : "starts") + " winning between " +
            crossover.axis() + " " + Number(flip.from()) + " and " + Number(flip.to());
  }
  return text;
}

std::string Undecided(const AxisCurve& curve, const v1::Crossover& crossover) {
  std::vector<double> wins, loses;
  std::vector<double> open = curve.missing;
  for (const CurvePoint& point : curve.points) {
    if (point.verdict == v1::VERDICT_FASTER)
      wins.push_back(point.axis);
    else if (point.verdict == v1::VERDICT_AMBIGUOUS)
      open.push_back(point.axis);
    else
      loses.push_back(point.axis);
  }
  std::sort(open.begin(), open.end());
  const std::string axis = " at " + crossover.axis() + " ";
  std::string text = "undecided against " + curve.baseline_name + axis + Values(open);
  if (!wins.empty()) text += ", faster" + axis + Values(wins);
  if (!loses.empty()) {
    text +=
        ", " + LosingWord(curve, crossover.axis_min(), crossover.axis_max()) + axis + Values(loses);
  }
  return text;
}

std::string Everywhere(const AxisCurve& curve, const v1::Crossover& crossover) {
  const std::string word = crossover.kind() == v1::CROSSOVER_KIND_WINS_EVERYWHERE
                               ? "faster"
                               : LosingWord(curve, crossover.axis_min(), crossover.axis_max());
  return word + Than(word) + curve.baseline_name + " at every " + crossover.axis() + " from " +
         Number(crossover.axis_min()) + " to " + Number(crossover.axis_max());
}

}  // namespace

std::string CrossoverSentence(const AxisCurve& curve, const v1::Crossover& crossover) {
  std::string subject = ArmName(curve.example->arm().spec());
  const auto layer = crossover.labels().find("layer");
  if (layer != crossover.labels().end()) subject += " on " + layer->second;
  subject += " is ";
  switch (crossover.kind()) {
    case v1::CROSSOVER_KIND_STOPS_WINNING:
    case v1::CROSSOVER_KIND_STARTS_WINNING:
      return subject + OneFlip(curve, crossover);
    case v1::CROSSOVER_KIND_SEVERAL:
      return subject + Several(curve, crossover);
    case v1::CROSSOVER_KIND_UNDECIDED:
      return subject + Undecided(curve, crossover);
    default:
      return subject + Everywhere(curve, crossover);
  }
}

}  // namespace quantfleet::analysis
