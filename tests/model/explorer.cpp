// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "tests/model/explorer.hpp"

#include <cstdint>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

namespace quantfleet::model {
namespace {

static_assert(std::has_unique_object_representations_v<State>);

struct Hash {
  size_t operator()(const State& state) const {
    return std::hash<std::string_view>()({reinterpret_cast<const char*>(&state), sizeof(State)});
  }
};

class Search {
 public:
  explicit Search(Broken broken) : broken_(broken) {}

  Exploration Run() {
    Visit(State(), 0);
    for (uint32_t at = 0; at < states_.size() && found_.violation.empty(); ++at) Expand(at);
    for (uint8_t gone = 0; gone < kSessions && found_.violation.empty(); ++gone) FindStuck(gone);
    found_.states = states_.size();
    return std::move(found_);
  }

 private:
  // The number of a state, new or known.
  uint32_t Visit(const State& state, uint32_t from) {
    const auto [entry, fresh] = numbers_.try_emplace(state, static_cast<uint32_t>(states_.size()));
    if (fresh) {
      states_.push_back(state);
      came_from_.push_back(from);
    }
    return entry->second;
  }

  void Expand(uint32_t at) {
    const State from = states_[at];
    if (const std::string why = Violation(from); !why.empty()) return Blame(at, why);
    for (const Step& step : StepsFrom(from, broken_)) {
      ++found_.steps;
      const uint32_t to = Visit(step.to, at);
      if (step.helpful && to != at) helpful_.push_back({at, to, step.actor});
      if (!step.violation.empty()) return Blame(at, step.name + ": " + step.violation);
    }
  }

  struct Edge {
    uint32_t from = 0;
    uint32_t to = 0;
    uint8_t actor = kNone;
  };

  // Where each state's edges begin in `before`, the states from which steps lead to it.
  std::vector<uint32_t> Reverse(uint8_t gone, std::vector<uint32_t>& before) const {
    std::vector<uint32_t> first(states_.size() + 1);
    for (const Edge& edge : helpful_) first[edge.to + 1] += edge.actor != gone ? 1 : 0;
    for (size_t i = 1; i < first.size(); ++i) first[i] += first[i - 1];
    before.resize(first.back());
    std::vector<uint32_t> next(first.begin(), first.end() - 1);
    for (const Edge& edge : helpful_) {
      if (edge.actor != gone) before[next[edge.to]++] = edge.from;
    }
    return first;
  }

  // Goes back from the ends along helpful steps until nothing is added.
  void FindStuck(uint8_t gone) {
    std::vector<uint32_t> before;
    const std::vector<uint32_t> first = Reverse(gone, before);
    std::vector<bool> ends(states_.size());
    std::vector<uint32_t> work;
    const auto mark = [&](uint32_t at) {
      if (!ends[at]) work.push_back(at);
      ends[at] = true;
    };
    for (uint32_t at = 0; at < states_.size(); ++at) {
      if (IsOver(states_[at])) mark(at);
    }
    while (!work.empty()) {
      const uint32_t at = work.back();
      work.pop_back();
      for (uint32_t i = first[at]; i < first[at + 1]; ++i) mark(before[i]);
    }
    for (uint32_t at = 0; at < states_.size(); ++at) {
      if (!ends[at])
        return Blame(at, "a block is stuck when s" + std::to_string(gone) + " is gone");
    }
  }

  void Blame(uint32_t at, const std::string& why) {
    std::vector<uint32_t> path;
    for (uint32_t state = at; state != 0; state = came_from_[state]) path.push_back(state);
    uint32_t from = 0;
    for (auto state = path.rbegin(); state != path.rend(); from = *state++) {
      for (const Step& step : StepsFrom(states_[from], broken_)) {
        if (!(step.to == states_[*state])) continue;
        found_.violation += step.name + "\n";
        break;
      }
    }
    found_.violation += why;
  }

  const Broken broken_;
  Exploration found_;
  std::unordered_map<State, uint32_t, Hash> numbers_;
  std::vector<State> states_;
  std::vector<uint32_t> came_from_;
  std::vector<Edge> helpful_;
};

}  // namespace

Exploration Explore(Broken broken) {
  return Search(broken).Run();
}

}  // namespace quantfleet::model
