// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/matrix/expansion.hpp"

#include <charconv>
#include <set>
#include <utility>

#include "base/digest.hpp"
#include "coordinator/matrix/catalogue.hpp"
#include "coordinator/matrix/grid/ablation.hpp"
#include "coordinator/matrix/grid/grid.hpp"

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

v1::Block MakeBlock(const Matrix& matrix, const Grid& grid, const GridBlock& layout) {
  v1::Block block;
  const auto add = [&](uint64_t number, v1::ArmRole role) {
    const Combination combination = grid.CombinationAt(number);
    AddArm(matrix, combination, combination.at("kernel").text, role, &block);
  };
  add(layout.baseline.value(), v1::ARM_ROLE_BASELINE);
  v1::BlockArm* null_arm = block.add_arms();
  *null_arm = block.arms(0);
  null_arm->set_index(1);
  null_arm->set_role(v1::ARM_ROLE_NULL);
  for (const uint64_t candidate : layout.candidates) add(candidate, v1::ARM_ROLE_CANDIDATE);
  for (const Ablation& part : AblationsOf(matrix, grid, layout)) {
    AddArm(matrix, part.combination, part.kernel, v1::ARM_ROLE_ABLATION, &block);
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
                           Plan* plan) {
  std::set<std::string> classes;
  for (const scheduler::DeviceFacts& facts : fleet) {
    if (scheduler::Matches(target.where, facts)) classes.insert(facts.device.device_class());
  }
  if (classes.empty()) plan->unmatched.push_back(NoDevice(target, fleet));
  if (!target.each_device_class) return {{target.name, target.where, ""}};
  std::vector<Copy> copies;
  for (const std::string& device_class : classes) {
    copies.push_back({target.name, OfClass(target.where, device_class), device_class});
  }
  return copies;
}

// As many of the copies as the limit on arms allows; says which targets fell short.
std::vector<Copy> PlanCopies(const Matrix& matrix, const std::vector<scheduler::DeviceFacts>& fleet,
                             Plan* plan) {
  std::vector<Copy> copies;
  uint64_t arms = 0;
  for (const Target& target : matrix.targets) {
    for (Copy& copy : CopiesOf(target, fleet, plan)) {
      arms += matrix.arms_per_copy * matrix.repeat;
      if (arms > matrix.max_arms) {
        plan->unmatched.push_back("target " + target.name + ": the fleet has so many device " +
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

scheduler::Requirement OfClass(scheduler::Requirement where, const std::string& device_class) {
  scheduler::Condition is_class;
  is_class.any_of = {device_class};
  where.conditions["device_class"] = std::move(is_class);
  return where;
}

Plan PlanMatrix(const Matrix& matrix, const std::vector<scheduler::DeviceFacts>& fleet) {
  Plan plan;
  plan.copies = PlanCopies(matrix, fleet, &plan);
  plan.blocks_per_copy = matrix.blocks_per_copy * matrix.repeat;
  plan.arms_per_copy = matrix.arms_per_copy * matrix.repeat;
  plan.max_arms = matrix.max_arms;
  for (const Target& target : matrix.targets) {
    if (target.join_seconds > 0) {
      plan.joins.push_back({target.name, target.where, target.join_seconds});
    }
  }
  const uint64_t runs = plan.copies.size() * matrix.repeat;
  plan.blocks = matrix.blocks_per_copy * runs;
  plan.arms = matrix.arms_per_copy * runs;
  for (size_t i = 0; i < matrix.exclusions.size(); ++i) {
    plan.exclusions.push_back({matrix.exclusions[i].because, matrix.excluded_per_copy[i] * runs});
  }
  return plan;
}

std::vector<std::string> Plan::TargetNames() const {
  std::vector<std::string> names;
  for (const Copy& copy : copies) names.push_back(copy.target);
  return names;
}

struct BlockMaker::Layout {
  Layout(std::shared_ptr<const Matrix> of, std::vector<std::string> names,
         std::vector<uint64_t> ordinals)
      : matrix(std::move(of)),
        grid(*matrix),
        targets(std::move(names)),
        joined(std::move(ordinals)),
        present(targets.size() - joined.size()),
        blocks_present(grid.size() * present * matrix->repeat) {}

  // A block's place.
  struct Place {
    size_t copy = 0;
    uint64_t repeat = 0;
    uint64_t ordinal = 0;
  };
  Place PlaceOf(uint64_t number) const {
    if (number < blocks_present) {
      const uint64_t run = number / grid.size();
      return {static_cast<size_t>(run % present), run / present, number};
    }
    const uint64_t behind = number - blocks_present;
    const uint64_t a_copy = grid.size() * matrix->repeat;
    const uint64_t within = behind % a_copy;
    return {static_cast<size_t>(present + behind / a_copy), within / grid.size(),
            joined[behind / a_copy] + within};
  }

  std::shared_ptr<const Matrix> matrix;
  Grid grid;
  std::vector<std::string> targets;
  std::vector<uint64_t> joined;
  uint64_t present;         // copies of the submission
  uint64_t blocks_present;  // of those
};

BlockMaker::BlockMaker(std::shared_ptr<const Matrix> matrix, std::vector<std::string> targets,
                       std::vector<uint64_t> joined)
    : layout_(std::make_unique<Layout>(std::move(matrix), std::move(targets), std::move(joined))) {}
BlockMaker::~BlockMaker() = default;

uint64_t BlockMaker::size() const {
  return layout_->grid.size() * layout_->targets.size() * layout_->matrix->repeat;
}

size_t BlockMaker::copies() const {
  return layout_->targets.size();
}

size_t BlockMaker::CopyOf(uint64_t number) const {
  return layout_->PlaceOf(number).copy;
}

v1::Block BlockMaker::At(uint64_t number) const {
  const Grid& grid = layout_->grid;
  const Layout::Place place = layout_->PlaceOf(number);
  v1::Block block = MakeBlock(*layout_->matrix, grid, grid.At(number % grid.size()));
  block.set_order_seed(OrderSeed(block, static_cast<uint32_t>(place.repeat)));
  block.set_target(layout_->targets[place.copy]);
  block.set_ordinal(static_cast<uint32_t>(place.ordinal));
  return block;
}

Expansion ExpandMatrix(const Matrix& matrix, const std::vector<scheduler::DeviceFacts>& fleet) {
  Plan plan = PlanMatrix(matrix, fleet);
  Expansion expansion{{}, std::move(plan.exclusions), std::move(plan.unmatched)};
  // Not kept longer than the caller's matrix.
  const BlockMaker maker({std::shared_ptr<const Matrix>(), &matrix}, plan.TargetNames());
  expansion.blocks.reserve(plan.blocks);
  for (uint64_t i = 0; i < plan.blocks; ++i) {
    expansion.blocks.push_back({maker.At(i), plan.copies[maker.CopyOf(i)].requirement});
  }
  return expansion;
}

}  // namespace quantfleet::matrix
