// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/matrix/expansion.hpp"

#include <charconv>
#include <set>
#include <utility>

#include <google/protobuf/util/json_util.h>
#include <nlohmann/json.hpp>

#include "base/digest.hpp"
#include "coordinator/matrix/ablation.hpp"
#include "coordinator/matrix/catalogue.hpp"
#include "coordinator/matrix/grid.hpp"

namespace quantfleet::matrix {
namespace {

// One run of all blocks: on a plain target, or on one device class of an `each` target.
struct Copy {
  const Target* target;
  scheduler::Requirement requirement;
};

std::string TextOf(const Combination& combination, const std::string& axis) {
  return combination.at(axis)->text;
}

uint32_t NumberOf(const Combination& combination, const std::string& axis) {
  return static_cast<uint32_t>(std::get<double>(combination.at(axis)->value));
}

v1::MatrixShape MakeMatrixShape(const Combination& combination) {
  v1::MatrixShape shape;
  const auto layer = combination.find("layer");
  if (layer != combination.end()) {
    const auto& weights = std::get<v1::LinearShape>(layer->second->value);
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
  const auto layer = combination.find("layer");
  if (layer != combination.end()) {
    shape = std::get<v1::AttentionShape>(layer->second->value);
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

v1::ArmSpec MakeSpec(const Matrix& matrix, const Combination& combination) {
  v1::ArmSpec spec;
  spec.set_workload(matrix.workload);
  spec.set_format(TextOf(combination, "format"));
  spec.set_cache(matrix.cache);
  spec.set_seed(matrix.seed);
  if (matrix.workload == "attention") {
    *spec.mutable_attention() = MakeAttentionShape(combination);
  } else if (IsConversion(matrix.workload)) {
    *spec.mutable_matrix() = MakeMatrixShape(combination);
  } else {
    *spec.mutable_linear() = std::get<v1::LinearShape>(combination.at("layer")->value);
    spec.mutable_linear()->set_batch(NumberOf(combination, "batch"));
  }
  return spec;
}

v1::BlockArm MakeArm(const Matrix& matrix, const Combination& combination,
                     const std::string& kernel, v1::ArmRole role) {
  v1::BlockArm arm;
  *arm.mutable_spec() = MakeSpec(matrix, combination);
  arm.mutable_spec()->set_kernel(kernel);
  arm.set_arm_id(ArmId(arm.spec()));
  arm.set_role(role);
  for (const auto& [axis, value] : combination) (*arm.mutable_labels())[axis] = value->text;
  (*arm.mutable_labels())["kernel"] = kernel;
  return arm;
}

v1::BlockArm MakeArm(const Matrix& matrix, uint64_t number, v1::ArmRole role) {
  const Combination combination = CombinationAt(matrix, number);
  return MakeArm(matrix, combination, TextOf(combination, "kernel"), role);
}

void AppendArm(v1::BlockArm arm, v1::Block* block) {
  arm.set_index(static_cast<uint32_t>(block->arms_size()));
  *block->add_arms() = std::move(arm);
}

v1::Block MakeBlock(const Matrix& matrix, const GridBlock& layout) {
  v1::Block block;
  v1::BlockArm baseline = MakeArm(matrix, layout.baseline.value(), v1::ARM_ROLE_BASELINE);
  v1::BlockArm null_arm = baseline;
  null_arm.set_role(v1::ARM_ROLE_NULL);
  AppendArm(std::move(baseline), &block);
  AppendArm(std::move(null_arm), &block);
  for (const uint64_t candidate : layout.candidates) {
    AppendArm(MakeArm(matrix, candidate, v1::ARM_ROLE_CANDIDATE), &block);
  }
  for (const Ablation& part : AblationsOf(matrix, layout)) {
    AppendArm(MakeArm(matrix, part.combination, part.kernel, v1::ARM_ROLE_ABLATION), &block);
  }
  *block.mutable_policy() = matrix.policy;
  return block;
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

std::string NoDevice(const Target& target, const std::vector<scheduler::DeviceFacts>& fleet) {
  std::string text = "target " + target.name + ": no device of the fleet matches";
  if (fleet.empty()) return text + " (there is none)";
  const std::string& name = fleet.front().device.name();
  text += " (" + (name.empty() ? fleet.front().device.uid() : name) + ": " +
          scheduler::WhyNot(target.where, fleet.front());
  if (fleet.size() > 1) text += "; " + std::to_string(fleet.size() - 1) + " more";
  return text + ")";
}

std::vector<Copy> CopiesOf(const Target& target, const std::vector<scheduler::DeviceFacts>& fleet,
                           Expansion* expansion) {
  std::set<std::string> classes;
  for (const scheduler::DeviceFacts& facts : fleet) {
    if (scheduler::Matches(target.where, facts)) classes.insert(facts.device.device_class());
  }
  if (classes.empty()) expansion->unmatched.push_back(NoDevice(target, fleet));
  if (!target.each_device_class) return {{&target, target.where}};
  std::vector<Copy> copies;
  for (const std::string& device_class : classes) {
    copies.push_back({&target, target.where});
    scheduler::Condition is_class;
    is_class.any_of = {device_class};
    copies.back().requirement.conditions["device_class"] = std::move(is_class);
  }
  return copies;
}

// As many of the copies as the limit on arms allows; says which targets fell short.
std::vector<Copy> PlanCopies(const Matrix& matrix, const std::vector<scheduler::DeviceFacts>& fleet,
                             Expansion* expansion) {
  std::vector<Copy> copies;
  uint64_t arms = 0;
  for (const Target& target : matrix.targets) {
    for (Copy& copy : CopiesOf(target, fleet, expansion)) {
      arms += matrix.arms_per_copy * matrix.repeat;
      if (arms > matrix.max_arms) {
        expansion->unmatched.push_back("target " + target.name + ": the fleet has so many device " +
                                       "classes that the matrix would have more than " +
                                       std::to_string(matrix.max_arms) + " arms");
        return copies;
      }
      copies.push_back(std::move(copy));
    }
  }
  return copies;
}

}  // namespace

Expansion ExpandMatrix(const Matrix& matrix, const std::vector<scheduler::DeviceFacts>& fleet) {
  Expansion expansion;
  const std::vector<Copy> copies = PlanCopies(matrix, fleet, &expansion);
  const Grid grid = LayOut(matrix);
  std::vector<v1::Block> blocks;
  for (const GridBlock& layout : grid.blocks) blocks.push_back(MakeBlock(matrix, layout));

  for (uint32_t repeat = 0; repeat < matrix.repeat; ++repeat) {
    for (const Copy& copy : copies) {
      for (const v1::Block& block : blocks) {
        PlannedBlock planned{block, copy.requirement};
        planned.block.set_order_seed(OrderSeed(block, repeat));
        planned.block.set_target(copy.target->name);
        planned.block.set_ordinal(static_cast<uint32_t>(expansion.blocks.size()));
        expansion.blocks.push_back(std::move(planned));
      }
    }
  }
  for (size_t i = 0; i < matrix.exclusions.size(); ++i) {
    expansion.exclusions.push_back(
        {matrix.exclusions[i].because, grid.excluded[i] * copies.size() * matrix.repeat});
  }
  return expansion;
}

std::string ArmId(const v1::ArmSpec& spec) {
  std::string json;
  QF_CHECK(google::protobuf::util::MessageToJsonString(spec, &json).ok());
  // nlohmann sorts keys and writes no white space: the canonical form of arm.proto.
  const nlohmann::json canonical = nlohmann::json::parse(json);
  return Sha256Hex(canonical.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

}  // namespace quantfleet::matrix
