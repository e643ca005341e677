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

using scheduler::Candidate;

bool ShareHost(const Seeker& one, const Seeker& other) {
  return one.host_id != other.host_id ||
         (one.share_host && other.share_host && one.device_uid != other.device_uid);
}

// Takes from `seekers` those whose host has no room: for another session's lease, or for a seeker
// before them.
void DropBusyHosts(std::vector<Seeker*>& seekers) {
  std::multimap<std::string, const Seeker*> taken;
  std::erase_if(seekers, [&](const Seeker* seeker) {
    if (seeker->host_is_busy) return true;
    const auto [begin, end] = taken.equal_range(seeker->host_id);
    const bool has_room = std::all_of(
        begin, end, [&](const auto& entry) { return ShareHost(*entry.second, *seeker); });
    if (has_room) taken.emplace(seeker->host_id, seeker);
    return !has_room;
  });
}

Candidate CandidateOf(const pqxx::row& row, int at_most) {
  Candidate candidate;
  candidate.block_id = row["block_id"].as<int64_t>();
  candidate.class_id = row["class_id"].as<int64_t>();
  candidate.principal = row["principal"].as<std::string>();
  candidate.matrix_id = row["matrix_id"].as<std::string>();
  candidate.band = row["band"].as<int32_t>();
  candidate.sort_key = row["sort_key"].as<int64_t>();
  candidate.cost_key = row["cost_key"].as<std::string>();
  candidate.weights_key = row["weights_key"].as<std::string>();
  candidate.avoid_session = row["avoid_session"].as<std::string>();
  candidate.tail = row["in_line"].as<int>() < at_most;
  return candidate;
}

// The first blocks of each line of the classes (one priority of one principal in one class), of
// each line of a class as many as it says, never the whole queue, without those in `missed`.
// `suspects` are those that a session was lost with. Locks nothing: what is not chosen must stay
// free for others. No condition on the block's state: before the first ANALYZE the planner takes it
// for rare, and sorts the queue.
Result<std::vector<Candidate>> SeeCandidates(Transaction& tx, const std::map<int64_t, int>& at_most,
                                             const std::vector<int64_t>& missed,
                                             std::set<int64_t>& suspects) {
  std::vector<int64_t> classes, limits;
  for (const auto& [class_id, limit] : at_most) {
    classes.push_back(class_id);
    limits.push_back(limit);
  }
  QF_ASSIGN_OR_RETURN(
      const auto rows,
      tx.Query(R"(
    SELECT r.*, c.class_id, b.matrix_id, b.cost_key, b.weights_key, b.losing_sessions > 0 AS suspect,
           count(*) OVER (PARTITION BY c.class_id, r.principal, r.band) AS in_line
    FROM unnest($1::bigint[], $2::bigint[]) AS c (class_id, at_most),
    LATERAL (
      WITH RECURSIVE line AS (
        (SELECT q.principal, q.band FROM ready q WHERE q.class_id = c.class_id ORDER BY q.principal, q.band LIMIT 1)
        UNION ALL
        SELECT next.* FROM line, LATERAL (
          SELECT q.principal, q.band FROM ready q
          WHERE q.class_id = c.class_id AND (q.principal, q.band) > (line.principal, line.band)
          ORDER BY q.principal, q.band LIMIT 1) AS next)
      SELECT * FROM line) AS line,
    LATERAL (
      SELECT r.block_id, r.principal, r.band, r.sort_key,
             CASE WHEN r.not_before <= clock_timestamp() - interval '10 s' THEN '' ELSE r.avoid_session END
               AS avoid_session
      FROM ready r
      WHERE r.class_id = c.class_id AND r.principal = line.principal AND r.band = line.band
        AND r.not_before <= clock_timestamp() AND r.block_id <> ALL($3::bigint[])
      ORDER BY r.sort_key, r.block_id LIMIT c.at_most) AS r
    JOIN block b USING (block_id))",
               {Parameter::Array(classes), Parameter::Array(limits), Parameter::Array(missed)}));
  std::vector<Candidate> candidates;
  candidates.reserve(rows.size());
  for (const auto& row : rows) {
    const int limit = at_most.at(row["class_id"].as<int64_t>());
    candidates.push_back(CandidateOf(row, limit));
    if (row["suspect"].as<bool>()) suspects.insert(candidates.back().block_id);
  }
  return candidates;
}

// Columns of what was chosen, a place each.
struct Chosen {
  std::vector<int64_t> blocks;
  std::vector<std::string> sessions, principals, phases;
  std::vector<double> estimates;
  std::vector<Seeker*> seekers;
};

// A block that a session was lost with runs alone, so that the next loss tells of it and of no
// other: whoever is busy runs dry first, and then gets it.
bool RunsAlone(const Seeker& seeker, bool is_suspect) {
  return is_suspect && !seeker.StartsNext();
}

Chosen Choose(scheduler::Dispatcher& dispatcher, const std::vector<Seeker*>& seekers,
              const std::vector<Candidate>& candidates, const std::set<int64_t>& suspects) {
  std::vector<scheduler::Asking> asking;
  for (const Seeker* seeker : seekers) {
    asking.push_back({seeker->request().session_id(), seeker->classes, seeker->device_class,
                      seeker->life_left_seconds, seeker->Holds(), seeker->wants});
  }
  Chosen chosen;
  for (const scheduler::Assignment& one : dispatcher.Choose(asking, candidates)) {
    Seeker& seeker = *seekers[static_cast<size_t>(one.seeker)];
    const Candidate& candidate = candidates[static_cast<size_t>(one.candidate)];
    const bool is_suspect = suspects.contains(candidate.block_id);
    if (seeker.wants == 0 || RunsAlone(seeker, is_suspect)) {
      dispatcher.GiveBack(seeker.device_class, candidate.principal, one.estimate_seconds);
      seeker.wants = 0;
      continue;
    }
    seeker.wants = is_suspect ? 0 : seeker.wants - 1;
    chosen.blocks.push_back(candidate.block_id);
    chosen.sessions.push_back(seeker.request().session_id());
    chosen.principals.push_back(candidate.principal);
    chosen.phases.emplace_back(seeker.StartsNext() ? "" : "queued");
    chosen.estimates.push_back(one.estimate_seconds);
    chosen.seekers.push_back(&seeker);
    seeker.expects = true;
  }
  return chosen;
}

