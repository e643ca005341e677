// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "coordinator/matrix/diagnostic.hpp"
#include "coordinator/scheduler/requirement.hpp"

#include "quantfleet/v1/arm.pb.h"

namespace quantfleet::matrix {

// Bounds on what a file may ask for; each violation is one diagnostic. Configurable, with these
// defaults.
struct Limits {
  size_t max_document_bytes = size_t{256} * 1024;
  int max_nesting = 32;
  size_t max_nodes = 20000;
  uint64_t max_arms = 1000000;  // over all blocks and targets, null and ablation arms included
};

// Where blocks run: a requirement of its own, or one run on each distinct device class of the
// fleet.
struct Target {
  std::string name;
  bool each_device_class = false;
  // Device classes that first connect at most so long after the submission get their run, too.
  // Seconds; 0: only those present when the matrix is submitted. Only with each_device_class.
  double join_seconds = 0;
  scheduler::Requirement where;  // also narrows `each`
};

// A value of an axis as written, with what it stands for.
struct AxisValue {
  std::string text;  // for labels: "gpt2/mlp.c_fc", "16", "n=4096,k=14336"
  // Of a LinearShape only n and k are set, of an AttentionShape heads and window.
  std::variant<std::string, double, v1::LinearShape, v1::AttentionShape> value;
};

// Axes that advance together; a plain axis is a group of its own.
struct AxisGroup {
  std::vector<std::string> axes;               // as AxisNames names them
  std::vector<std::vector<AxisValue>> points;  // each has one value an axis, in order of `axes`
};

// Combinations that are left out: those that meet every condition.
struct ExclusionRule {
  std::map<std::string, scheduler::Condition> when;  // axis to condition on its value
  std::string because;
};

// A search for crossovers: points of `axis` that are added to those of the file as results come in.
struct Search {
  std::string axis;         // one of `groups`, alone in its group, not compared
  uint32_t resolution = 1;  // of the axis's values
  uint32_t max_points = 8;  // added to a curve
};

// A parsed, checked matrix: every key known, every value in range, arms counted, and every block
// has its baseline. Only ParseMatrix makes one.
struct Matrix {
  std::string name;
  std::string workload;                         // "linear", "quantize", "dequantize"
  uint32_t seed = 0;                            // ArmSpec.seed of every arm
  std::string cache;                            // ArmSpec.cache of every arm
  std::vector<AxisGroup> groups;                // ordered as AxisNames orders their first axes
  std::vector<ExclusionRule> exclusions;        // in file order
  std::map<std::string, std::string> baseline;  // compared axis to the text of its value
  std::vector<Target> targets;                  // at least one
  v1::MeasurePolicy policy;
  std::optional<Search> search;
  uint32_t repeat = 1;                      // times that every block is made
  uint32_t priority = 0;                    // 0 to 9
  bool explain = false;                     // blocks get ablation arms
  uint64_t max_arms = 0;                    // Limits.max_arms it was parsed with
  uint64_t blocks_per_copy = 0;             // blocks of one target (or device class), once
  uint64_t arms_per_copy = 0;               // their arms, null and ablation arms included
  std::vector<uint64_t> excluded_per_copy;  // combinations left out by each of `exclusions`
};

// A matrix, or at least one diagnostic, in order of place.
struct ParseOutcome {
  std::shared_ptr<const Matrix> matrix;  // null if there are diagnostics
  std::vector<Diagnostic> diagnostics;   // at most Report::kMaxDiagnostics
};

// Parses one YAML document of version 1. Never throws, never recurses without bound, never expands
// beyond `limits`. Aliases, anchors, tags, duplicate and unknown keys are diagnostics.
ParseOutcome ParseMatrix(std::string_view document, std::string_view file_name,
                         const Limits& limits = {});

}  // namespace quantfleet::matrix
