// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/postgres/sync/claim.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "coordinator/postgres/queue.hpp"

namespace quantfleet::postgres {
namespace {

// Blocks looked at past those that are wanted, so that there is something to choose from.
constexpr int kLookAhead = 16;
constexpr int kMostAtOnce = 1024;
// Others may choose the same blocks at the same time: whoever comes second chooses again.
constexpr int kMostPasses = 3;

// A block of the queue, not locked.
struct Candidate {
  int64_t block_id = 0;
  int64_t class_id = 0;
  std::string avoid_session;  // it reported the block's last failure just now
  std::string principal;
};

// Two devices of a host that ask at once must see each other's lease: they take turns here, before
// what is looked at next. In the order of the numbers, as everywhere.
Status LockHosts(Transaction& tx, const std::vector<Seeker*>& seekers) {
  std::vector<std::string> hosts;
  for (const Seeker* seeker : seekers) hosts.push_back(seeker->host_id);
  return tx
      .Query(R"(
    SELECT pg_advisory_xact_lock(7242, host) FROM (
      SELECT DISTINCT hashtext(host_id) AS host FROM unnest($1::text[]) AS g (host_id) ORDER BY 1) AS hosts)",
             {Parameter::Array(hosts)})
      .status();
}

bool ShareHost(const Seeker& one, const Seeker& other) {
  return one.host_id != other.host_id ||
         (one.share_host && other.share_host && one.device_uid != other.device_uid);
}

// Takes from `seekers` those whose host has no room: for another session's lease, or for a seeker
// before them.
Status DropBusyHosts(Transaction& tx, std::vector<Seeker*>& seekers) {
  std::vector<std::string> sessions;
  for (const Seeker* seeker : seekers) sessions.push_back(seeker->request().session_id());
  QF_ASSIGN_OR_RETURN(const auto rows, tx.Query(std::string(R"(
    SELECT s.session_id FROM session s WHERE s.session_id = ANY($1::text[]) AND )") +
                                                    kHostBusy,
                                                {Parameter::Array(sessions)}));
  std::set<std::string> busy;
  for (const auto& row : rows) busy.insert(row[0].as<std::string>());
  std::multimap<std::string, const Seeker*> taken;
  std::erase_if(seekers, [&](const Seeker* seeker) {
    if (busy.contains(seeker->request().session_id())) return true;
    const auto [begin, end] = taken.equal_range(seeker->host_id);
    const bool has_room = std::all_of(
        begin, end, [&](const auto& entry) { return ShareHost(*entry.second, *seeker); });
    if (has_room) taken.emplace(seeker->host_id, seeker);
    return !has_room;
  });
  return OkStatus();
}

// The first blocks of each line of the classes, never the whole queue, without those in `missed`.
// Locks nothing: what is not chosen must stay free for others. No condition on the block's state:
// before the first ANALYZE the planner takes it for rare, and sorts the queue.
Result<std::vector<Candidate>> SeeCandidates(Transaction& tx, const std::vector<int64_t>& classes,
                                             int at_most, const std::vector<int64_t>& missed) {
  QF_ASSIGN_OR_RETURN(const auto rows,
                      tx.Query(R"(
    SELECT r.block_id, c.class_id, r.avoid_session, r.principal
    FROM unnest($1::bigint[]) AS c (class_id),
    LATERAL (
      WITH RECURSIVE line AS (
        (SELECT q.principal FROM ready q WHERE q.class_id = c.class_id ORDER BY q.principal LIMIT 1)
        UNION ALL
        SELECT (SELECT q.principal FROM ready q WHERE q.class_id = c.class_id AND q.principal > line.principal
                ORDER BY q.principal LIMIT 1)
        FROM line WHERE line.principal IS NOT NULL)
      SELECT principal FROM line WHERE principal IS NOT NULL) AS line,
    LATERAL (
      SELECT r.block_id, r.principal, r.band, r.sort_key,
             CASE WHEN r.not_before <= clock_timestamp() - interval '10 s' THEN '' ELSE r.avoid_session END
               AS avoid_session
      FROM ready r
      WHERE r.class_id = c.class_id AND r.principal = line.principal AND r.not_before <= clock_timestamp()
        AND r.block_id <> ALL($3::bigint[])
      ORDER BY r.band, r.sort_key, r.block_id LIMIT $2) AS r
    ORDER BY r.band, r.sort_key, r.block_id)",
                               {Parameter::Array(classes), at_most, Parameter::Array(missed)}));
  std::vector<Candidate> candidates;
  for (const auto& row : rows) {
    candidates.push_back({row[0].as<int64_t>(), row[1].as<int64_t>(), row[2].as<std::string>(),
                          row[3].as<std::string>()});
  }
  return candidates;
}

bool Fits(const Candidate& candidate, const Seeker& seeker) {
  return std::binary_search(seeker.classes.begin(), seeker.classes.end(), candidate.class_id) &&
         candidate.avoid_session != seeker.request().session_id();
}

struct Assignments {
  std::vector<int64_t> blocks;
  std::vector<std::string> sessions, principals, phases;
};

