// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "coordinator/matrix/catalogue.hpp"
#include "coordinator/matrix/document.hpp"
#include "coordinator/scheduler/requirement.hpp"

namespace quantfleet::matrix {

// What a condition is about.
struct Subject {
  std::string name;                        // for messages ("batch")
  bool number = false;                     // takes lt, le, gt, ge; else texts and globs
  bool bounds_only = false;                // a number that is never exactly anything
  const Vocabulary* vocabulary = nullptr;  // words that texts without a glob must be among
  std::string unit = "";                   // of a number, for hints ("GiB")
};

// Reads a value, a list (any of), or a map of {lt, le, gt, ge, not, glob}. Nothing after a report.
std::optional<scheduler::Condition> ReadCondition(const YamlNode& node, const Subject& subject,
                                                  Report* report);

// Reads `exclude` of a matrix of `workload` into rules.
std::vector<ExclusionRule> ReadExclusions(const std::string& workload, const YamlNode& node,
                                          Report* report);

}  // namespace quantfleet::matrix
