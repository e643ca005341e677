// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/postgres/search/searcher.hpp"

#include <limits>
#include <map>
#include <utility>
#include <vector>

#include "base/logging.hpp"
#include "coordinator/matrix/expansion.hpp"
#include "coordinator/matrix/grid/lines.hpp"
#include "coordinator/postgres/expansion/block_rows.hpp"
#include "coordinator/postgres/matching.hpp"
#include "coordinator/postgres/queue.hpp"
#include "coordinator/postgres/result_store.hpp"
#include "coordinator/postgres/search/search_rows.hpp"

namespace quantfleet::postgres {

// A document that was read.
struct Searcher::Known {
  explicit Known(std::shared_ptr<const matrix::Matrix> of) : matrix(std::move(of)), lines(matrix) {}
  std::shared_ptr<const matrix::Matrix> matrix;
  matrix::SearchLines lines;
};

namespace {

// What is decided in one transaction; the others follow at once.
constexpr size_t kLinesALook = 8;

// The blocks of a line as they stand.
struct Line {
  std::vector<int64_t> block_ids;
  std::vector<analysis::SearchPoint> added;
  bool open = false;
};

// What is to be done with a line of which nothing is open.
struct Decision {
  LinePlace place;
  size_t added_before = 0;  // blocks
  std::vector<AddedBlock> points;
  std::vector<v1::Block> blocks;  // one a point
  std::vector<analysis::SearchedCurve> curves;
};

}  // namespace

// A matrix as it was read, and what follows.
struct Searcher::Look {
  SearchJob job;
  std::shared_ptr<const Known> known;
  std::string problem;  // why this program cannot go on with it
  std::vector<Decision> decisions;
  std::vector<LinePlace> reopened;  // settled before, and retried since
  bool more = false;                // lines that were not looked at
  bool open = false;                // some block is
};

namespace {

std::map<LinePlace, Line> SortIntoLines(const SearchJob& job, const matrix::Matrix& matrix,
                                        const matrix::SearchLines& lines,
                                        const std::map<uint64_t, BlockState>& states,
                                        const std::map<uint64_t, AddedBlock>& added,
                                        const matrix::BlockMaker& maker) {
  std::map<LinePlace, Line> sorted;
  const auto put = [&](Line& line, uint64_t ordinal) {
    const auto state = states.find(ordinal);
    line.open = line.open || state == states.end() || state->second.open;
    if (state != states.end()) line.block_ids.push_back(state->second.block_id);
  };
  for (uint64_t number = 0; number < maker.size(); ++number) {
    const LinePlace place = {static_cast<int32_t>(maker.CopyOf(number)),
                             static_cast<int32_t>(lines.LineOf(number % matrix.blocks_per_copy))};
    put(sorted[place], maker.OrdinalOf(number));
  }
  for (const auto& [ordinal, block] : added) {
    Line& line = sorted[block.place];
    put(line, ordinal);
    line.added.push_back(block.point);
  }
  QF_CHECK(job.targets.size() == maker.copies());
  return sorted;
}

analysis::SearchSetting SettingOf(const matrix::Matrix& matrix, const matrix::SearchLines& lines,
                                  const LinePlace& place) {
  const matrix::Search& search = *matrix.search;
  analysis::SearchSetting setting;
  setting.axis = search.axis;
  setting.policy = {static_cast<double>(search.resolution), search.max_points};
  setting.key = [&search](const auto& labels) { return matrix::CurveKey(labels, search.axis); };
  setting.has = [&lines, place](uint32_t value, const std::string& curve) {
    return lines.At(static_cast<size_t>(place.second), value, {curve}, 0).arms_size() > 0;
  };
  return setting;
}

// Each point as often as the matrix repeats its blocks.
void MakeBlocks(const matrix::Matrix& matrix, const matrix::SearchLines& lines,
                const std::string& target, const std::vector<analysis::SearchPoint>& next,
                Decision* decision) {
  for (uint32_t repeat = 0; repeat < matrix.repeat; ++repeat) {
    for (const analysis::SearchPoint& point : next) {
      v1::Block block = lines.At(static_cast<size_t>(decision->place.second),
                                 static_cast<uint32_t>(point.value), point.curves, repeat);
      block.set_target(target);
      decision->blocks.push_back(std::move(block));
      decision->points.push_back({decision->place, point});
    }
  }
}

// True if nobody else decided about the line since it was read.
Result<bool> IsAsRead(Transaction& tx, const std::string& matrix_id, const Decision& decision) {
  QF_ASSIGN_OR_RETURN(const auto rows, tx.Query(R"(
    SELECT (SELECT count(*) FROM search_block WHERE matrix_id = $1 AND copy = $2 AND line = $3) = $4
       AND NOT EXISTS (SELECT 1 FROM search_line WHERE matrix_id = $1 AND copy = $2 AND line = $3))",
                                                {matrix_id, decision.place.first,
                                                 decision.place.second, decision.added_before}));
  return rows[0][0].as<bool>();
}

// True if the matrix may have so many arms more; if not, says so in its search.
Result<bool> HasRoom(Transaction& tx, const std::string& matrix_id,
                     const std::vector<v1::Block>& blocks) {
  int64_t arms = 0;
  for (const v1::Block& block : blocks) arms += block.arms_size();
  QF_ASSIGN_OR_RETURN(const auto full, tx.Query(R"(
    UPDATE search s SET reason = 'no more is added: the matrix would have more than ' || s.most_arms || ' arms'
    FROM expansion e WHERE s.matrix_id = $1 AND e.matrix_id = $1 AND s.most_arms < $2 + e.arms_total - e.arms_made
      + (SELECT coalesce(sum(b.arms), 0) FROM block b WHERE b.matrix_id = $1)
    RETURNING 1)",
                                                {matrix_id, arms}));
  return full.empty();
}

