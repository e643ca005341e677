// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/coordinator/matrix/plain_expansion.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>
#include <utility>

#include <google/protobuf/message.h>
#include <google/protobuf/util/json_util.h>
#include <nlohmann/json.hpp>

#include "base/digest.hpp"
#include "coordinator/matrix/catalogue.hpp"

namespace quantfleet::matrix {
namespace {

using PlainCombination = std::map<std::string, const AxisValue*>;

struct PlainBlock {
  std::optional<uint64_t> baseline;
  std::vector<uint64_t> candidates;
};

struct PlainAblation {
  PlainCombination combination;
  std::string kernel;
};

bool RuleHolds(const ExclusionRule& rule, const PlainCombination& combination) {
  return std::all_of(rule.when.begin(), rule.when.end(), [&](const auto& entry) {
    const AxisValue& value = *combination.at(entry.first);
    const double* number = std::get_if<double>(&value.value);
    return scheduler::Holds(entry.second, value.text,
                            number ? std::optional<double>(*number) : std::nullopt);
  });
}

bool IsBaseline(const Matrix& matrix, const PlainCombination& combination) {
  return std::all_of(matrix.baseline.begin(), matrix.baseline.end(), [&](const auto& entry) {
    return combination.at(entry.first)->text == entry.second;
  });
}

uint64_t CountAll(const Matrix& matrix) {
  uint64_t count = 1;
  for (const AxisGroup& group : matrix.groups) count *= group.points.size();
  return count;
}

// Equal for the combinations of one block.
std::string BlockKey(const Matrix& matrix, const PlainCombination& combination) {
  std::string key;
  for (const auto& [axis, value] : combination) {
    if (!matrix.baseline.contains(axis)) key += value->text + '\n';
  }
  return key;
}

PlainCombination CombinationAt(const Matrix& matrix, uint64_t number) {
  PlainCombination combination;
  for (auto group = matrix.groups.rbegin(); group != matrix.groups.rend(); ++group) {
    const std::vector<AxisValue>& point = group->points[number % group->points.size()];
    number /= group->points.size();
    for (size_t i = 0; i < group->axes.size(); ++i) combination[group->axes[i]] = &point[i];
  }
  return combination;
}

std::optional<size_t> FindExcluding(const Matrix& matrix, const PlainCombination& combination) {
  for (size_t i = 0; i < matrix.exclusions.size(); ++i) {
    if (RuleHolds(matrix.exclusions[i], combination)) return i;
  }
  return std::nullopt;
}

std::vector<PlainBlock> LayOut(const Matrix& matrix) {
  std::vector<PlainBlock> blocks;
  const uint64_t total = CountAll(matrix);
  std::unordered_map<std::string, size_t> block_of_key;
  for (uint64_t number = 0; number < total; ++number) {
    const PlainCombination combination = CombinationAt(matrix, number);
    if (FindExcluding(matrix, combination)) continue;
    const auto [entry, fresh] = block_of_key.emplace(BlockKey(matrix, combination), blocks.size());
    if (fresh) blocks.emplace_back();
    PlainBlock& block = blocks[entry->second];
    if (IsBaseline(matrix, combination)) {
      block.baseline = number;
    } else {
      block.candidates.push_back(number);
    }
  }
  return blocks;
}

std::vector<PlainAblation> PlainAblationsOf(const Matrix& matrix, const PlainBlock& block) {
  std::vector<PlainAblation> ablations;
  if (!matrix.explain) return ablations;
  std::vector<uint64_t> numbers = {block.baseline.value()};
  numbers.insert(numbers.end(), block.candidates.begin(), block.candidates.end());
  const AxisValue* const baseline_format = CombinationAt(matrix, numbers.front()).at("format");
  std::set<std::string> shapes, packed;
  for (const uint64_t number : numbers) {
    const PlainCombination combination = CombinationAt(matrix, number);
    const std::string shape =
        combination.at("layer")->text + '\n' + combination.at("batch")->text + '\n';
    if (shapes.insert(shape).second) {
      PlainCombination dense = combination;
      dense["format"] = baseline_format;
      ablations.push_back({dense, "ablation_launch"});
      ablations.push_back({dense, "ablation_dense"});
    }
    const std::string& format = combination.at("format")->text;
    if (!packed.insert(shape + format).second) continue;
    ablations.push_back({combination, "ablation_read"});
    if (format == "fp32") continue;
    ablations.push_back({combination, "ablation_unpack"});
    ablations.push_back({combination, "ablation_decode"});
  }
  return ablations;
}

std::string TextOf(const PlainCombination& combination, const std::string& axis) {
  return combination.at(axis)->text;
}

// A field of `shape` with the name of an axis gets the axis's number.
void SetByName(const PlainCombination& combination, google::protobuf::Message* shape) {
  for (const auto& [axis, value] : combination) {
    const auto* field = shape->GetDescriptor()->FindFieldByName(axis);
    const double* number = std::get_if<double>(&value->value);
    if (field == nullptr || number == nullptr) continue;
    shape->GetReflection()->SetUInt32(shape, field, static_cast<uint32_t>(*number));
  }
}

void SetShape(const PlainCombination& combination, v1::ArmSpec* spec) {
  const auto layer = combination.find("layer");
  const AxisValue* const model = layer == combination.end() ? nullptr : layer->second;
  if (spec->workload() == "attention") {
    if (model != nullptr) *spec->mutable_attention() = std::get<v1::AttentionShape>(model->value);
    return SetByName(combination, spec->mutable_attention());
  }
  v1::LinearShape weights;
  if (model != nullptr) weights = std::get<v1::LinearShape>(model->value);
  if (IsConversion(spec->workload())) {
    spec->mutable_matrix()->set_rows(weights.n());
    spec->mutable_matrix()->set_columns(weights.k());
    return SetByName(combination, spec->mutable_matrix());
  }
  *spec->mutable_linear() = weights;
  SetByName(combination, spec->mutable_linear());
}

v1::ArmSpec MakeSpec(const Matrix& matrix, const PlainCombination& combination) {
  v1::ArmSpec spec;
  spec.set_workload(matrix.workload);
  spec.set_format(TextOf(combination, "format"));
  spec.set_cache(matrix.cache);
  spec.set_seed(matrix.seed);
  SetShape(combination, &spec);
  return spec;
}

v1::BlockArm MakeArm(const Matrix& matrix, const PlainCombination& combination,
                     const std::string& kernel, v1::ArmRole role) {
  v1::BlockArm arm;
  *arm.mutable_spec() = MakeSpec(matrix, combination);
  arm.mutable_spec()->set_kernel(kernel);
  arm.set_arm_id(Sha256Hex(PlainCanonicalJson(arm.spec())));
  arm.set_role(role);
  for (const auto& [axis, value] : combination) (*arm.mutable_labels())[axis] = value->text;
  (*arm.mutable_labels())["kernel"] = kernel;
  return arm;
}

v1::BlockArm MakeArm(const Matrix& matrix, uint64_t number, v1::ArmRole role) {
  const PlainCombination combination = CombinationAt(matrix, number);
  return MakeArm(matrix, combination, TextOf(combination, "kernel"), role);
}

void AppendArm(v1::BlockArm arm, v1::Block* block) {
  arm.set_index(static_cast<uint32_t>(block->arms_size()));
  *block->add_arms() = std::move(arm);
}

v1::Block MakeBlock(const Matrix& matrix, const PlainBlock& layout) {
  v1::Block block;
  v1::BlockArm baseline = MakeArm(matrix, layout.baseline.value(), v1::ARM_ROLE_BASELINE);
  v1::BlockArm null_arm = baseline;
  null_arm.set_role(v1::ARM_ROLE_NULL);
  AppendArm(std::move(baseline), &block);
  AppendArm(std::move(null_arm), &block);
  for (const uint64_t candidate : layout.candidates) {
    AppendArm(MakeArm(matrix, candidate, v1::ARM_ROLE_CANDIDATE), &block);
  }
  for (const PlainAblation& part : PlainAblationsOf(matrix, layout)) {
    AppendArm(MakeArm(matrix, part.combination, part.kernel, v1::ARM_ROLE_ABLATION), &block);
  }
  *block.mutable_policy() = matrix.policy;
  return block;
}

// Equal arms are visited in equal orders on every device, and in another order by each repeat.
uint32_t OrderSeed(const v1::Block& block, uint32_t repeat) {
  std::string ids;
  for (const v1::BlockArm& arm : block.arms()) ids += arm.arm_id() + "\n";
  if (repeat > 0) ids += "repeat " + std::to_string(repeat);
  return static_cast<uint32_t>(std::stoul(Sha256Hex(ids).substr(0, 8), nullptr, 16));
}

}  // namespace

std::vector<v1::Block> ExpandPlainly(const Matrix& matrix, const std::string& target) {
  std::vector<v1::Block> blocks;
  for (uint32_t repeat = 0; repeat < matrix.repeat; ++repeat) {
    for (const PlainBlock& layout : LayOut(matrix)) {
      v1::Block block = MakeBlock(matrix, layout);
      block.set_order_seed(OrderSeed(block, repeat));
      block.set_target(target);
      block.set_ordinal(static_cast<uint32_t>(blocks.size()));
      blocks.push_back(std::move(block));
    }
  }
  return blocks;
}

std::string PlainCanonicalJson(const v1::ArmSpec& spec) {
  std::string json;
  QF_CHECK(google::protobuf::util::MessageToJsonString(spec, &json).ok());
  const nlohmann::json canonical = nlohmann::json::parse(json);
  return canonical.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace quantfleet::matrix
