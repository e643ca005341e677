// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include <cstdio>

#include <nlohmann/json.hpp>

#include "cli/verbs/verbs.hpp"
#include "coordinator/analysis/comparison.hpp"

namespace quantfleet::cli {
namespace {

using Json = nlohmann::json;

// [[...round 1...], ...] in seconds.
Status ReadRounds(const Json& json, const std::string& name, v1::Measurement* measurement) {
  if (!json.is_array() || json.empty())
    return InvalidArgument(name + ": a list of rounds is expected");
  uint32_t number = 0;
  for (const Json& samples : json) {
    if (!samples.is_array() || samples.empty()) {
      return InvalidArgument(name + ": round " + std::to_string(number + 1) +
                             " is not a list of times");
    }
    v1::Round* round = measurement->add_rounds();
    round->set_number(number++);
    for (const Json& sample : samples) {
      if (!sample.is_number() || !(sample.get<double>() > 0)) {
        return InvalidArgument(name + ": round " + std::to_string(number) + " holds " +
                               sample.dump() + ", not a positive time");
      }
      round->add_seconds(sample.get<double>());
    }
  }
  return OkStatus();
}

// A block of a baseline, its null where given, and one arm, as if it had been measured.
Result<v1::Ratio> JudgeSamples(const Json& json) {
  for (const auto& [key, value] : json.items()) {
    if (key != "baseline" && key != "arm" && key != "null" && key != "confidence") {
      return InvalidArgument("unknown key '" + key + "' (known: baseline, arm, null, confidence)");
    }
  }
  v1::Block block;
  v1::BlockResult result;
  const Json confidence = json.value("confidence", Json(0.95));
  if (!confidence.is_number() || !(confidence > 0.5) || !(confidence < 1)) {
    return InvalidArgument("confidence: " + confidence.dump() +
                           " is not a number above 0.5 and below 1");
  }
  block.mutable_policy()->set_confidence(confidence.get<double>());
  const auto add = [&](const char* name, v1::ArmRole role) -> Status {
    v1::BlockArm& arm = *block.add_arms();
    arm.set_index(static_cast<uint32_t>(block.arms_size() - 1));
    arm.set_role(role);
    arm.set_arm_id(name);
    v1::Measurement& measurement = *result.add_measurements();
    measurement.set_arm_index(arm.index());
    measurement.set_arm_id(name);
    measurement.set_outcome(v1::OUTCOME_MEASURED);
    measurement.set_grade(v1::GRADE_A);
    if (!json.contains(name))
      return InvalidArgument(std::string("the key '") + name + "' is missing");
    return ReadRounds(json[name], name, &measurement);
  };
  QF_RETURN_IF_ERROR(add("baseline", v1::ARM_ROLE_BASELINE));
  if (json.contains("null")) QF_RETURN_IF_ERROR(add("null", v1::ARM_ROLE_NULL));
  QF_RETURN_IF_ERROR(add("arm", v1::ARM_ROLE_CANDIDATE));
  return analysis::ComputeRatios(block, result).at(static_cast<uint32_t>(block.arms_size() - 1));
}

int ExitCode(v1::Verdict verdict) {
  const bool no = verdict == v1::VERDICT_SLOWER || verdict == v1::VERDICT_AMBIGUOUS ||
                  verdict == v1::VERDICT_NOT_COMPARABLE || verdict == v1::VERDICT_INVALID;
  return no ? 1 : 0;
}

}  // namespace

int Judge(const Common& common, const std::string& file) {
  const auto document = ReadDocument(file);
  if (!document.ok()) return Fail(document.status());
  const Json json = Json::parse(*document, nullptr, false);
  if (!json.is_object()) return Fail(InvalidArgument(file + ": a JSON object is expected"));
  const auto ratio = JudgeSamples(json);
  if (!ratio.ok()) return Fail(ratio.status().WithContext(file));
  if (common.output == Output::kJson) {
    Print(JsonOf(*ratio));
  } else {
    std::printf(
        "ratio %.4f [%.4f, %.4f] (time of arm / time of baseline), %u rounds, smallest effect seen "
        "%.2f %%\n",
        ratio->ratio(), ratio->low(), ratio->high(), ratio->rounds(),
        100 * ratio->minimum_detectable_effect());
    std::printf("verdict: %s%s%s\n", VerdictWord(ratio->verdict()).c_str(),
                ratio->reason().empty() ? "" : ": ", ratio->reason().c_str());
  }
  return ExitCode(ratio->verdict());
}

}  // namespace quantfleet::cli
