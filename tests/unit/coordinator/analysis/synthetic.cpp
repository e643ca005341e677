// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/coordinator/analysis/synthetic.hpp"

#include <cmath>

namespace quantfleet::analysis::synthetic {
namespace {

constexpr int kSamples = 5;

void AddArm(MeasuredBlock* made, v1::ArmRole role, const ArmPlan& plan) {
  v1::BlockArm* arm = made->block.add_arms();
  arm->set_index(static_cast<uint32_t>(made->block.arms_size() - 1));
  arm->set_role(role);
  arm->set_arm_id(plan.format + "/" + plan.kernel);
  arm->mutable_spec()->set_format(plan.format);
  arm->mutable_spec()->set_kernel(plan.kernel);
  (*arm->mutable_labels())["format"] = plan.format;
  (*arm->mutable_labels())["kernel"] = plan.kernel;
  v1::Measurement* measurement = made->result.add_measurements();
  measurement->set_arm_index(arm->index());
  measurement->set_arm_id(arm->arm_id());
  measurement->set_outcome(v1::OUTCOME_MEASURED);
  measurement->set_grade(v1::GRADE_A);
  measurement->mutable_summary()->set_median_seconds(plan.seconds);
}

}  // namespace

v1::Measurement MakeMeasurement(uint32_t index, const std::vector<std::vector<double>>& rounds) {
  v1::Measurement measurement;
  measurement.set_arm_index(index);
  for (size_t i = 0; i < rounds.size(); ++i) {
    v1::Round* round = measurement.add_rounds();
    round->set_number(static_cast<uint32_t>(i));
    for (const double seconds : rounds[i]) round->add_seconds(seconds);
  }
  return measurement;
}

MeasuredBlock MakeBlock(double baseline_seconds, const std::vector<ArmPlan>& candidates,
                        uint32_t rounds, const Noise& noise, std::mt19937_64* random) {
  MeasuredBlock made;
  made.block.set_order_seed(static_cast<uint32_t>((*random)()));
  made.block.mutable_policy()->set_confidence(0.95);
  const ArmPlan baseline{"fp32", "auto", baseline_seconds};
  AddArm(&made, v1::ARM_ROLE_BASELINE, baseline);
  AddArm(&made, v1::ARM_ROLE_NULL, baseline);
  for (const ArmPlan& plan : candidates) AddArm(&made, v1::ARM_ROLE_CANDIDATE, plan);

  std::normal_distribution<double> normal;
  std::vector<double> sticking;
  for (int i = 0; i < made.result.measurements_size(); ++i) {
    sticking.push_back(noise.sticking * normal(*random));
  }
  for (uint32_t number = 0; number < rounds; ++number) {
    const double common = noise.common * normal(*random);
    for (int i = 0; i < made.result.measurements_size(); ++i) {
      v1::Measurement* measurement = made.result.mutable_measurements(i);
      const double log_time = std::log(measurement->summary().median_seconds()) + common +
                              sticking[static_cast<size_t>(i)] +
                              noise.between_rounds * normal(*random);
      v1::Round* round = measurement->add_rounds();
      round->set_number(number);
      for (int sample = 0; sample < kSamples; ++sample) {
        round->add_seconds(std::exp(log_time + noise.within_round * normal(*random)));
      }
    }
  }
  return made;
}

}  // namespace quantfleet::analysis::synthetic
