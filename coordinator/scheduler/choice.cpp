// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/scheduler/choice.hpp"

#include <algorithm>
#include <array>
#include <deque>
#include <map>
#include <queue>
#include <utility>

#include "coordinator/scheduler/backlog.hpp"

namespace quantfleet::scheduler {
namespace {

// Of two blocks that fit in what a session has left, the one with the weights at hand may take so
// much longer.
constexpr double kHardlyLonger = 1.25;
// At a tail a block that takes more than so many times as long is not kept waiting for the sake of
// weights at hand.
constexpr double kFarLonger = 2;
// Owed device time beyond this is forgotten; no block that a lower band may wait for is longer.
constexpr double kMostOwedSeconds = 3600;

// A principal where it stood when it was put in line; it only moves back.
struct Turn {
  double start = 0;
  int principal = 0;
  bool operator>(const Turn& other) const {
    return std::pair(start, principal) > std::pair(other.start, other.principal);
  }
};

// One band as devices of one kind see it.
struct BandView {
  std::priority_queue<Turn, std::vector<Turn>, std::greater<>> turns;
  std::map<int, std::vector<int>> lots;  // by principal
};

// Devices that see the same blocks and are charged alike.
struct Kind {
  int device = 0;
  std::array<BandView, kBands> bands;
};

// A seeker with what this call has given it.
struct Standing {
  Seeker seeker;
  Kind* kind = nullptr;
  int given = 0;
  double given_seconds = 0;
};

class Chooser {
 public:
  Chooser(const std::vector<Seeker>& seekers, const std::vector<Candidate>& candidates,
          Shares* shares, const CostModel& costs, const ChoicePolicy& policy)
      : policy_(policy),
        shares_(shares),
        device_classes_(DeviceClassesOf(seekers)),
        backlog_(candidates, device_classes_, costs) {
    for (int device = 0; device < device_classes_.Size(); ++device) {
      devices_.push_back(&shares->Of(std::string(device_classes_.Text(device))));
    }
    for (const Seeker& seeker : seekers) standings_.push_back({seeker, KindOf(seeker), 0, 0});
  }

  std::vector<Assignment> Run() {
    // Who holds n blocks stands in row n.
    std::map<int, std::vector<int>> rows;
    for (size_t i = 0; i < standings_.size(); ++i) {
      if (standings_[i].seeker.wants > 0) {
        rows[standings_[i].seeker.holds].push_back(static_cast<int>(i));
      }
    }
    while (!rows.empty()) {
      const auto [holds, row] = *rows.begin();
      rows.erase(rows.begin());
      std::vector<int>* next = nullptr;
      for (const int seeker : row) {
        if (!Serve(seeker)) continue;
        if (next == nullptr) next = &rows[holds + 1];
        next->push_back(seeker);
      }
      // Those who were there already go first, in the order given.
      if (next != nullptr) std::sort(next->begin(), next->end());
    }
    return std::move(assignments_);
  }

 private:
  static Interned DeviceClassesOf(const std::vector<Seeker>& seekers) {
    Interned classes;
    for (const Seeker& seeker : seekers) classes.Add(seeker.device_class);
    return classes;
  }

  Kind* KindOf(const Seeker& seeker) {
    const int device = device_classes_.Find(seeker.device_class);
    Kind*& kind = kind_of_[{device, seeker.classes}];
    if (kind != nullptr) return kind;
    kind = &kinds_.emplace_back();
    kind->device = device;
    for (const int64_t class_id : seeker.classes) {
      for (const int lot : backlog_.LotsOf(class_id)) {
        const Backlog::Lot& of = backlog_.LotAt(lot);
        kind->bands[static_cast<size_t>(of.band)].lots[of.principal].push_back(lot);
      }
    }
    for (BandView& band : kind->bands) {
      for (const auto& [principal, lots] : band.lots) {
        const std::string name(backlog_.Principals().Text(principal));
        // Who comes now stands here from now on, whenever its turn is.
        DeviceOf(device).finish.emplace(name, DeviceOf(device).now);
        band.turns.push({StartOf(device, principal), principal});
      }
    }
    return kind;
  }

  double StartOf(int device, int principal) const {
    return DeviceOf(device).StartOf(backlog_.Principals().Text(principal));
  }
  DeviceShares& DeviceOf(int device) const { return *devices_[static_cast<size_t>(device)]; }

  // Brings the principal whose turn it is to the top. False if the band is empty.
  bool Settle(Kind* kind, BandView* band) {
    while (!band->turns.empty()) {
      const Turn top = band->turns.top();
      const std::vector<int>& lots = band->lots[top.principal];
      const bool any = std::any_of(lots.begin(), lots.end(),
                                   [this](int lot) { return backlog_.LotAt(lot).left > 0; });
      const double start = any ? StartOf(kind->device, top.principal) : 0;
      if (any && start <= top.start) return true;
      band->turns.pop();
      if (any) band->turns.push({start, top.principal});
    }
    return false;
  }

