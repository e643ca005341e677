// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/report/message_check.hpp"

#include <algorithm>
#include <cmath>

#include "base/clock.hpp"
#include "coordinator/analysis/comparison.hpp"
#include "coordinator/matrix/expansion.hpp"
#include "coordinator/postgres/input.hpp"
#include "coordinator/postgres/matching.hpp"
#include "coordinator/postgres/report/result_check.hpp"
#include "coordinator/postgres/report/result_rows.hpp"
#include "coordinator/rpc/request_check.hpp"

namespace quantfleet::fuzz {
namespace {

constexpr size_t kMostWordBytes = 128;
constexpr size_t kMostPlainBytes = 2000;

v1::BlockArm ArmOf(uint32_t index, v1::ArmRole role, const std::string& format) {
  v1::BlockArm arm;
  arm.set_index(index);
  arm.set_role(role);
  arm.mutable_spec()->set_workload("linear");
  arm.mutable_spec()->set_format(format);
  arm.mutable_spec()->mutable_linear()->set_n(64);
  arm.mutable_spec()->mutable_linear()->set_k(64);
  arm.mutable_spec()->mutable_linear()->set_batch(1);
  arm.set_arm_id("arm-" + std::to_string(role == v1::ARM_ROLE_CANDIDATE ? 1 : 0));
  return arm;
}

std::string CheckWhy(const std::string& why) {
  if (why.size() > kMostPlainBytes) return "a reason of " + std::to_string(why.size()) + " bytes";
  const bool plain =
      std::all_of(why.begin(), why.end(), [](unsigned char c) { return c >= 0x20 && c < 0x7f; });
  return plain ? "" : "a reason that is not plain text: " + why;
}

std::string CheckPlain(const std::string& text) {
  const std::string plain = postgres::PlainText(text);
  if (plain.size() > kMostPlainBytes) return "a long text: " + std::to_string(plain.size());
  if (plain.find('\0') != std::string::npos) return "a NUL that PostgreSQL cannot store";
  return postgres::PlainText(plain) == plain ? "" : "a text that PlainText does not leave alone";
}

std::string CheckRatio(const v1::Block& block, uint32_t index, const v1::Ratio& ratio) {
  if (index >= static_cast<uint32_t>(block.arms_size())) return "a ratio of no arm";
  if (block.arms(static_cast<int>(index)).role() == v1::ARM_ROLE_BASELINE) {
    return "a ratio of the baseline";
  }
  for (const double value :
       {ratio.ratio(), ratio.low(), ratio.high(), ratio.minimum_detectable_effect()}) {
    if (!std::isfinite(value)) return "a ratio with a number that is not finite";
  }
  if (ratio.low() > ratio.high()) return "an interval that is upside down";
  return "";
}

// A result that would be stored: everything worked out of it is sound.
std::string CheckAccepted(const v1::Block& block, const v1::BlockResult& result) {
  const std::string digest = postgres::DigestOf(result);
  v1::BlockResult again;
  if (!again.ParseFromString(result.SerializeAsString())) return "a result that does not come back";
  if (postgres::DigestOf(again) != digest) return "a digest that changes on the way";
  const auto ratios = analysis::ComputeRatios(block, result);
  for (const auto& [index, ratio] : ratios) {
    if (std::string broken = CheckRatio(block, index, ratio); !broken.empty()) return broken;
  }
  const auto comparison = analysis::BuildComparison("mtx", "fuzz", {{block, result, "ses"}}, {},
                                                    {{block.block_id(), ratios}});
  if (comparison.rows_size() != block.arms_size()) return "a comparison without a row for each arm";
  return comparison.SerializeAsString().empty() ? "an empty comparison" : "";
}

std::string CheckWord(const std::string& word) {
  if (word.empty() || word.size() > kMostWordBytes)
    return "a word of " + std::to_string(word.size());
  const bool control =
      std::any_of(word.begin(), word.end(), [](unsigned char c) { return c < 0x20; });
  return control ? "a word with a control character" : "";
}

template <typename Message>
std::string Parsed(std::string_view bytes) {
  Message message;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return "";
  return FindBrokenPromise(message);
}

}  // namespace

v1::Block HeldBlock() {
  v1::Block block;
  block.set_block_id("1");
  block.set_order_seed(7);
  *block.add_arms() = ArmOf(0, v1::ARM_ROLE_BASELINE, "fp32");
  *block.add_arms() = ArmOf(1, v1::ARM_ROLE_NULL, "fp32");
  *block.add_arms() = ArmOf(2, v1::ARM_ROLE_CANDIDATE, "int8");
  return block;
}

std::string FindBrokenPromise(const v1::ReportRequest& request) {
  if (!rpc::CheckReport(request).ok()) return "";
  const v1::Block block = HeldBlock();
  for (const v1::BlockResult& result : request.results()) {
    postgres::ParseBlockId(result.block_id());
    const std::string why = postgres::WhyRejected(block, result);
    const std::string broken = why.empty() ? CheckAccepted(block, result) : CheckWhy(why);
    if (!broken.empty()) return broken;
  }
  for (const v1::BlockFailure& failure : request.failures()) {
    postgres::ParseBlockId(failure.block_id());
    if (std::string broken = CheckPlain(failure.reason()); !broken.empty()) return broken;
  }
  return "";
}

std::string FindBrokenPromise(const v1::HelloRequest& request) {
  const Status status = rpc::CheckHello(request);
  if (!status.ok()) return CheckWhy(status.message());
  for (const std::string& word :
       {request.agent_name(), request.host_id(), request.request_id(),
        request.device().device().uid(), request.device().device().device_class()}) {
    if (std::string broken = CheckWord(word); !broken.empty()) return broken;
  }
  const auto facts = postgres::FactsOf(request);
  scheduler::Requirement requirement;
  requirement.conditions["kind"].any_of = {"cpu"};
  requirement.conditions["device"].any_of = {"*a*b*c*"};
  requirement.conditions["memory_gib"].at_least = 1;
  requirement.conditions["labels.room"].none_of = {"x?"};
  const bool matches = scheduler::Matches(requirement, facts);
  const bool silent = scheduler::WhyNot(requirement, facts).empty();
  return matches == silent ? "" : "a device that matches, with a reason why it does not";
}

std::string FindBrokenPromise(const v1::SyncRequest& request) {
  postgres::ParseBlockId(request.running().block_id());
  postgres::Bigint(request.running().epoch());
  // What is no number of seconds must not become a deadline of no meaning.
  const Duration wait = rpc::LongPollTime(request.max_wait_seconds());
  if (wait < Duration() || wait > std::chrono::seconds(25))
    return "a long poll of less than 0 s or more than 25 s";
  if (std::string broken = CheckPlain(request.not_leasing_reason()); !broken.empty()) return broken;
  return CheckPlain(request.running().phase());
}

std::string FindBrokenPromise(std::string_view bytes) {
  if (bytes.empty()) return "";
  const std::string_view message = bytes.substr(1);
  switch (bytes[0]) {
    case 'R':
      return Parsed<v1::ReportRequest>(message);
    case 'H':
      return Parsed<v1::HelloRequest>(message);
    case 'S':
      return Parsed<v1::SyncRequest>(message);
    default:
      return "";
  }
}

}  // namespace quantfleet::fuzz
