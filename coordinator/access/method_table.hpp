// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

#include "coordinator/access/role.hpp"

namespace google::protobuf {
class Descriptor;
}

namespace quantfleet::access {

// Who may call a method.
struct MethodRule {
  std::string_view method;    // "/quantfleet.v1.MatrixService/SubmitMatrix"
  std::optional<Role> least;  // of people the least role; kAgent: agents alone; none: anybody,
                              // who then shows a secret in the request
  size_t most_request_bytes = 0;
};

// The one table. A method that is not in it is served to nobody.
std::span<const MethodRule> MethodRules();
// Null if the table lacks it.
const MethodRule* FindRule(std::string_view method);
// The rule of the method that takes this request (each request belongs to one method, see
// proto/README.md). Null if the table lacks it.
const MethodRule* RuleOf(const google::protobuf::Descriptor* request);

// True if `role` is enough for `rule`, which has one.
bool Permits(const MethodRule& rule, Role role);

}  // namespace quantfleet::access
