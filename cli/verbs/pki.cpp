// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include <cstdio>

#include "cli/output.hpp"
#include "cli/verbs/security.hpp"
#include "pki/issuer.hpp"

namespace quantfleet::cli {

int PkiInit(const PkiOptions& options) {
  if (const Status made = pki::InitAuthority(options.folder); !made.ok()) return Fail(made);
  std::printf("authority in %s; keep ca.key off the servers\n", options.folder.c_str());
  return 0;
}

int PkiIssue(const PkiOptions& options) {
  pki::IssueOptions issue = options.issue;
  if (options.days) issue.valid_seconds = *options.days * pki::kDaySeconds;
  const auto folder = pki::IssueInto(options.folder, issue);
  if (!folder.ok()) return Fail(folder.status());
  std::printf("%s\n", folder->c_str());
  return 0;
}

int PkiRotate(const PkiOptions& options) {
  const Status done =
      options.finish ? pki::FinishRotation(options.folder) : pki::RotateAuthority(options.folder);
  if (!done.ok()) return Fail(done);
  std::printf("%s\n", options.finish ? "only the newest authority is trusted now"
                                     : "a new authority signs; give ca.crt, ca.crl and agents.* to "
                                       "the coordinators, then issue anew");
  return 0;
}

int PkiRevoke(const PkiOptions& options) {
  const auto found = pki::Revoke(options.folder, options.which);
  if (!found.ok()) return Fail(found.status());
  std::printf("%d revoked; give %s/ca.crl to the coordinators\n", *found, options.folder.c_str());
  return 0;
}

}  // namespace quantfleet::cli
