// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace quantfleet::access {

// What a caller may do. Of people each may do what the one before may, and more; an agent does what
// only agents do, and nothing else.
enum class Role { kViewer, kSubmitter, kOperator, kAdmin, kAgent };

// "viewer", "submitter", "operator", "admin", "agent".
std::string_view RoleName(Role role);
std::optional<Role> ParseRole(std::string_view name);

// Who makes a change, for ownership and the audit. By default whoever sits at the machine.
struct Actor {
  std::string principal = "local";
  Role role = Role::kAdmin;
  std::string peer = "local";  // "ipv4:10.0.0.7"
  // Of the call, as log lines have it; empty outside of one.
  std::string request_id = {};
};

// True if `actor` may touch what `owner` submitted: a submitter may its own, an operator all.
bool MayTouch(const Actor& actor, std::string_view owner);

// Names of principals and agents: 1 to 64 of a-z A-Z 0-9 . - _, as in certificates.
bool IsName(std::string_view name);

}  // namespace quantfleet::access