  // True if the seeker got a block and may get another.
  bool Serve(int seeker) {
    Standing& standing = standings_[static_cast<size_t>(seeker)];
    Kind* const kind = standing.kind;
    std::array<bool, kBands> waiting{};
    for (size_t band = 0; band < kBands; ++band) waiting[band] = Settle(kind, &kind->bands[band]);
    const int due = DueBand(*kind, waiting);
    int item = due < 0 ? -1 : PickFromBand(&standing, due);
    bool owed = item >= 0;
    int band = due;
    for (int next = 0; item < 0 && next < kBands; ++next) {
      if (!waiting[static_cast<size_t>(next)] || next == due) continue;
      item = PickFromBand(&standing, next);
      band = next;
    }
    if (item < 0) return false;
    Give(seeker, item);
    Owe(kind->device, band, owed, waiting, backlog_.EstimateOf(kind->device, item).seconds);
    return standing.given < standing.seeker.wants && standing.given_seconds < policy_.queue_seconds;
  }

  // The band below the first that has most to get and can pay for its next block; -1: none.
  int DueBand(const Kind& kind, const std::array<bool, kBands>& waiting) {
    const auto& owed = DeviceOf(kind.device).owed;
    int due = -1;
    bool first = true;
    for (int band = 0; band < kBands; ++band) {
      const auto at = static_cast<size_t>(band);
      if (!waiting[at]) continue;
      const bool below = !std::exchange(first, false);
      if (!below || (due >= 0 && owed[at] <= owed[static_cast<size_t>(due)])) continue;
      const BandView& view = kind.bands[at];
      const int lot = FilledLot(view.lots.at(view.turns.top().principal));
      const int next = backlog_.Front(lot, "");
      const double price = backlog_.EstimateOf(kind.device, next).seconds;
      if (owed[at] >= std::min(price, kMostOwedSeconds)) due = band;
    }
    return due;
  }

  int FilledLot(const std::vector<int>& lots) {
    return *std::find_if(lots.begin(), lots.end(),
                         [this](int lot) { return backlog_.LotAt(lot).left > 0; });
  }

  // After a block of `band`: pays for it, or owes to those that it kept waiting.
  void Owe(int device, int band, bool paid, const std::array<bool, kBands>& waiting,
           double seconds) {
    auto& owed = DeviceOf(device).owed;
    const auto at = static_cast<size_t>(band);
    if (paid) {
      owed[at] = std::max(owed[at] - seconds, 0.0);
      return;
    }
    const auto below = std::count(waiting.begin() + band + 1, waiting.end(), true);
    for (size_t lower = at + 1; lower < kBands; ++lower) {
      if (!waiting[lower]) continue;
      const double more = seconds * policy_.low_band_share / static_cast<double>(below);
      owed[lower] = std::min(owed[lower] + more, kMostOwedSeconds);
    }
  }

  // A block of the band's first principal that has one for the seeker; -1: none has.
  int PickFromBand(Standing* standing, int band) {
    BandView& view = standing->kind->bands[static_cast<size_t>(band)];
    std::vector<Turn> passed;
    int item = -1;
    while (item < 0 && Settle(standing->kind, &view)) {
      passed.push_back(view.turns.top());
      item = PickOf(*standing, view.lots[passed.back().principal]);
      view.turns.pop();
    }
    for (const Turn& turn : passed) view.turns.push(turn);
    return item;
  }

  int PickOf(const Standing& standing, const std::vector<int>& lots) {
    const Seeker& seeker = standing.seeker;
    if (seeker.life_left_seconds > 0) return PickShort(standing, lots);
    const bool sticks = policy_.affinity && seeker.sticky_seconds < policy_.sticky_seconds;
    const int same = sticks ? SameWeights(seeker, lots) : -1;
    if (same >= 0 && !AtTail(same)) return same;
    const int front = First(lots, [&](int lot) { return backlog_.Front(lot, seeker.session_id); });
    if (same < 0 && (front < 0 || !AtTail(front))) return front;
    return PickAtTail(standing, lots, same, front);
  }

  bool AtTail(int item) const { return policy_.longest_first && backlog_.At(item).tail; }

  // The longest of the matrix of `same`, with its weights, unless some other is far longer; of that
  // of `front` if there is none.
  int PickAtTail(const Standing& standing, const std::vector<int>& lots, int same, int front) {
    const int any =
        AtTail(front) ? PickLongest(standing, lots, backlog_.MatrixOf(front), Backlog::kAnyWeights)
                      : front;
    if (same < 0) return any;
    const int near = PickLongest(standing, lots, backlog_.MatrixOf(same), backlog_.WeightsOf(same));
    const int device = standing.kind->device;
    const double near_seconds = backlog_.EstimateOf(device, near).seconds;
    return backlog_.EstimateOf(device, any).seconds > kFarLonger * near_seconds ? any : near;
  }

