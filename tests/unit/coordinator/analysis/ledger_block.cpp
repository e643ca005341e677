// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/coordinator/analysis/ledger_block.hpp"

#include <utility>

#include <gtest/gtest.h>

#include "coordinator/analysis/ledger/ledger.hpp"

namespace quantfleet::analysis::synthetic {

LedgerBlock::LedgerBlock(uint32_t batch, std::string id) : batch_(batch), id_(std::move(id)) {
  session.set_session_id("s");
  session.mutable_device()->set_kind(v1::DEVICE_KIND_CPU);
  session.mutable_device()->set_cache_bytes(uint64_t{32} << 20U);
  v1::Ceilings& ceilings = *session.mutable_ceilings();
  ceilings.set_dram_read_bytes_per_second(kBandwidth);
  ceilings.set_cache_read_bytes_per_second(100e9);
  (*ceilings.mutable_matrix_operations_per_second())["fp32"] = kPeak;
}

double LedgerBlock::MultiplySeconds() const {
  return 2.0 * 4096 * 4096 * batch_ / kPeak;
}

v1::ComparisonRow& LedgerBlock::Add(v1::ArmRole role, const std::string& format,
                                    const std::string& kernel, double seconds, double half_width) {
  v1::ComparisonRow& row = rows.emplace_back();
  row.set_block_id(id_);
  row.set_session_id("s");
  v1::BlockArm& arm = *row.mutable_arm();
  arm.set_index(static_cast<uint32_t>(rows.size() - 1));
  arm.set_role(role);
  arm.mutable_spec()->set_format(format);
  arm.mutable_spec()->set_kernel(kernel);
  arm.mutable_spec()->mutable_linear()->set_n(4096);
  arm.mutable_spec()->mutable_linear()->set_k(4096);
  arm.mutable_spec()->mutable_linear()->set_batch(batch_);
  (*arm.mutable_labels())["layer"] = "square";
  (*arm.mutable_labels())["batch"] = std::to_string(batch_);
  (*arm.mutable_labels())["format"] = format;
  (*arm.mutable_labels())["kernel"] = kernel;
  v1::Measurement& m = *row.mutable_measurement();
  m.set_arm_index(arm.index());
  m.set_outcome(v1::OUTCOME_MEASURED);
  m.set_grade(v1::GRADE_A);
  m.set_kernel_used(kernel == "auto" ? "dense" : kernel);
  m.set_weight_bytes(format == "fp32" ? kDenseBytes : kPackedBytes);
  m.set_operations(uint64_t{2} * 4096 * 4096 * batch_);
  m.set_moved_bytes(4 * (uint64_t{4096} * 4096 + uint64_t{batch_} * (4096 + 4096)));
  m.mutable_summary()->set_median_seconds(seconds);
  m.mutable_summary()->set_median_low_seconds(seconds - half_width);
  m.mutable_summary()->set_median_high_seconds(seconds + half_width);
  m.set_host_median_seconds(seconds);
  if (role == v1::ARM_ROLE_CANDIDATE) {
    row.mutable_ratio()->set_ratio(seconds / rows[0].measurement().summary().median_seconds());
    row.mutable_ratio()->set_minimum_detectable_effect(0.01);
  }
  return row;
}

void LedgerBlock::AddParts(double dense, double unpack, double decode) {
  const auto add = [this](const std::string& format, const std::string& kernel, double seconds) {
    Add(v1::ARM_ROLE_ABLATION, format, kernel, seconds);
  };
  add("fp32", "ablation_launch", kLaunch);
  add("fp32", "ablation_dense", dense);
  add("fp32", "ablation_read", ReadSeconds(kDenseBytes));
  add("nf4", "ablation_read", ReadSeconds(kPackedBytes));
  add("nf4", "ablation_unpack", unpack);
  add("nf4", "ablation_decode", decode);
}

v1::ComparisonRow& LedgerBlock::At(const std::string& format, const std::string& kernel) {
  for (v1::ComparisonRow& row : rows) {
    if (row.arm().spec().format() == format && row.arm().spec().kernel() == kernel) return row;
  }
  ADD_FAILURE() << "no row of " << format << " " << kernel;
  return rows.front();
}

std::vector<v1::Ledger> LedgersOf(const std::vector<const LedgerBlock*>& blocks) {
  std::vector<const v1::ComparisonRow*> rows;
  for (const LedgerBlock* block : blocks) {
    for (const v1::ComparisonRow& row : block->rows) rows.push_back(&row);
  }
  return BuildLedgers(rows, {&blocks.front()->session});
}

v1::LedgerTerm TermOf(const v1::Ledger& ledger, v1::LedgerTermKind kind) {
  for (const v1::LedgerTerm& term : ledger.terms()) {
    if (term.kind() == kind) return term;
  }
  ADD_FAILURE() << "no term " << v1::LedgerTermKind_Name(kind);
  return {};
}

bool HasCause(const v1::Ledger& ledger, v1::LedgerCauseKind kind) {
  for (const v1::LedgerCause& cause : ledger.causes()) {
    if (cause.kind() == kind) return true;
  }
  return false;
}

}  // namespace quantfleet::analysis::synthetic
