// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "cli/security_words.hpp"

#include <map>
#include <memory>
#include <string>

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

void AddTokens(CLI::App& app, Common& common, std::function<int()>& verb) {
  const auto options = std::make_shared<TokenOptions>();
  CLI::App* token = app.add_subcommand("token", "Say who may call the coordinator");
  token->require_subcommand(1);
  CLI::App* create = Word(*token, "create", "Make a token and print it, this once", verb,
                          [&common, options] { return TokenCreate(common, *options); });
  create->add_option("name", options->name, "Who will use it")->required();
  create
      ->add_option("--role", options->role,
                   "viewer, submitter, operator or admin; agent: to enrol that agent with, once")
      ->required()
      ->check(CLI::IsMember({"viewer", "submitter", "operator", "admin", "agent"}));
  create
      ->add_option("--hours", options->hours,
                   "Validity; default: 2160, of an agent's 1 (at most 24)")
      ->check(CLI::Range(0.0, 8784.0));
  create->add_option("--max-running-matrices", options->max_running_matrices,
                     "Quota of the name from now on; 0: the coordinator's");
  create->add_option("--max-running-arms", options->max_running_arms,
                     "Quota of the name from now on; 0: the coordinator's");
  create->add_option("--weight", options->weight,
                     "Its weight from now on where device time is shared, 0.01 to 100; 1 at first");
  Word(*token, "list", "Show tokens, without their secrets", verb,
       [&common] { return TokenList(common); });
  Word(*token, "revoke", "End a token at once", verb,
       [&common, options] { return TokenRevoke(common, options->name); })
      ->add_option("id", options->name, "Token, as 'token list' shows it")
      ->required();
}

void AddAudit(CLI::App& app, Common& common, std::function<int()>& verb) {
  const auto count = std::make_shared<unsigned>(100);
  Word(app, "audit", "Show what was changed and by whom, newest first", verb,
       [&common, count] { return ShowAudit(common, *count); })
      ->add_option("--count", *count, "At most this many")
      ->check(CLI::Range(1, 1000));
  const auto agent = std::make_shared<std::string>();
  Word(*app.get_subcommand("fleet"), "revoke", "End the certificates of an agent", verb,
       [&common, agent] { return AgentRevoke(common, *agent); })
      ->add_option("agent", *agent, "Name of the agent")
      ->required();
}

}  // namespace

void AddSecurityVerbs(CLI::App& app, Common& common, std::function<int()>& verb) {
  AddPki(app, verb);
  AddTokens(app, common, verb);
  AddAudit(app, common, verb);
  const std::map<std::string, Output> outputs = {
      {"table", Output::kTable}, {"json", Output::kJson}, {"csv", Output::kCsv}};
  for (CLI::App* verb_with_list : {app.get_subcommand("audit"), app.get_subcommand("token")}) {
    verb_with_list->fallthrough();
    verb_with_list->add_option("--output", common.output, "table, json or csv")
        ->transform(CLI::CheckedTransformer(outputs, CLI::ignore_case));
  }
}

}  // namespace quantfleet::cli
