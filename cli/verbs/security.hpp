// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "pki/authority.hpp"

// The verbs of security; exit codes as in verbs.hpp.
namespace quantfleet::cli {

// Offline, on the authority's folder.
struct PkiOptions {
  std::string folder = "quantfleet-pki";
  pki::IssueOptions issue;
  std::optional<int> days;
  bool finish = false;
  std::string which;  // serial or name to revoke
};
int PkiInit(const PkiOptions& options);
int PkiIssue(const PkiOptions& options);
int PkiRotate(const PkiOptions& options);
int PkiRevoke(const PkiOptions& options);

}  // namespace quantfleet::cli
