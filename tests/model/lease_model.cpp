// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "tests/model/lease_model.hpp"

#include <algorithm>

namespace quantfleet::model {
namespace {

// Blocks and sessions as the SQL names them.
std::string B(int block) {
  return "b" + std::to_string(block);
}
std::string S(int session) {
  return "s" + std::to_string(session);
}

// report/judge.cpp, Release: DELETE FROM lease, DELETE FROM ready.
void Release(Block& block) {
  block.lease_session = block.lease_epoch = kNone;
  block.lease_late = 0;
  block.queued = 0;
}

// queue.cpp, EndMatrixIfOver: UPDATE matrix SET state = CASE ...
void EndMatrixIfOver(State& state) {
  const auto any = [&](auto holds) {
    return std::any_of(state.blocks.begin(), state.blocks.end(), holds);
  };
  const bool open = any([](const Block& b) { return b.state == kReady || b.state == kLeased; });
  if (state.matrix != kRunning || open) return;
  const bool failed = any([](const Block& b) { return b.state == kFailed; });
  state.matrix = failed ? kMatrixFailed : kMatrixCompleted;
}

class Rules {
 public:
  Rules(const State& from, Broken broken) : from_(from), broken_(broken) {}

  std::vector<Step> All() {
    for (int session = 0; session < kSessions; ++session) {
      Hello(session);
      Goodbye(session);
      Idle(session);
      Busy(session);
      Expire(session);
    }
    for (int block = 0; block < kBlocks; ++block) {
      Pass(block);
      for (uint8_t epoch = 1; epoch <= kEpochs; ++epoch) {
        if ((from_.blocks[Index(block)].granted >> epoch & 1) == 0) continue;
        for (uint8_t content = 0; content < 2; ++content) Report(block, epoch, content);
        Failure(block, epoch);
      }
    }
    Cancel();
    Retry();
    return std::move(steps_);
  }

 private:
  static size_t Index(int number) { return static_cast<size_t>(number); }

  void Add(const State& to, std::string name, std::string violation = "") {
    steps_.push_back({to, std::move(name), false, kNone, std::move(violation)});
  }
  // A step that leads to the end as long as the agent of `actor` lives.
  void AddHelpful(const State& to, std::string name, int actor, std::string violation = "") {
    steps_.push_back(
        {to, std::move(name), true, static_cast<uint8_t>(actor), std::move(violation)});
  }

  // loss.cpp, TakeBack: `held` joins lease and block on state and epoch; both rows move. Of a block
  // that is poison, Bury ends the matrix.
  void TakeBack(State& state, int session, bool is_loss) const {
    for (Block& block : state.blocks) {
      const bool held = block.lease_session == session && block.state == kLeased &&
                        block.epoch == block.lease_epoch;
      if (!held) continue;
      Release(block);
      block.losing_sessions = static_cast<uint8_t>(block.losing_sessions + (is_loss ? 1 : 0));
      const bool poison = is_loss && block.losing_sessions >= kMaxLosingSessions;
      block.state = poison ? kFailed : kReady;
      block.queued = poison || broken_ == Broken::kLossForgetsTheQueue ? 0 : 1;
      if (poison && broken_ != Broken::kPoisonForgetsTheMatrix) EndMatrixIfOver(state);
    }
  }

  // loss.cpp, EndSession: closes an open session, and takes back what it holds in any case.
  void EndSession(State& state, int session, bool is_loss) const {
    Session& row = state.sessions[Index(session)];
    if (row.state == kOpen) row.state = kOver;
    TakeBack(state, session, is_loss);
  }

  // sync/hello_batch.cpp, SupersedeFormer: the former session of the agent ends as `superseded`.
  void Hello(int session) {
    State to = from_;
    EndSession(to, session, true);
    to.sessions[Index(session)] = Session{kOpen, kNone, kNone};
    AddHelpful(to, "hello(" + S(session) + ")", session);
  }

  // agent_store.cpp, CloseSession.
  void Goodbye(int session) {
    if (from_.sessions[Index(session)].state == kAbsent) return;
    State to = from_;
    EndSession(to, session, false);
    to.sessions[Index(session)].block = to.sessions[Index(session)].epoch = kNone;
    Add(to, "goodbye(" + S(session) + ")");
  }

