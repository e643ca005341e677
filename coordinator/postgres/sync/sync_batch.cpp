// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/postgres/sync/sync_batch.hpp"

#include <algorithm>
#include <utility>

#include "coordinator/postgres/input.hpp"
#include "coordinator/postgres/sync/claim.hpp"
#include "coordinator/postgres/sync/held.hpp"
#include "coordinator/postgres/sync/seeker.hpp"

namespace quantfleet::postgres {

bool Seeker::StartsNext() const {
  return !expects && !request().has_running() && request().queued_size() == 0 &&
         response.action_case() == v1::SyncResponse::ACTION_NOT_SET;
}

bool Seeker::MayWant() const {
  return !request().draining() && request().not_leasing_reason().empty() &&
         (!request().has_running() ||
          static_cast<int64_t>(request().prefetch()) > request().queued_size());
}

// What was just stopped still counts: agents without prefetch expect one thing an answer.
int Seeker::Holds() const {
  return (request().has_running() ? 1 : 0) + request().queued_size() - response.dropped_size() +
         (response.has_start() ? 1 : 0) + response.queue_size();
}

void Seeker::Give(v1::Grant grant) {
  expects = false;
  (StartsNext() ? *response.mutable_start() : *response.add_queue()) = std::move(grant);
}

v1::Grant GrantFrom(const pqxx::row& row) {
  v1::Grant grant;
  grant.mutable_block()->ParseFromString(FromBytea(row["spec"]));
  grant.mutable_block()->set_block_id(row["block_id"].as<std::string>());
  grant.mutable_block()->set_matrix_id(row["matrix_id"].as<std::string>());
  grant.set_epoch(row["epoch"].as<uint64_t>());
  return grant;
}

namespace {

constexpr int kMostPrefetched = 128;

int WantsOf(const Seeker& seeker) {
  if (!seeker.MayWant() || seeker.draining) return 0;
  const uint32_t ahead = seeker.may_queue ? seeker.request().prefetch() : 0;
  const int room = 1 + static_cast<int>(std::min<uint32_t>(ahead, kMostPrefetched));
  if (seeker.quarantined) return 0;
  const int holds = seeker.Holds();
  return scheduler::MostBlocks(seeker.conduct, holds, room - holds);
}

std::vector<Seeker> SeekersOf(const std::vector<SyncCall>& calls, const LeasePolicy& policy) {
  std::vector<Seeker> seekers(calls.size());
  for (size_t i = 0; i < calls.size(); ++i) {
    seekers[i].call = &calls[i];
    const v1::SyncRequest& request = *calls[i].request;
    // Idle agents call again at once: the call itself waits. Not so one that wants nothing.
    const bool hurry = !request.has_running() && !request.draining();
    seekers[i].response.set_next_sync_seconds(hurry ? 0 : policy.sync_seconds);
  }
  return seekers;
}

}  // namespace

Result<std::vector<Result<v1::SyncResponse>>> SyncSessions(Connection& db,
                                                           const std::vector<SyncCall>& calls,
                                                           const LeasePolicy& policy,
                                                           scheduler::Dispatcher& dispatcher) {
  std::vector<Seeker> seekers;
  std::vector<Charge> charges;
  // What a run granted that did not come through was not granted.
  const auto give_back = [&] {
    for (const Charge& charge : charges) {
      dispatcher.GiveBack(charge.device_class, charge.principal, charge.seconds);
    }
    charges.clear();
  };
  const Status status = db.Run([&](Transaction& tx) -> Status {
    give_back();
    seekers = SeekersOf(calls, policy);
    QF_RETURN_IF_ERROR(LockHosts(tx, seekers));
    QF_RETURN_IF_ERROR(MeetSessions(tx, seekers));
    QF_RETURN_IF_ERROR(RenewLeases(tx, seekers, policy));
    QF_RETURN_IF_ERROR(OfferAgain(tx, seekers));
    for (Seeker& seeker : seekers) seeker.wants = WantsOf(seeker);
    return ClaimBlocks(tx, seekers, policy, dispatcher, charges);
  });
  if (!status.ok()) {
    give_back();
    return status;
  }
  std::vector<Result<v1::SyncResponse>> answers;
  answers.reserve(seekers.size());
  for (Seeker& seeker : seekers) {
    if (seeker.open()) {
      answers.emplace_back(std::move(seeker.response));
    } else {
      answers.emplace_back(std::move(seeker.status));
    }
  }
  return answers;
}

Result<v1::SyncResponse> SyncSession(Connection& db, const v1::SyncRequest& request,
                                     const LeasePolicy& policy) {
  scheduler::Dispatcher dispatcher;
  QF_ASSIGN_OR_RETURN(auto answers, SyncSessions(db, {{&request, ""}}, policy, dispatcher));
  return std::move(answers.front());
}

}  // namespace quantfleet::postgres