Result<scheduler::Requirement> RequirementOf(Transaction& tx, int64_t class_id) {
  QF_ASSIGN_OR_RETURN(
      const auto rows,
      tx.Query("SELECT requirement FROM requirement_class WHERE class_id = $1", {class_id}));
  return scheduler::Requirement::FromJson(rows[0][0].as<std::string>());
}

// The blocks go behind all others, to devices of the class whose curve asks for them.
Status AddBlocks(Transaction& tx, const SearchJob& job, Decision& decision, ClassIds& classes) {
  QF_ASSIGN_OR_RETURN(const auto where,
                      RequirementOf(tx, job.class_ids[static_cast<size_t>(decision.place.first)]));
  const auto count = static_cast<int64_t>(decision.blocks.size());
  QF_ASSIGN_OR_RETURN(const auto first, tx.Query(R"(
    UPDATE expansion SET next_ordinal = coalesce(next_ordinal, blocks_total) + $2 WHERE matrix_id = $1
    RETURNING next_ordinal - $2)",
                                                 {job.matrix_id, count}));
  auto ordinal = first[0][0].as<uint64_t>();
  BlockRows rows;
  for (size_t i = 0; i < decision.blocks.size(); ++i, ++ordinal) {
    const AddedBlock& point = decision.points[i];
    QF_ASSIGN_OR_RETURN(const int64_t class_id,
                        classes.Of(tx, matrix::OfClass(where, point.point.device_class)));
    decision.blocks[i].set_ordinal(static_cast<uint32_t>(ordinal));
    rows.Add(decision.blocks[i], class_id);
    QF_RETURN_IF_ERROR(SaveAdded(tx, job.matrix_id, ordinal, point));
  }
  QF_RETURN_IF_ERROR(rows.Insert(tx, job.matrix_id));
  return tx
      .Query(
          "UPDATE matrix SET blocks_open = blocks_open + $2, version = version + 1 WHERE matrix_id "
          "= $1",
          {job.matrix_id, count})
      .status();
}

enum class Stored { kOvertaken, kSettled, kAdded };

// kOvertaken: nothing, somebody else was faster.
Result<Stored> Store(Transaction& tx, const SearchJob& job, Decision decision, ClassIds& classes) {
  QF_ASSIGN_OR_RETURN(const bool as_read, IsAsRead(tx, job.matrix_id, decision));
  if (!as_read) return Stored::kOvertaken;
  bool settled = decision.blocks.empty();
  if (!settled) {
    QF_ASSIGN_OR_RETURN(const bool room, HasRoom(tx, job.matrix_id, decision.blocks));
    settled = !room;
  }
  if (settled) {
    for (analysis::SearchedCurve& curve : decision.curves) {
      v1::CrossoverSearch& search = *curve.crossover.mutable_search();
      if (search.outcome() == v1::SEARCH_OUTCOME_RUNNING) {
        search.set_outcome(v1::SEARCH_OUTCOME_POINTS_SPENT);
      }
    }
    QF_RETURN_IF_ERROR(Settle(tx, job.matrix_id, decision.place, true));
  } else {
    QF_RETURN_IF_ERROR(AddBlocks(tx, job, decision, classes));
  }
  QF_RETURN_IF_ERROR(SaveCurves(tx, job.matrix_id, decision.place, decision.curves));
  return settled ? Stored::kSettled : Stored::kAdded;
}

// The matrix's version, locked; nothing if it does not run.
Result<std::optional<uint64_t>> LockRunning(Transaction& tx, const std::string& matrix_id) {
  QF_ASSIGN_OR_RETURN(
      const auto rows,
      tx.Query("SELECT version FROM matrix WHERE matrix_id = $1 AND state = 'running' FOR UPDATE",
               {matrix_id}));
  if (rows.empty()) return std::optional<uint64_t>();
  return std::optional<uint64_t>(rows[0][0].as<uint64_t>());
}

Status Close(Transaction& tx, const std::string& matrix_id) {
  QF_RETURN_IF_ERROR(
      tx.Query("UPDATE search SET is_open = false WHERE matrix_id = $1", {matrix_id}).status());
  // Ends the matrix if that was all it waited for.
  return EndBlocks(tx, {{matrix_id, 0}});
}