  // sync/sync_batch.cpp, of an idle session without prefetch: OfferAgain, else ClaimBlocks.
  void Idle(int session) {
    const Session& row = from_.sessions[Index(session)];
    if (row.state != kOpen || row.block != kNone) return;
    bool busy = false;
    for (int number = 0; number < kBlocks; ++number) {
      const Block& block = from_.blocks[Index(number)];
      // kHostBusy: any lease of the session's device.
      busy = busy || block.lease_session == session;
      const bool again = block.lease_session == session && block.lease_epoch == block.epoch &&
                         block.state == kLeased;
      if (!again) continue;
      State to = from_;
      to.sessions[Index(session)] = Session{kOpen, static_cast<uint8_t>(number), block.epoch};
      AddHelpful(to, "offered again(" + S(session) + ", " + B(number) + ")", session);
      return;
    }
    if (busy) return;
    // SKIP LOCKED: any of the queued ones, not only the first.
    for (int number = 0; number < kBlocks; ++number) Claim(session, number);
  }

  // sync/claim.cpp, Take: gone, taken, leased.
  void Claim(int session, int number) {
    if (from_.blocks[Index(number)].queued == 0) return;
    if (from_.blocks[Index(number)].epoch >= kEpochs) return;  // the bound of this search
    State to = from_;
    Block& block = to.blocks[Index(number)];
    block.queued = 0;
    std::string violation;
    const bool taken = block.state == kReady;
    if (taken) {
      block.state = kLeased;
      if (broken_ != Broken::kClaimKeepsTheEpoch || block.epoch == 0) ++block.epoch;
      block.lease_session = static_cast<uint8_t>(session);
      block.lease_epoch = block.epoch;
      block.lease_late = 0;
      if ((block.granted >> block.epoch & 1) != 0) violation = "an epoch is granted twice";
      block.granted = static_cast<uint8_t>(block.granted | 1 << block.epoch);
      block.rightful = block.epoch;
    }
    const std::string name = "claim(" + S(session) + ", " + B(number) + ")";
    Add(to, name + ", answer lost", violation);
    if (!taken) return;
    to.sessions[Index(session)] = Session{kOpen, static_cast<uint8_t>(number), block.epoch};
    AddHelpful(to, name, session, violation);
  }

  // sync/held.cpp, RenewLeases (block_id, epoch, session_id), else RefuseAll. Of a
  // session that is over: FAILED_PRECONDITION, and the agent drops what it ran.
  void Busy(int session) {
    const Session& row = from_.sessions[Index(session)];
    if (row.state == kAbsent || row.block == kNone) return;
    State to = from_;
    Block& block = to.blocks[row.block];
    const bool held =
        row.state == kOpen && block.lease_session == session && block.lease_epoch == row.epoch;
    if (held) {
      block.lease_late = 0;
      return Add(to, "renew(" + S(session) + ")");
    }
    to.sessions[Index(session)].block = to.sessions[Index(session)].epoch = kNone;
    AddHelpful(to, "stop(" + S(session) + ")", session);
  }

  // Time passes: expire_time < clock_timestamp().
  void Pass(int number) {
    if (from_.blocks[Index(number)].lease_session == kNone) return;
    State to = from_;
    to.blocks[Index(number)].lease_late = 1;
    AddHelpful(to, "time passes(" + B(number) + ")", kNone);
  }

  // agent_store.cpp, ExpireOne.
  void Expire(int session) {
    const bool late =
        std::any_of(from_.blocks.begin(), from_.blocks.end(), [session](const Block& block) {
          return block.lease_session == session && block.lease_late == 1;
        });
    if (!late || broken_ == Broken::kNothingExpires) return;
    State to = from_;
    EndSession(to, session, true);
    AddHelpful(to, "expire(" + S(session) + ")", kNone);
  }

  // report/judge.cpp, DecideResult; then Accept.
  void Report(int number, uint8_t epoch, uint8_t content) {
    State to = from_;
    Block& block = to.blocks[Index(number)];
    // SUPERSEDED, DUPLICATE or CONFLICT: block_result has a row.
    if (block.result_epoch != kNone && broken_ != Broken::kReportIgnoresTheStoredResult) return;
    // CANCELLED.
    if (block.state == kCancelled || to.matrix == kMatrixCancelled) return;
    // SUPERSEDED: `current` asks for the block's epoch and for leased or ready.
    if (epoch != block.epoch && broken_ != Broken::kReportIgnoresTheEpoch) return;
    if (block.state != kLeased && block.state != kReady &&
        broken_ != Broken::kReportIgnoresTheStoredResult)
      return;
    std::string violation;
    if (epoch != block.rightful) violation = "a result is accepted under a stale epoch";
    if (block.told_epoch != kNone) violation = "a second result is accepted";
    block.result_epoch = epoch;
    block.result_content = content;
    Release(block);
    block.state = kDone;
    EndMatrixIfOver(to);
    block.told_epoch = epoch;
    block.told_content = content;
    const std::string name = "report(" + B(number) + ", epoch " + std::to_string(epoch) +
                             ", content " + std::to_string(content) + ")";
    // Only a report of an agent that believes it runs the grant is to be counted on.
    const auto holder =
        std::find_if(from_.sessions.begin(), from_.sessions.end(),
                     [&](const Session& row) { return row.block == number && row.epoch == epoch; });
    if (holder == from_.sessions.end()) return Add(to, name, violation);
    AddHelpful(to, name, static_cast<int>(holder - from_.sessions.begin()), violation);
  }