// The first block to each seeker, then the second: none waits on one agent while another is idle.
Assignments Choose(const std::vector<Seeker*>& seekers, const std::vector<Candidate>& candidates) {
  Assignments chosen;
  std::vector<bool> taken(candidates.size());
  for (bool again = true; again;) {
    again = false;
    for (Seeker* seeker : seekers) {
      if (seeker->wants == 0) continue;
      size_t at = 0;
      while (at < candidates.size() && (taken[at] || !Fits(candidates[at], *seeker))) ++at;
      if (at == candidates.size()) continue;
      taken[at] = true;
      again = true;
      --seeker->wants;
      chosen.blocks.push_back(candidates[at].block_id);
      chosen.sessions.push_back(seeker->request().session_id());
      chosen.principals.push_back(candidates[at].principal);
      chosen.phases.emplace_back(seeker->StartsNext() ? "" : "queued");
      seeker->expects = true;
    }
  }
  return chosen;
}

// Takes those of the chosen blocks that nobody else holds. Block and queue row are locked together;
// the matrix row is left alone, which is locked before blocks everywhere; see kSelectMatrix for the
// version. Blocks that were not to be had are noted in `missed`.
Status Take(Transaction& tx, const Assignments& chosen, const LeasePolicy& policy,
            const std::map<std::string, Seeker*>& by_session, std::vector<int64_t>& missed) {
  QF_ASSIGN_OR_RETURN(const auto rows,
                      tx.Query(R"(
    WITH picked AS MATERIALIZED (
      SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $5::text[]) WITH ORDINALITY
        AS g (block_id, session_id, principal, phase, place)),
    free AS MATERIALIZED (
      SELECT r.block_id FROM ready r JOIN block b USING (block_id) WHERE r.block_id = ANY($1::bigint[])
      FOR UPDATE OF r, b SKIP LOCKED),
    gone AS (DELETE FROM ready r USING free WHERE r.block_id = free.block_id),
    taken AS (
      UPDATE block SET state = 'leased', epoch = epoch + 1 FROM picked JOIN free USING (block_id)
      WHERE block.block_id = picked.block_id AND block.state = 'ready'
      RETURNING block.block_id, block.epoch, block.spec, block.matrix_id, picked.session_id, picked.principal, picked.phase,
                picked.place),
    leased AS (
      INSERT INTO lease (block_id, epoch, session_id, principal, phase, expire_time)
      SELECT block_id, epoch, session_id, principal, phase, clock_timestamp() + make_interval(secs => $4)
      FROM taken ORDER BY place),
    tried AS (INSERT INTO attempt (block_id, epoch, session_id) SELECT block_id, epoch, session_id FROM taken)
    SELECT session_id, block_id, epoch, spec, matrix_id FROM taken ORDER BY place)",
                               {Parameter::Array(chosen.blocks), Parameter::Array(chosen.sessions),
                                Parameter::Array(chosen.principals), policy.lease_seconds,
                                Parameter::Array(chosen.phases)}));
  std::set<int64_t> taken;
  for (const auto& row : rows) {
    taken.insert(row[1].as<int64_t>());
    by_session.at(row[0].as<std::string>())->Give(GrantFrom(row));
  }
  for (size_t i = 0; i < chosen.blocks.size(); ++i) {
    if (taken.contains(chosen.blocks[i])) continue;
    missed.push_back(chosen.blocks[i]);
    Seeker& seeker = *by_session.at(chosen.sessions[i]);
    ++seeker.wants;
    seeker.expects = false;
  }
  return OkStatus();
}

Status ClaimOnce(Transaction& tx, const std::vector<Seeker*>& asking, const LeasePolicy& policy,
                 std::vector<int64_t>& missed) {
  std::set<int64_t> classes;
  std::map<std::string, Seeker*> by_session;
  int wanted = 0;
  for (Seeker* seeker : asking) {
    if (seeker->wants == 0) continue;
    classes.insert(seeker->classes.begin(), seeker->classes.end());
    by_session[seeker->request().session_id()] = seeker;
    wanted = std::min(wanted + seeker->wants, kMostAtOnce);
  }
  if (wanted == 0) return OkStatus();
  QF_ASSIGN_OR_RETURN(const auto candidates, SeeCandidates(tx, {classes.begin(), classes.end()},
                                                           wanted + kLookAhead, missed));
  const Assignments chosen = Choose(asking, candidates);
  if (chosen.blocks.empty()) return OkStatus();
  return Take(tx, chosen, policy, by_session, missed);
}

}  // namespace

Status ClaimBlocks(Transaction& tx, std::vector<Seeker>& seekers, const LeasePolicy& policy) {
  std::vector<Seeker*> asking;
  for (Seeker& seeker : seekers) {
    if (seeker.open() && seeker.wants > 0 && !seeker.classes.empty()) asking.push_back(&seeker);
  }
  if (asking.empty()) return OkStatus();
  QF_RETURN_IF_ERROR(LockHosts(tx, asking));
  QF_RETURN_IF_ERROR(DropBusyHosts(tx, asking));
  std::vector<int64_t> missed;
  for (int pass = 0; pass < kMostPasses; ++pass) {
    const size_t before = missed.size();
    QF_RETURN_IF_ERROR(ClaimOnce(tx, asking, policy, missed));
    if (missed.size() == before) break;
  }
  return OkStatus();
}

}  // namespace quantfleet::postgres
