// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/matrix/expansion.hpp"

#include <set>
#include <utility>

#include "coordinator/matrix/grid/ablation.hpp"
#include "coordinator/matrix/grid/grid.hpp"
#include "coordinator/matrix/grid/making.hpp"

namespace quantfleet::matrix {
namespace {

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
  copies.reserve(classes.size());
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
  if (matrix.search) plan.search_axis = matrix.search->axis;
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

uint64_t BlockMaker::OrdinalOf(uint64_t number) const {
  return layout_->PlaceOf(number).ordinal;
}

v1::Block BlockMaker::At(uint64_t number) const {
  const Grid& grid = layout_->grid;
  const Layout::Place place = layout_->PlaceOf(number);
  v1::Block block = MakeBlock(*layout_->matrix, ArmsOf(grid, grid.At(number % grid.size())),
                              static_cast<uint32_t>(place.repeat));
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
