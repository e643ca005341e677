// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <optional>

#include "coordinator/analysis/comparison.hpp"
#include "coordinator/analysis/interval.hpp"
#include "coordinator/analysis/log_ratio.hpp"
#include "coordinator/analysis/verdict.hpp"

namespace quantfleet::analysis {
namespace {

v1::Ratio Without(v1::Verdict verdict, std::string reason) {
  v1::Ratio ratio;
  ratio.set_verdict(verdict);
  ratio.set_reason(std::move(reason));
  return ratio;
}

std::string OutcomeReason(const v1::Measurement& measurement, const std::string& whose) {
  std::string text = whose + " ";
  switch (measurement.outcome()) {
    case v1::OUTCOME_UNSUPPORTED:
      text += "is not supported on this device";
      break;
    case v1::OUTCOME_INVALID:
      text += "gave a wrong output";
      break;
    case v1::OUTCOME_CRASHED:
      text += "crashed the engine";
      break;
    case v1::OUTCOME_TIMED_OUT:
      text += "ran past its time limit";
      break;
    case v1::OUTCOME_OUT_OF_MEMORY:
      text += "ran out of memory";
      break;
    default:
      text += "was not measured";
  }
  return measurement.reason().empty() ? text : text + ": " + measurement.reason();
}

// Why `measurement` of `arm` cannot take part; empty if it can.
std::string WhyNot(const v1::BlockArm& arm, const v1::Measurement* measurement,
                   const std::string& whose) {
  if (measurement == nullptr) return whose + " has no measurement in this run";
  if (measurement->arm_id() != arm.arm_id()) {
    return whose + "'s measurement is of another arm: the run is not of this block";
  }
  if (measurement->outcome() != v1::OUTCOME_MEASURED) return OutcomeReason(*measurement, whose);
  if (measurement->grade() == v1::GRADE_D || measurement->grade() == v1::GRADE_F) {
    std::string text = whose + " has grade " + (measurement->grade() == v1::GRADE_D ? "D" : "F");
    for (int i = 0; i < measurement->grade_reasons_size(); ++i) {
      text += (i == 0 ? ": " : ", ") + measurement->grade_reasons(i);
    }
    return text;
  }
  return "";
}

// Of rounds that have nothing in common the interval's end may be beyond any number. What is beyond
// a factor of 1e12 says no more than that.
double FactorOf(double log_ratio) {
  constexpr double kWidest = 1e12;
  return std::clamp(std::exp(log_ratio), 1 / kWidest, kWidest);
}

// One run of a block, with what all its ratios share.
class Run {
 public:
  Run(const v1::Block& block, const v1::BlockResult& result) : block_(block) {
    for (const v1::Measurement& measurement : result.measurements()) {
      measurements_.emplace(measurement.arm_index(), &measurement);
    }
    if (!result.block_id().empty() && !block.block_id().empty() &&
        result.block_id() != block.block_id()) {
      baseline_problem_ = "baseline and arm come from different runs";
      return;
    }
    for (const v1::BlockArm& arm : block.arms()) {
      if (arm.role() == v1::ARM_ROLE_BASELINE) baseline_ = Find(arm.index());
      if (arm.role() == v1::ARM_ROLE_BASELINE) {
        baseline_problem_ = WhyNot(arm, baseline_, "the baseline");
        if (!baseline_problem_.empty()) return;
      }
    }
    if (baseline_ == nullptr) {
      baseline_problem_ = "the block has no baseline";
      return;
    }
    FindNull();
  }

  v1::Ratio RatioOf(const v1::BlockArm& arm) const {
    const v1::Measurement* measurement = Find(arm.index());
    if (measurement != nullptr && measurement->outcome() == v1::OUTCOME_INVALID) {
      return Without(v1::VERDICT_INVALID, OutcomeReason(*measurement, "the arm"));
    }
    if (!baseline_problem_.empty()) return Without(v1::VERDICT_NOT_COMPARABLE, baseline_problem_);
    const std::string problem = WhyNot(arm, measurement, "the arm");
    if (!problem.empty()) return Without(v1::VERDICT_NOT_COMPARABLE, problem);
    const Result<std::vector<double>> log_ratios = PairedLogRatios(*baseline_, *measurement);
    if (!log_ratios.ok()) {
      return Without(v1::VERDICT_NOT_COMPARABLE, log_ratios.status().message());
    }
    if (log_ratios->size() < kMinimumRounds) {
      return Without(v1::VERDICT_NOT_COMPARABLE,
                     "only " + std::to_string(log_ratios->size()) + " paired rounds, at least " +
                         std::to_string(kMinimumRounds) + " are needed");
    }
    return Judged(arm, *log_ratios);
  }

 private:
  const v1::Measurement* Find(uint32_t index) const {
    const auto found = measurements_.find(index);
    return found == measurements_.end() ? nullptr : found->second;
  }

  double Confidence() const {
    const double confidence = block_.policy().confidence();
    return confidence > 0.5 && confidence < 1 ? confidence : 0.95;
  }

  Interval IntervalOf(const v1::BlockArm& arm, const std::vector<double>& log_ratios) const {
    const uint64_t seed = (uint64_t{block_.order_seed()} << 32U) + arm.index();
    return MeanInterval(log_ratios, Confidence(), seed);
  }

  void FindNull() {
    for (const v1::BlockArm& arm : block_.arms()) {
      if (arm.role() != v1::ARM_ROLE_NULL) continue;
      const v1::Measurement* measurement = Find(arm.index());
      if (!WhyNot(arm, measurement, "the null").empty()) continue;
      const Result<std::vector<double>> log_ratios = PairedLogRatios(*baseline_, *measurement);
      if (log_ratios.ok() && log_ratios->size() >= kMinimumRounds) {
        null_ = IntervalOf(arm, *log_ratios);
      }
    }
  }

  v1::Ratio Judged(const v1::BlockArm& arm, const std::vector<double>& log_ratios) const {
    const Interval interval = IntervalOf(arm, log_ratios);
    const double effect = MinimumDetectableLogEffect(null_, interval);
    v1::Ratio ratio;
    ratio.set_ratio(FactorOf(interval.estimate));
    ratio.set_low(FactorOf(interval.low));
    ratio.set_high(FactorOf(interval.high));
    ratio.set_minimum_detectable_effect(FactorOf(effect) - 1);
    ratio.set_rounds(static_cast<uint32_t>(log_ratios.size()));
    ratio.set_verdict(Decide(interval, effect));
    if (ratio.verdict() == v1::VERDICT_AMBIGUOUS) {
      ratio.set_reason(NextStep(interval, null_, log_ratios.size()));
    }
    return ratio;
  }

  const v1::Block& block_;
  std::map<uint32_t, const v1::Measurement*> measurements_;
  const v1::Measurement* baseline_ = nullptr;
  std::string baseline_problem_;
  std::optional<Interval> null_;
};

}  // namespace

std::map<uint32_t, v1::Ratio> ComputeRatios(const v1::Block& block, const v1::BlockResult& result) {
  const Run run(block, result);
  std::map<uint32_t, v1::Ratio> ratios;
  for (const v1::BlockArm& arm : block.arms()) {
    // The parts of a product do another work than the baseline: their ratio would mean nothing.
    if (arm.role() == v1::ARM_ROLE_BASELINE || arm.role() == v1::ARM_ROLE_ABLATION) continue;
    ratios.emplace(arm.index(), run.RatioOf(arm));
  }
  return ratios;
}

}  // namespace quantfleet::analysis