  // report/judge.cpp, DecideFailure; then Fail: the end when the budget is spent, else QueueBlocks.
  void Failure(int number, uint8_t epoch) {
    State to = from_;
    Block& block = to.blocks[Index(number)];
    if (epoch != block.epoch && broken_ != Broken::kFailureIgnoresTheEpoch) return;
    if (block.state != kLeased) return;
    const std::string violation =
        epoch == block.rightful ? "" : "a failure is accepted under a stale epoch";
    ++block.failures;
    Release(block);
    block.state = block.failures >= kMaxFailures ? kFailed : kReady;
    block.queued = block.state == kReady ? 1 : 0;
    if (block.state == kFailed) EndMatrixIfOver(to);
    Add(to, "failure(" + B(number) + ", epoch " + std::to_string(epoch) + ")", violation);
  }

  // matrix_store.cpp, CancelBlocks.
  void Cancel() {
    if (from_.matrix != kRunning) return;
    State to = from_;
    for (Block& block : to.blocks) {
      if (block.state != kReady && block.state != kLeased) continue;
      Release(block);
      block.state = kCancelled;
      ++block.epoch;
      block.rightful = kNone;
    }
    to.matrix = kMatrixCancelled;
    Add(to, "cancel");
  }

  // matrix_store.cpp, QueueForRetry of all blocks that are over: their results become history.
  void Retry() {
    State to = from_;
    bool any = false;
    for (Block& block : to.blocks) {
      if (block.state == kReady || block.state == kLeased) continue;
      if (block.epoch >= kEpochs) return;  // the bound of this search
      any = true;
      block.result_epoch = block.result_content = kNone;
      block.told_epoch = block.told_content = kNone;
      block.state = kReady;
      if (broken_ != Broken::kRetryKeepsTheEpoch) ++block.epoch;
      block.failures = block.losing_sessions = 0;
      block.queued = 1;
      block.rightful = kNone;
    }
    if (!any) return;
    to.matrix = kRunning;
    Add(to, "retry");
  }

  const State& from_;
  const Broken broken_;
  std::vector<Step> steps_;
};

std::string BlockViolation(const State& state, const Block& block) {
  if ((block.state == kReady) != (block.queued == 1)) return "ready and the queue disagree";
  if ((block.state == kLeased) != (block.lease_session != kNone)) return "leased without a lease";
  if (block.lease_session != kNone && block.lease_epoch != block.epoch)
    return "a lease of another epoch";
  if (block.lease_session != kNone && state.sessions[block.lease_session].state != kOpen)
    return "a session that is over holds a block";
  if ((block.state == kDone) != (block.result_epoch != kNone)) return "done without a result";
  if (block.result_epoch != block.told_epoch || block.result_content != block.told_content)
    return "an accepted result is lost or changed";
  return "";
}

}  // namespace

std::vector<Step> StepsFrom(const State& state, Broken broken) {
  return Rules(state, broken).All();
}

std::string Violation(const State& state) {
  std::array<int, kSessions> held{};
  bool left = false;
  for (const Block& block : state.blocks) {
    if (std::string why = BlockViolation(state, block); !why.empty()) return why;
    if (block.lease_session != kNone && ++held[block.lease_session] > 1)
      return "a device holds two blocks";
    left = left || block.state == kReady || block.state == kLeased;
  }
  if (left != (state.matrix == kRunning)) return "the matrix and its blocks disagree";
  return "";
}

bool IsOver(const State& state) {
  return std::all_of(state.blocks.begin(), state.blocks.end(), [](const Block& block) {
    const bool bound = block.state == kReady && block.queued == 1 && block.epoch >= kEpochs;
    return bound || (block.state != kReady && block.state != kLeased);
  });
}

}  // namespace quantfleet::model
