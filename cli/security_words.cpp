// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "cli/security_words.hpp"

#include <memory>

#include <CLI/CLI.hpp>

#include "cli/verbs/security.hpp"

namespace quantfleet::cli {
namespace {

CLI::App* Word(CLI::App& above, const std::string& name, const std::string& help,
               std::function<int()>& verb, std::function<int()> run) {
  CLI::App* word = above.add_subcommand(name, help);
  word->final_callback([&verb, run = std::move(run)] { verb = run; });
  return word;
}

void AddPki(CLI::App& app, std::function<int()>& verb) {
  const auto options = std::make_shared<PkiOptions>();
  CLI::App* pki = app.add_subcommand("pki", "Make and revoke certificates, offline");
  pki->require_subcommand(1);
  pki->add_option("--dir", options->folder, "Folder of the authority")
      ->envname("QUANTFLEET_PKI")
      ->capture_default_str();
  Word(*pki, "init", "Make an authority", verb, [options] {
    return PkiInit(*options);
  })->fallthrough();
  CLI::App* issue = Word(*pki, "issue", "Make a key and a certificate for it", verb,
                         [options] { return PkiIssue(*options); });
  issue->fallthrough();
  issue
      ->add_option("role", options->issue.subject.role,
                   "server, agent, viewer, submitter, operator or admin")
      ->required();
  issue->add_option("name", options->issue.subject.name, "Host, agent or person")->required();
  issue->add_option("--host", options->issue.hosts, "Further name or address of a server; repeat");
  issue
      ->add_option("--days", options->days,
                   "Validity; default: an agent 1, people 90, a server 365")
      ->check(CLI::Range(1, 3650));
  issue->add_option("--out", options->issue.out, "Folder to fill; default: NAME below --dir");
  CLI::App* rotate = Word(*pki, "rotate", "Sign with a new authority from now on", verb,
                          [options] { return PkiRotate(*options); });
  rotate->fallthrough();
  rotate->add_flag("--finish", options->finish, "Trust the old ones no longer");
  CLI::App* revoke = Word(*pki, "revoke", "Put certificates on the revocation list", verb,
                          [options] { return PkiRevoke(*options); });
  revoke->fallthrough();
  revoke->add_option("which", options->which, "Serial, or name for all of its certificates")
      ->required();
}

}  // namespace

void AddSecurityVerbs(CLI::App& app, Common&, std::function<int()>& verb) {
  AddPki(app, verb);
}

}  // namespace quantfleet::cli