// Takes those of the chosen blocks that nobody else holds. Block and queue row are locked together;
// the matrix row is left alone, which is locked before blocks everywhere; see kSelectMatrix for the
// version. Blocks that were not to be had are noted in `missed`.
Status Take(Transaction& tx, const Chosen& chosen, const LeasePolicy& policy,
            scheduler::Dispatcher& dispatcher, std::vector<Charge>& charges,
            std::vector<int64_t>& missed) {
  QF_ASSIGN_OR_RETURN(
      const auto rows,
      tx.Query(R"(
    WITH picked AS MATERIALIZED (
      SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $5::text[], $6::float8[]) WITH ORDINALITY
        AS g (block_id, session_id, principal, phase, estimate, place)),
    free AS MATERIALIZED (
      SELECT r.block_id FROM ready r JOIN block b USING (block_id) WHERE r.block_id = ANY($1::bigint[])
      FOR UPDATE OF r, b SKIP LOCKED),
    gone AS (DELETE FROM ready r USING free WHERE r.block_id = free.block_id AND r.block_id = ANY($1::bigint[])),
    taken AS (
      UPDATE block SET state = 'leased', epoch = epoch + 1 FROM picked JOIN free USING (block_id)
      WHERE block.block_id = picked.block_id AND block.block_id = ANY($1::bigint[]) AND block.state = 'ready'
      RETURNING block.epoch, block.spec, block.matrix_id, picked.*),
    leased AS (
      INSERT INTO lease (block_id, epoch, session_id, principal, phase, estimate_seconds, expire_time)
      SELECT block_id, epoch, session_id, principal, phase, estimate, clock_timestamp() + make_interval(secs => $4)
      FROM taken ORDER BY place),
    tried AS (INSERT INTO attempt (block_id, epoch, session_id) SELECT block_id, epoch, session_id FROM taken)
    SELECT place, block_id, epoch, spec, matrix_id FROM taken ORDER BY place)",
               {Parameter::Array(chosen.blocks), Parameter::Array(chosen.sessions),
                Parameter::Array(chosen.principals), policy.lease_seconds,
                Parameter::Array(chosen.phases), Parameter::Array(chosen.estimates)}));
  std::vector<bool> taken(chosen.blocks.size());
  for (const auto& row : rows) {
    const auto place = row[0].as<size_t>() - 1;
    taken[place] = true;
    chosen.seekers[place]->Give(GrantFrom(row));
    charges.push_back(
        {chosen.seekers[place]->device_class, chosen.principals[place], chosen.estimates[place]});
  }
  for (size_t i = 0; i < taken.size(); ++i) {
    if (taken[i]) continue;
    missed.push_back(chosen.blocks[i]);
    Seeker& seeker = *chosen.seekers[i];
    dispatcher.GiveBack(seeker.device_class, chosen.principals[i], chosen.estimates[i]);
    ++seeker.wants;
    seeker.expects = false;
  }
  return OkStatus();
}

Status ClaimOnce(Transaction& tx, const std::vector<Seeker*>& asking, const LeasePolicy& policy,
                 scheduler::Dispatcher& dispatcher, std::vector<Charge>& charges,
                 std::vector<int64_t>& missed) {
  // Of each class what those who may take it want.
  std::map<int64_t, int> wanted;
  std::vector<Seeker*> wanting;
  for (Seeker* seeker : asking) {
    if (seeker->wants == 0) continue;
    wanting.push_back(seeker);
    for (const int64_t class_id : seeker->classes) {
      int& most = wanted.try_emplace(class_id, kLookAhead).first->second;
      most = std::min(most + seeker->wants, kMostAtOnce);
    }
  }
  if (wanting.empty()) return OkStatus();
  std::set<int64_t> suspects;
  QF_ASSIGN_OR_RETURN(const auto candidates, SeeCandidates(tx, wanted, missed, suspects));
  const Chosen chosen = Choose(dispatcher, wanting, candidates, suspects);
  if (chosen.blocks.empty()) return OkStatus();
  return Take(tx, chosen, policy, dispatcher, charges, missed);
}

}  // namespace

Status ClaimBlocks(Transaction& tx, std::vector<Seeker>& seekers, const LeasePolicy& policy,
                   scheduler::Dispatcher& dispatcher, std::vector<Charge>& charges) {
  std::vector<Seeker*> asking;
  for (Seeker& seeker : seekers) {
    if (seeker.open() && seeker.wants > 0 && !seeker.classes.empty()) asking.push_back(&seeker);
  }
  DropBusyHosts(asking);
  std::vector<int64_t> missed;
  for (int pass = 0; pass < kMostPasses; ++pass) {
    const size_t before = missed.size();
    QF_RETURN_IF_ERROR(ClaimOnce(tx, asking, policy, dispatcher, charges, missed));
    if (missed.size() == before) break;
  }
  return OkStatus();
}

}  // namespace quantfleet::postgres
