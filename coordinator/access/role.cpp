// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/access/role.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

namespace quantfleet::access {
namespace {

constexpr std::array<std::pair<Role, std::string_view>, 5> kNames = {
    {{Role::kViewer, "viewer"},
     {Role::kSubmitter, "submitter"},
     {Role::kOperator, "operator"},
     {Role::kAdmin, "admin"},
     {Role::kAgent, "agent"}}};
constexpr size_t kMostNameBytes = 64;

}  // namespace

std::string_view RoleName(Role role) {
  return kNames.at(static_cast<size_t>(role)).second;
}

std::optional<Role> ParseRole(std::string_view name) {
  for (const auto& [role, known] : kNames) {
    if (known == name) return role;
  }
  return std::nullopt;
}

bool MayTouch(const Actor& actor, std::string_view owner) {
  if (actor.role == Role::kOperator || actor.role == Role::kAdmin) return true;
  return actor.role == Role::kSubmitter && actor.principal == owner;
}

bool IsName(std::string_view name) {
  const bool plain = std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '.' || c == '-' || c == '_';
  });
  return plain && !name.empty() && name.size() <= kMostNameBytes && name.front() != '.';
}

}  // namespace quantfleet::access