  // First by sort key of what `pick` finds in each lot.
  template <typename Pick>
  int First(const std::vector<int>& lots, const Pick& pick) {
    int first = -1;
    for (const int lot : lots) {
      const int item = pick(lot);
      if (item >= 0 && (first < 0 || backlog_.Before(item, first))) first = item;
    }
    return first;
  }

  int SameWeights(const Seeker& seeker, const std::vector<int>& lots) {
    if (seeker.last_weights_key.empty()) return -1;
    return First(lots, [&](int lot) {
      return backlog_.FrontOfWeights(lot, seeker.last_weights_key, seeker.session_id);
    });
  }

  int PickLongest(const Standing& standing, const std::vector<int>& lots, int matrix, int weights) {
    const int device = standing.kind->device;
    int longest = -1;
    for (const int lot : lots) {
      const int item = backlog_.Longest(lot, device, matrix, weights, standing.seeker.session_id);
      if (item < 0) continue;
      const double seconds = backlog_.EstimateOf(device, item).seconds;
      const double most = longest < 0 ? -1 : backlog_.EstimateOf(device, longest).seconds;
      if (seconds > most || (seconds == most && backlog_.Before(item, longest))) longest = item;
    }
    return longest;
  }

  int PickShort(const Standing& standing, const std::vector<int>& lots) {
    const int device = standing.kind->device;
    const Seeker& seeker = standing.seeker;
    int shortest = -1;
    for (const int lot : lots) {
      const int item = backlog_.Shortest(lot, device, seeker.session_id);
      if (item < 0) continue;
      const double seconds = backlog_.EstimateOf(device, item).seconds;
      const double least = shortest < 0 ? seconds : backlog_.EstimateOf(device, shortest).seconds;
      if (shortest < 0 || seconds < least ||
          (seconds == least && backlog_.Before(item, shortest))) {
        shortest = item;
      }
    }
    if (shortest < 0) return -1;
    const Estimate& least = backlog_.EstimateOf(device, shortest);
    if (least.known && least.seconds >= seeker.life_left_seconds) return -1;
    if (!policy_.affinity || seeker.sticky_seconds >= policy_.sticky_seconds) return shortest;
    const int same = SameWeights(seeker, lots);
    if (same < 0) return shortest;
    const double seconds = backlog_.EstimateOf(device, same).seconds;
    const bool fits = seconds < seeker.life_left_seconds || !least.known;
    return fits && seconds <= kHardlyLonger * least.seconds ? same : shortest;
  }

  void Give(int seeker, int item) {
    Standing& standing = standings_[static_cast<size_t>(seeker)];
    const Candidate& candidate = backlog_.At(item);
    const double seconds = backlog_.EstimateOf(standing.kind->device, item).seconds;
    backlog_.Give(item);
    assignments_.push_back({seeker, item, seconds});
    ++standing.given;
    // The first may be as long as it is: the device would stand idle.
    if (standing.seeker.holds + standing.given > 1) standing.given_seconds += seconds;
    Remember(&standing.seeker, candidate, seconds);
    DeviceShares& shares = DeviceOf(standing.kind->device);
    const double start = shares.StartOf(candidate.principal);
    shares.now = std::max(shares.now, start);
    shares.finish[candidate.principal] = start + seconds / shares_->WeightOf(candidate.principal);
  }

  // What the next choice for the seeker is to know.
  static void Remember(Seeker* seeker, const Candidate& candidate, double seconds) {
    const bool same = candidate.weights_key == seeker->last_weights_key;
    seeker->sticky_seconds = (same ? seeker->sticky_seconds : 0) + seconds;
    seeker->last_weights_key = candidate.weights_key;
    // A life that is over is still bounded.
    if (seeker->life_left_seconds > 0) {
      seeker->life_left_seconds = std::max(seeker->life_left_seconds - seconds, 1e-9);
    }
  }

  const ChoicePolicy& policy_;
  Shares* const shares_;
  const Interned device_classes_;
  Backlog backlog_;
  std::vector<DeviceShares*> devices_;
  std::deque<Kind> kinds_;
  std::map<std::pair<int, std::vector<int64_t>>, Kind*> kind_of_;
  std::vector<Standing> standings_;
  std::vector<Assignment> assignments_;
};

}  // namespace

std::vector<Assignment> Choose(const std::vector<Seeker>& seekers,
                               const std::vector<Candidate>& candidates, Shares* shares,
                               const CostModel& costs, const ChoicePolicy& policy) {
  return Chooser(seekers, candidates, shares, costs, policy).Run();
}

}  // namespace quantfleet::scheduler
