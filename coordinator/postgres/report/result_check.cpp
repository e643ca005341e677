// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/postgres/report/result_check.hpp"

#include <cmath>
#include <limits>
#include <set>
#include <vector>

#include <google/protobuf/message.h>

#include "coordinator/postgres/input.hpp"

namespace quantfleet::postgres {
namespace {

constexpr size_t kMaxRunIdBytes = 64;
constexpr size_t kMaxTextBytes = 16 * 1024;
constexpr int kMaxListed = 1024;  // grade reasons, fingerprint keys

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// True if no double set anywhere below `message` is infinite or not a number.
bool AllFinite(const Message& message) {
  const auto& reflection = *message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    const int count = field->is_repeated() ? reflection.FieldSize(message, field) : 1;
    for (int i = 0; i < count; ++i) {
      if (field->cpp_type() == FieldDescriptor::CPPTYPE_DOUBLE) {
        const double value = field->is_repeated() ? reflection.GetRepeatedDouble(message, field, i)
                                                  : reflection.GetDouble(message, field);
        if (!std::isfinite(value)) return false;
      } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
        const Message& part = field->is_repeated()
                                  ? reflection.GetRepeatedMessage(message, field, i)
                                  : reflection.GetMessage(message, field);
        if (!AllFinite(part)) return false;
      }
    }
  }
  return true;
}

// Seconds. NaN is between nothing.
constexpr double kLeastSample = 1e-12, kMostSample = 86'400;

std::string WhyRoundsRejected(const v1::Measurement& measurement, int arms) {
  std::set<uint32_t> numbers;
  for (const v1::Round& round : measurement.rounds()) {
    if (round.number() > static_cast<uint32_t>(std::numeric_limits<int32_t>::max())) {
      return "a round's number is out of bounds";
    }
    if (!numbers.insert(round.number()).second) return "a round is there twice";
    if (round.position() >= static_cast<uint32_t>(arms)) return "a position is out of bounds";
    for (const double seconds : round.seconds()) {
      if (!(seconds >= kLeastSample && seconds <= kMostSample)) {
        return "a sample is no time between a picosecond and a day";
      }
    }
  }
  return "";
}

bool FitsBounds(const v1::Measurement& m) {
  for (const uint64_t value :
       {m.weight_bytes(), m.moved_bytes(), m.operations(), m.working_set_bytes()}) {
    if (!Bigint(value)) return false;
  }
  for (const std::string& text : m.grade_reasons()) {
    if (text.size() > kMaxTextBytes) return false;
  }
  return m.reason().size() <= kMaxTextBytes && m.kernel_used().size() <= kMaxTextBytes &&
         m.weight_distribution().size() <= kMaxTextBytes &&
         m.activation_distribution().size() <= kMaxTextBytes &&
         m.grade_reasons_size() <= kMaxListed;
}

std::string WhyMeasurementRejected(const v1::Measurement& m, const v1::BlockArm& arm, int arms) {
  if (m.arm_index() != arm.index() || m.arm_id() != arm.arm_id()) return "it is of another arm";
  if (m.outcome() == v1::OUTCOME_UNSPECIFIED || !v1::Outcome_IsValid(m.outcome())) {
    return "it has no outcome that we know";
  }
  if (!v1::Grade_IsValid(m.grade()) || !v1::StopReason_IsValid(m.stop_reason())) {
    return "its grade or stop reason is not one that we know";
  }
  if (!FitsBounds(m)) return "a text, list or count is out of bounds";
  if (std::string why = WhyRoundsRejected(m, arms); !why.empty()) return why;
  if (m.outcome() == v1::OUTCOME_MEASURED) {
    if (!AllFinite(m)) return "a number is not finite";
    const bool has_samples = m.rounds_size() > 0 && m.rounds(0).seconds_size() > 0;
    if (!has_samples || m.summary().median_seconds() <= 0) return "measured without a sample";
    return "";
  }
  return AllFinite(m.summary()) ? "" : "a number of its summary is not finite";
}

std::string WhyRunRejected(const v1::BlockResult& result) {
  if (result.run_id().empty() || result.run_id().size() > kMaxRunIdBytes ||
      result.run_id().find('\0') != std::string::npos) {
    return "run_id is empty, too long or not text";
  }
  if (!std::isfinite(result.run_seconds()) || result.run_seconds() < 0) {
    return "run_seconds is not a time";
  }
  if (result.fingerprint().values_size() > kMaxListed) return "the fingerprint is too large";
  for (const auto& [key, value] : result.fingerprint().values()) {
    if (key.size() > kMaxTextBytes || value.size() > kMaxTextBytes) {
      return "the fingerprint is too large";
    }
  }
  return "";
}

}  // namespace

std::string WhyRejected(const v1::Block& block, const v1::BlockResult& result) {
  if (result.measurements_size() != block.arms_size()) {
    return "has " + std::to_string(result.measurements_size()) + " measurements, the block has " +
           std::to_string(block.arms_size()) + " arms";
  }
  if (std::string why = WhyRunRejected(result); !why.empty()) return why;
  for (int i = 0; i < block.arms_size(); ++i) {
    const std::string why =
        WhyMeasurementRejected(result.measurements(i), block.arms(i), block.arms_size());
    if (!why.empty()) return "measurement " + std::to_string(i) + ": " + why;
  }
  return "";
}

}  // namespace quantfleet::postgres
