// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/scheduler/block_keys.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <set>

#include "base/digest.hpp"

namespace quantfleet::scheduler {
namespace {

constexpr size_t kMostBytes = 96;
constexpr size_t kDigestBytes = 32;

using Texts = std::set<std::string>;

std::string Join(const Texts& texts) {
  std::string joined;
  for (const std::string& text : texts) joined.append(joined.empty() ? "" : "+").append(text);
  return joined;
}

std::string Short(std::string text) {
  return text.size() <= kMostBytes ? text : Sha256Hex(text).substr(0, kDigestBytes);
}

std::string NumberText(double number) {
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%.3g", number);
  return buffer;
}

// Floor of the binary logarithm; -1 for 0.
int Bucket(uint64_t size) {
  return static_cast<int>(std::bit_width(size)) - 1;
}

std::string Named(const char* name, uint64_t size) {
  return name + std::to_string(Bucket(size));
}

std::string ShapeBuckets(const v1::ArmSpec& spec) {
  if (spec.has_linear()) {
    const v1::LinearShape& shape = spec.linear();
    return Named("n", shape.n()) + Named("k", shape.k()) + Named("b", shape.batch());
  }
  if (spec.has_attention()) {
    const v1::AttentionShape& shape = spec.attention();
    return Named("q", uint64_t{shape.query_heads()} * shape.head_dimension()) +
           Named("h", uint64_t{shape.key_value_heads()} * shape.head_dimension()) +
           Named("c", shape.context()) + Named("t", shape.query_tokens()) +
           Named("b", shape.batch()) + Named("w", shape.window());
  }
  const v1::MatrixShape& shape = spec.matrix();
  return Named("r", shape.rows()) + Named("c", shape.columns());
}

// Of weights the batch says nothing; of a cache it says how many there are.
std::string ShapeOfWeights(const v1::ArmSpec& spec) {
  const auto times = [](uint32_t a, uint32_t b) {
    return std::to_string(a) + "x" + std::to_string(b);
  };
  if (spec.has_linear()) return times(spec.linear().n(), spec.linear().k());
  if (spec.has_attention()) {
    const v1::AttentionShape& shape = spec.attention();
    return times(shape.key_value_heads(), shape.head_dimension()) + "x" +
           times(shape.context(), shape.batch());
  }
  return times(spec.matrix().rows(), spec.matrix().columns());
}

double ArmSeconds(const v1::MeasurePolicy& policy) {
  const double most = policy.max_seconds() > 0 ? policy.max_seconds() : 1;
  const double least = std::clamp(policy.min_seconds(), most / 1000, most);
  // Sampling ends anywhere between the two, by noise.
  return std::sqrt(least * most);
}

}  // namespace

std::string CostKeyOf(const v1::Block& block) {
  Texts workloads, shapes, formats;
  for (const v1::BlockArm& arm : block.arms()) {
    workloads.insert(arm.spec().workload());
    shapes.insert(ShapeBuckets(arm.spec()));
    const bool slow = arm.spec().kernel() == "reference";
    formats.insert(arm.spec().format() + (slow ? ":reference" : ""));
  }
  const std::string prior =
      std::to_string(block.arms_size()) + "x" + NumberText(ArmSeconds(block.policy()));
  const std::string rest = Join(workloads) + "/" + Join(shapes) + "/" + Join(formats) + "/" +
                           NumberText(block.policy().max_seconds()) + "s";
  const bool fits = prior.size() + 1 + rest.size() <= kMostBytes;
  return prior + "/" + (fits ? rest : Sha256Hex(rest).substr(0, kDigestBytes));
}

std::string WeightsKeyOf(const v1::Block& block) {
  Texts workloads, shapes, formats, seeds;
  for (const v1::BlockArm& arm : block.arms()) {
    // Parts of a product use the weights of the arm that they explain.
    if (arm.role() == v1::ARM_ROLE_ABLATION) continue;
    workloads.insert(arm.spec().workload());
    shapes.insert(ShapeOfWeights(arm.spec()));
    formats.insert(arm.spec().format());
    seeds.insert(std::to_string(arm.spec().seed()));
  }
  return Short(Join(workloads) + "/" + Join(shapes) + "/" + Join(seeds) + "/" + Join(formats));
}

Prior PriorOf(std::string_view cost_key) {
  const std::string_view first = cost_key.substr(0, cost_key.find('/'));
  const size_t times = first.find('x');
  Prior prior;
  if (times == std::string_view::npos) return prior;
  const auto read = [](std::string_view text, double* number) {
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool whole = error == std::errc() && end == text.data() + text.size();
    if (whole && std::isfinite(value) && value > 0) *number = value;
  };
  read(first.substr(0, times), &prior.arms);
  read(first.substr(times + 1), &prior.arm_seconds);
  return prior;
}

}  // namespace quantfleet::scheduler
