// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/postgres/report/store_reports.hpp"

#include <set>
#include <utility>

#include "coordinator/postgres/report/entry.hpp"
#include "coordinator/postgres/report/judge.hpp"

namespace quantfleet::postgres {
namespace {

using Chosen = std::vector<Entry*>;

// Entries of different blocks: the second of the same block must see what the first one changed.
// Takes them from `waiting`.
Chosen NextPass(Chosen& waiting) {
  Chosen pass, later;
  std::set<int64_t> blocks;
  for (Entry* entry : waiting) {
    (blocks.insert(entry->block_key).second ? pass : later).push_back(entry);
  }
  waiting = std::move(later);
  return pass;
}

// What the entries are stored with.
struct Books {
  const LeasePolicy& policy;
  scheduler::Dispatcher& dispatcher;
};

Status StorePass(Connection& db, const Chosen& pass, const Books& books) {
  std::vector<scheduler::Finished> finished;
  QF_RETURN_IF_ERROR(
      db.Run([&](Transaction& tx) { return JudgeEntries(tx, pass, books.policy, finished); }));
  books.dispatcher.Learn(finished);
  return OkStatus();
}

// A statement refused for the sake of one entry must not cost the others their place.
Status StoreOneByOne(Connection& db, const Chosen& pass, const Books& books,
                     std::vector<Status>& refused) {
  for (Entry* entry : pass) {
    const Status status = StorePass(db, {entry}, books);
    if (status.code() == StatusCode::kUnavailable) return status;
    if (!status.ok()) refused[entry->call] = status;
  }
  return OkStatus();
}

}  // namespace

Result<std::vector<Result<v1::ReportResponse>>> StoreReports(Connection& db,
                                                             const std::vector<ReportCall>& calls,
                                                             const LeasePolicy& policy,
                                                             scheduler::Dispatcher& dispatcher) {
  const Books books{policy, dispatcher};
  std::vector<Status> refused;
  QF_ASSIGN_OR_RETURN(auto entries, PrepareEntries(db, calls, refused));
  Chosen waiting;
  for (Entry& entry : entries) {
    if (!entry.decided()) waiting.push_back(&entry);
  }
  while (!waiting.empty()) {
    const Chosen pass = NextPass(waiting);
    const Status stored = StorePass(db, pass, books);
    if (stored.ok()) continue;
    if (stored.code() == StatusCode::kUnavailable) return stored;
    QF_RETURN_IF_ERROR(StoreOneByOne(db, pass, books, refused));
  }
  std::vector<Result<v1::ReportResponse>> answers;
  answers.reserve(calls.size());
  for (const Status& status : refused) {
    if (status.ok()) {
      answers.emplace_back(v1::ReportResponse());
    } else {
      answers.emplace_back(status);
    }
  }
  for (Entry& entry : entries) {
    if (answers[entry.call].ok()) {
      *answers[entry.call]->add_verdicts() = std::move(entry.verdict);
    }
  }
  return answers;
}

namespace {

Result<v1::ReportVerdict> StoreOne(Connection& db, const v1::ReportRequest& request,
                                   const LeasePolicy& policy) {
  scheduler::Dispatcher dispatcher;
  QF_ASSIGN_OR_RETURN(auto answers, StoreReports(db, {{&request, ""}}, policy, dispatcher));
  QF_RETURN_IF_ERROR(answers.front().status());
  return answers.front()->verdicts(0);
}

}  // namespace

Result<v1::ReportVerdict> StoreResult(Connection& db, const std::string& session_id,
                                      const v1::BlockResult& result) {
  v1::ReportRequest request;
  request.set_session_id(session_id);
  *request.add_results() = result;
  return StoreOne(db, request, {});
}

Result<v1::ReportVerdict> StoreFailure(Connection& db, const v1::BlockFailure& failure,
                                       const LeasePolicy& policy) {
  v1::ReportRequest request;
  *request.add_failures() = failure;
  return StoreOne(db, request, policy);
}

}  // namespace quantfleet::postgres
