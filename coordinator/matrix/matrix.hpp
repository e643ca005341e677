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
  size_t max_document_bytes = 256 * 1024;
  int max_nesting = 32;
  size_t max_nodes = 20000;
  uint64_t max_arms = 1000000;  // over all blocks and targets, the null arms included
};

// Where blocks run: a requirement of its own, or one run on each distinct device class of the
// fleet.
struct Target {
  std::string name;
  bool each_device_class = false;
  scheduler::Requirement where;  // also narrows `each`
};

// A value of an axis as written, with what it stands for.
struct AxisValue {
  std::string text;  // for labels: "gpt2/mlp.c_fc", "16", "n=4096,k=14336"
  std::variant<std::string, double, v1::LinearShape> value;  // of a shape only n and k are set
};

// A parsed, checked matrix: every key known, every value in range, arms counted. Opaque parts live
// in the .cpp.
struct Matrix;

// A matrix, or at least one diagnostic, in order of place.
struct ParseOutcome {
  std::shared_ptr<const Matrix> matrix;  // null if there are diagnostics
  std::vector<Diagnostic> diagnostics;
};

// Parses one YAML document of version 1. Never throws, never recurses without bound, never expands
// beyond `limits`. Aliases, anchors, tags, duplicate and unknown keys are diagnostics.
ParseOutcome ParseMatrix(std::string_view document, std::string_view file_name,
                         const Limits& limits = {});

}  // namespace quantfleet::matrix