Status PutOff(Connection& db, const std::string& matrix_id, const std::string& reason) {
  log::Error("a matrix cannot be searched", {{"matrix", matrix_id}, {"reason", reason}});
  return db.Run([&](Transaction& tx) {
    return tx
        .Query(R"(
    UPDATE search SET reason = $2, not_before = clock_timestamp() + interval '1 min' WHERE matrix_id = $1)",
               {matrix_id, reason})
        .status();
  });
}

}  // namespace

Searcher::Searcher() = default;
Searcher::~Searcher() = default;

Status Searcher::KnowMatrix(Look& look) {
  if (known_id_ != look.job.matrix_id) {
    matrix::Limits limits;  // it was counted when it was taken
    limits.max_arms = std::numeric_limits<uint64_t>::max();
    const auto parsed = matrix::ParseMatrix(look.job.document, "matrix", limits);
    if (!parsed.matrix || !parsed.matrix->search) {
      look.problem = parsed.matrix ? "this version finds no search in it"
                                   : parsed.diagnostics.front().ToString();
      return OkStatus();
    }
    known_ = std::make_shared<Known>(parsed.matrix);
    known_id_ = look.job.matrix_id;
  }
  look.known = known_;
  return OkStatus();
}

Status Searcher::Inspect(Transaction& tx, Look& look) {
  const matrix::Matrix& matrix = *look.known->matrix;
  const matrix::SearchLines& lines = look.known->lines;
  QF_ASSIGN_OR_RETURN(const auto states, LoadStates(tx, look.job.matrix_id));
  QF_ASSIGN_OR_RETURN(const auto added, LoadAdded(tx, look.job.matrix_id));
  QF_ASSIGN_OR_RETURN(const auto settled, LoadSettled(tx, look.job.matrix_id));
  const matrix::BlockMaker maker(look.known->matrix, look.job.targets, look.job.joined);
  for (const auto& [place, line] : SortIntoLines(look.job, matrix, lines, states, added, maker)) {
    look.open = look.open || line.open;
    if (settled.contains(place)) {
      if (line.open) look.reopened.push_back(place);
      continue;
    }
    if (line.open) continue;
    if (look.decisions.size() == kLinesALook) {
      look.more = true;
      break;
    }
    QF_ASSIGN_OR_RETURN(const auto measured, CompareBlocks(tx, look.job.matrix_id, line.block_ids));
    auto decided = analysis::DecideLine(measured, line.added, SettingOf(matrix, lines, place));
    Decision& decision = look.decisions.emplace_back();
    decision.place = place;
    decision.added_before = line.added.size();
    decision.curves = std::move(decided.curves);
    MakeBlocks(matrix, lines, look.job.targets[static_cast<size_t>(place.first)], decided.next,
               &decision);
  }
  return OkStatus();
}

Result<bool> Searcher::Advance(Connection& db) {
  Look look;
  QF_RETURN_IF_ERROR(db.Run([&](Transaction& tx) -> Status {
    look = {};
    QF_RETURN_IF_ERROR(tx.UseOneSnapshot());
    QF_ASSIGN_OR_RETURN(look.job, FindSearch(tx));
    if (look.job.matrix_id.empty()) return OkStatus();
    QF_RETURN_IF_ERROR(KnowMatrix(look));
    return look.known ? Inspect(tx, look) : OkStatus();
  }));
  const SearchJob& job = look.job;
  if (job.matrix_id.empty()) return false;
  if (!look.problem.empty()) {
    QF_RETURN_IF_ERROR(PutOff(db, job.matrix_id, look.problem));
    return false;
  }
  bool over = false;
  QF_RETURN_IF_ERROR(db.Run([&](Transaction& tx) -> Status {
    if (!look.decisions.empty()) QF_RETURN_IF_ERROR(LockMatching(tx));
    QF_ASSIGN_OR_RETURN(const auto version, LockRunning(tx, job.matrix_id));
    if (!version) return OkStatus();
    ClassIds classes;
    bool all = !look.more;
    bool added = false;
    for (const LinePlace& place : look.reopened) {
      QF_RETURN_IF_ERROR(Settle(tx, job.matrix_id, place, false));
    }
    for (const Decision& decision : look.decisions) {
      QF_ASSIGN_OR_RETURN(const Stored stored, Store(tx, job, decision, classes));
      all = all && stored != Stored::kOvertaken;
      added = added || stored == Stored::kAdded;
    }
    over = all && !added && !look.open && job.complete && *version == job.version;
    if (over) return Close(tx, job.matrix_id);
    if (!all) return OkStatus();
    return tx
        .Query("UPDATE search SET seen_version = $2 WHERE matrix_id = $1",
               {job.matrix_id, job.version})
        .status();
  }));
  return look.more || over || !look.decisions.empty();
}

}  // namespace quantfleet::postgres
