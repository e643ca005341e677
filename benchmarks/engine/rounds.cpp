// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/engine/rounds.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include "base/clock.hpp"
#include "kernels/engine/random.hpp"
#include "kernels/engine/statistics.hpp"

namespace quantfleet::bench {
namespace {

constexpr uint32_t kRounds = 20;
constexpr uint32_t kMostRounds = 60;
constexpr uint32_t kRoundsOfLongCalls = 10;
constexpr uint32_t kMostRoundsOfLongCalls = 20;
constexpr uint32_t kFewestRounds = 10;
// Waking the threads and filling the predictors is nothing to a call this long.
constexpr double kLongCallSeconds = 0.02;
constexpr double kMostWaitedShare = 0.05;
constexpr uint32_t kOrderStream = 0x0DE5;

struct Call {
  double seconds = 0;
  bool disturbed = false;
};

// One arm on its way through the rounds.
class Visitor {
 public:
  Visitor(Arm& arm, uint32_t threads, const std::function<double()>& waited)
      : arm_(arm), threads_(threads), waited_(waited) {}

  // Two calls: the first may find cold pages and sleeping threads.
  Result<double> Estimate() {
    QF_RETURN_IF_ERROR(Run().status());
    QF_ASSIGN_OR_RETURN(const Call call, Run());
    call_seconds_ = best_ = call.seconds;
    arm_.Rest();
    return call.seconds;
  }

  // True if some call was undisturbed; then only those count.
  Result<bool> Visit(double seconds) {
    if (call_seconds_ < kLongCallSeconds) QF_RETURN_IF_ERROR(Run().status());
    const auto calls = static_cast<size_t>(std::clamp(seconds / call_seconds_, 1.0, 1e4));
    std::vector<double> all;
    std::vector<double> undisturbed;
    for (size_t i = 0; i < calls; ++i) {
      QF_ASSIGN_OR_RETURN(const Call call, Run());
      all.push_back(call.seconds);
      if (!call.disturbed) undisturbed.push_back(call.seconds);
      best_ = std::min(best_, call.seconds);
    }
    arm_.Rest();
    const bool quiet = !undisturbed.empty();
    medians_.push_back(engine::Median(quiet ? std::move(undisturbed) : std::move(all)));
    return quiet;
  }

  // Of the rounds that `counts` names, by number.
  ArmTimes Times(const std::vector<bool>& counts) const {
    ArmTimes times;
    times.best = best_;
    for (size_t round = 0; round < counts.size(); ++round) {
      if (counts[round]) times.rounds.push_back(medians_[round]);
    }
    return times;
  }

 private:
  Result<Call> Run() {
    const double waited = waited_();
    const Duration start = Clock::Steady()->Now();
    const Status status = arm_.Run(next_copy_);
    const double seconds = ToSeconds(Clock::Steady()->Now() - start);
    QF_RETURN_IF_ERROR(status);
    next_copy_ = next_copy_ + 1 == arm_.copies() ? 0 : next_copy_ + 1;
    const double lost = waited_() - waited;
    if (threads_ == 1 && seconds - lost > kLongCallSeconds) return Call{seconds - lost, false};
    return Call{seconds, lost > kMostWaitedShare * seconds};
  }

  Arm& arm_;
  const uint32_t threads_;
  const std::function<double()>& waited_;
  uint32_t next_copy_ = 0;
  double call_seconds_ = 0;
  double best_ = 0;
  std::vector<double> medians_;
};

void Shuffle(uint32_t seed, uint32_t round, std::vector<Visitor*>* order) {
  for (size_t i = order->size(); i > 1; --i) {
    const uint32_t drawn = engine::RandomBelow(seed, kOrderStream, round * order->size() + i,
                                               static_cast<uint32_t>(i));
    std::swap((*order)[i - 1], (*order)[drawn]);
  }
}

}  // namespace

Result<RoundTimes> MeasureRounds(std::span<Arm* const> arms, const RoundPlan& plan,
                                 const std::function<double()>& waited) {
  QF_CHECK(!arms.empty());
  std::vector<Visitor> visitors;
  for (Arm* const arm : arms) visitors.emplace_back(*arm, plan.threads, waited);
  std::vector<Visitor*> order;
  double round_seconds = 0;
  for (Visitor& visitor : visitors) {
    QF_ASSIGN_OR_RETURN(const double call_seconds, visitor.Estimate());
    round_seconds += call_seconds;
    order.push_back(&visitor);
  }
  const bool long_calls = round_seconds * kRounds > plan.seconds;
  const uint32_t wanted = long_calls ? kRoundsOfLongCalls : kRounds;
  const uint32_t most = long_calls ? kMostRoundsOfLongCalls : kMostRounds;
  const double share = plan.seconds / wanted / static_cast<double>(arms.size());
  std::vector<bool> quiet;
  uint32_t quiet_rounds = 0;
  while (quiet_rounds < wanted && quiet.size() < most) {
    Shuffle(plan.seed, static_cast<uint32_t>(quiet.size()), &order);
    bool all_quiet = true;
    for (Visitor* const visitor : order) {
      QF_ASSIGN_OR_RETURN(const bool undisturbed, visitor->Visit(share));
      all_quiet = all_quiet && undisturbed;
    }
    quiet.push_back(all_quiet);
    if (all_quiet) ++quiet_rounds;
  }
  RoundTimes times;
  times.rounds = static_cast<uint32_t>(quiet.size());
  times.disturbed = times.rounds - quiet_rounds;
  times.quiet = quiet_rounds >= kFewestRounds;
  if (!times.quiet) quiet.assign(quiet.size(), true);
  for (const Visitor& visitor : visitors) times.arms.push_back(visitor.Times(quiet));
  return times;
}

}  // namespace quantfleet::bench
