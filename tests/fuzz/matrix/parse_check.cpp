// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/matrix/parse_check.hpp"

#include <set>
#include <vector>

#include "coordinator/matrix/expansion.hpp"

namespace quantfleet::matrix {
namespace {

std::vector<size_t> LineLengths(std::string_view document) {
  std::vector<size_t> lengths = {0};
  for (const char c : document) {
    if (c == '\n') {
      lengths.push_back(0);
    } else {
      ++lengths.back();
    }
  }
  return lengths;
}

std::string CheckRefusal(const ParseOutcome& outcome, std::string_view document) {
  if (outcome.diagnostics.empty()) return "neither a matrix nor a diagnostic";
  if (outcome.diagnostics.size() > Report::kMaxDiagnostics) return "too many diagnostics";
  const std::vector<size_t> lengths = LineLengths(document);
  for (const Diagnostic& diagnostic : outcome.diagnostics) {
    const std::string text = diagnostic.ToString();
    if (diagnostic.message.empty()) return "an empty message";
    if (text.find('\n') != std::string::npos) return "more than one line: " + text;
    if (text.size() > 2000) return "a long line: " + text;
    const auto line = static_cast<size_t>(diagnostic.line);
    if (diagnostic.line < 1 || line > lengths.size()) return "no such line: " + text;
    if (diagnostic.column < 1 || static_cast<size_t>(diagnostic.column) > lengths[line - 1] + 1) {
      return "no such column: " + text;
    }
  }
  return "";
}

std::string CheckBlock(const v1::Block& block) {
  if (block.arms_size() < 2) return "a block without baseline and null arm";
  if (block.arms(0).role() != v1::ARM_ROLE_BASELINE) return "the first arm is no baseline";
  if (block.arms(1).role() != v1::ARM_ROLE_NULL) return "the second arm is no null arm";
  if (block.arms(0).arm_id() != block.arms(1).arm_id()) return "the null arm differs";
  std::set<std::string> ids;
  for (const v1::BlockArm& arm : block.arms()) {
    if (arm.role() != v1::ARM_ROLE_NULL && !ids.insert(arm.arm_id()).second) {
      return "two equal arms in a block";
    }
    const v1::LinearShape& shape = arm.spec().linear();
    const v1::MatrixShape& matrix = arm.spec().matrix();
    const bool linear = shape.n() > 0 && shape.k() > 0 && shape.batch() > 0;
    const bool conversion = matrix.rows() > 0 && matrix.columns() > 0;
    const v1::AttentionShape& heads = arm.spec().attention();
    const bool attention = heads.query_heads() > 0 && heads.key_value_heads() > 0 &&
                           heads.head_dimension() > 0 && heads.batch() > 0 &&
                           heads.query_tokens() > 0 && heads.context() >= heads.query_tokens();
    if (int{linear} + int{conversion} + int{attention} != 1) return "no shape, or two";
  }
  return "";
}

}  // namespace

std::string FindBrokenPromise(std::string_view document) {
  Limits limits;
  limits.max_arms = 2000;  // expansion is not what takes the time here
  const ParseOutcome outcome = ParseMatrix(document, "fuzz.yaml", limits);
  if (outcome.matrix == nullptr) return CheckRefusal(outcome, document);
  if (!outcome.diagnostics.empty()) return "a matrix and diagnostics";

  scheduler::DeviceFacts facts;
  facts.device.set_device_class("cpu/model/2t");
  facts.device.set_kind(v1::DEVICE_KIND_CPU);
  const Expansion expansion = ExpandMatrix(*outcome.matrix, {facts});
  uint64_t arms = 0;
  for (const PlannedBlock& planned : expansion.blocks) {
    if (std::string broken = CheckBlock(planned.block); !broken.empty()) return broken;
    arms += static_cast<uint64_t>(planned.block.arms_size());
    const std::string json = planned.requirement.ToJson();
    const auto back = scheduler::Requirement::FromJson(json);
    if (!back.ok() || back->ToJson() != json) return "a requirement that does not come back";
  }
  return arms > limits.max_arms ? "more arms than allowed" : "";
}

}  // namespace quantfleet::matrix
