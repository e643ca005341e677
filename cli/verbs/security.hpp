// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "cli/verbs/verbs.hpp"
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

// On a coordinator.
struct TokenOptions {
  std::string name;  // principal or agent; of revoke: the token's id
  std::string role;
  std::optional<double> hours;
  std::optional<unsigned> max_running_matrices;
  std::optional<unsigned long> max_running_arms;
  std::optional<double> weight;
};
// Prints the secret alone on stdout, so that it can go straight into a file.
int TokenCreate(const Common& common, const TokenOptions& options);
int TokenList(const Common& common);
int TokenRevoke(const Common& common, const std::string& token_id);
int AgentRevoke(const Common& common, const std::string& agent);
int ShowAudit(const Common& common, unsigned count);

}  // namespace quantfleet::cli
