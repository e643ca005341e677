// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/matrix/grid/making.hpp"

#include <charconv>
#include <string>

#include "base/digest.hpp"
#include "coordinator/matrix/canonical.hpp"
#include "coordinator/matrix/catalogue.hpp"
#include "coordinator/matrix/grid/ablation.hpp"

namespace quantfleet::matrix {
namespace {

uint32_t NumberOf(const Combination& combination, std::string_view axis) {
  return static_cast<uint32_t>(std::get<double>(combination.at(axis).value));
}

v1::MatrixShape MakeMatrixShape(const Combination& combination) {
  v1::MatrixShape shape;
  if (const AxisValue* layer = combination.Find("layer")) {
    const auto& weights = std::get<v1::LinearShape>(layer->value);
    shape.set_rows(weights.n());
    shape.set_columns(weights.k());
  } else {
    shape.set_rows(NumberOf(combination, "rows"));
    shape.set_columns(NumberOf(combination, "columns"));
  }
  return shape;
}

v1::AttentionShape MakeAttentionShape(const Combination& combination) {
  v1::AttentionShape shape;
  if (const AxisValue* layer = combination.Find("layer")) {
    shape = std::get<v1::AttentionShape>(layer->value);
  } else {
    shape.set_query_heads(NumberOf(combination, "query_heads"));
    shape.set_key_value_heads(NumberOf(combination, "key_value_heads"));
    shape.set_head_dimension(NumberOf(combination, "head_dimension"));
  }
  // Also of a layer that has a window of its own.
  if (combination.contains("window")) shape.set_window(NumberOf(combination, "window"));
  shape.set_batch(NumberOf(combination, "batch"));
  shape.set_context(NumberOf(combination, "context"));
  shape.set_query_tokens(NumberOf(combination, "query_tokens"));
  return shape;
}

void FillSpec(const Matrix& matrix, const Combination& combination, v1::ArmSpec* spec) {
  spec->set_workload(matrix.workload);
  spec->set_format(combination.at("format").text);
  spec->set_cache(matrix.cache);
  spec->set_seed(matrix.seed);
  if (matrix.workload == "attention") {
    *spec->mutable_attention() = MakeAttentionShape(combination);
  } else if (IsConversion(matrix.workload)) {
    *spec->mutable_matrix() = MakeMatrixShape(combination);
  } else {
    *spec->mutable_linear() = std::get<v1::LinearShape>(combination.at("layer").value);
    spec->mutable_linear()->set_batch(NumberOf(combination, "batch"));
  }
}

// Appends an arm to `block`.
void AddArm(const Matrix& matrix, const Combination& combination, const std::string& kernel,
            v1::ArmRole role, v1::Block* block) {
  const auto index = static_cast<uint32_t>(block->arms_size());
  v1::BlockArm* arm = block->add_arms();
  arm->set_index(index);
  FillSpec(matrix, combination, arm->mutable_spec());
  arm->mutable_spec()->set_kernel(kernel);
  arm->set_arm_id(ArmId(arm->spec()));
  arm->set_role(role);
  auto& labels = *arm->mutable_labels();
  for (const auto& [axis, value] : combination) labels[*axis] = value->text;
  labels["kernel"] = kernel;
}

// Equal arms are visited in equal orders on every device, and in another order by each repeat.
uint32_t OrderSeed(const v1::Block& block, uint32_t repeat) {
  Sha256 digest;
  for (const v1::BlockArm& arm : block.arms()) digest.Update(arm.arm_id() + "\n");
  if (repeat > 0) digest.Update("repeat " + std::to_string(repeat));
  const std::string hex = digest.FinishHex();
  uint32_t seed = 0;
  std::from_chars(hex.data(), hex.data() + 8, seed, 16);
  return seed;
}

}  // namespace

v1::Block MakeBlock(const Matrix& matrix, const std::vector<Combination>& arms, uint32_t repeat) {
  v1::Block block;
  const auto add = [&](const Combination& arm, v1::ArmRole role) {
    AddArm(matrix, arm, arm.at("kernel").text, role, &block);
  };
  add(arms.front(), v1::ARM_ROLE_BASELINE);
  v1::BlockArm* null_arm = block.add_arms();
  *null_arm = block.arms(0);
  null_arm->set_index(1);
  null_arm->set_role(v1::ARM_ROLE_NULL);
  for (size_t i = 1; i < arms.size(); ++i) add(arms[i], v1::ARM_ROLE_CANDIDATE);
  for (const Ablation& part : AblationsOf(matrix, arms)) {
    AddArm(matrix, part.combination, part.kernel, v1::ARM_ROLE_ABLATION, &block);
  }
  *block.mutable_policy() = matrix.policy;
  block.set_order_seed(OrderSeed(block, repeat));
  return block;
}

}  // namespace quantfleet::matrix
