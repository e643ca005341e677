// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "coordinator/scheduler/choice.hpp"

namespace quantfleet::scheduler {

// Texts as small numbers. The texts outlive it.
class Interned {
 public:
  int Add(std::string_view text);
  int Size() const { return static_cast<int>(texts_.size()); }
  std::string_view Text(int number) const { return texts_[static_cast<size_t>(number)]; }
  // -1 if it was never added.
  int Find(std::string_view text) const;

 private:
  std::unordered_map<std::string_view, int> numbers_;
  std::vector<std::string_view> texts_;
};

// Blocks in an order of which the first is taken again and again. What was given away is skipped.
struct Line {
  std::vector<int> items;
  size_t head = 0;
};

// The candidates of one Choose, in lines: for each class, band and principal one lot, with the
// orders that a choice asks for, made when first asked for.
class Backlog {
 public:
  static constexpr int kAnyWeights = -1;

  // The blocks of one class, band and principal, by sort_key and block_id.
  struct Lot {
    int band = 0;
    int principal = 0;  // number in Principals(), in order of their names
    int left = 0;
    Line order;
    std::unordered_map<int, Line> by_weights;
    // By device class, matrix and weights (kAnyWeights: all of them).
    std::map<std::tuple<int, int, int>, Line> longest;
    std::map<int, Line> shortest;  // by device class
  };
  struct Item {
    int lot = 0;
    int weights = 0;
    int matrix = 0;
    int cost = 0;
    bool given = false;
  };

  // `device_classes` are numbered by the caller. All outlive the object.
  Backlog(const std::vector<Candidate>& candidates, const Interned& device_classes,
          const CostModel& costs);

  const Candidate& At(int item) const { return candidates_[static_cast<size_t>(item)]; }
  Lot& LotAt(int lot) { return lots_[static_cast<size_t>(lot)]; }
  // Lots of a class; empty for one without candidates.
  const std::vector<int>& LotsOf(int64_t class_id) const;
  const Interned& Principals() const { return principals_; }

  // Of the lot, the first that the session may have; -1: none.
  int Front(int lot, const std::string& session);
  int FrontOfWeights(int lot, std::string_view weights_key, const std::string& session);
  int Longest(int lot, int device, int matrix, int weights, const std::string& session);
  int Shortest(int lot, int device, const std::string& session);

  int MatrixOf(int item) const { return items_[static_cast<size_t>(item)].matrix; }
  int WeightsOf(int item) const { return items_[static_cast<size_t>(item)].weights; }
  const Estimate& EstimateOf(int device, int item);
  // By sort_key, then block_id.
  bool Before(int item, int other) const;
  void Give(int item);

 private:
  void MakeLots();
  int FirstOf(Line* line, const std::string& session);
  // Items of the lot that are left, by estimate.
  std::vector<int> ByEstimate(const Lot& lot, int device, bool longest_first);

  const std::vector<Candidate>& candidates_;
  const Interned& device_classes_;
  const CostModel& costs_;
  Interned principals_, matrices_, weights_, cost_keys_;
  std::vector<Item> items_;
  std::vector<Lot> lots_;
  std::unordered_map<int64_t, std::vector<int>> lots_of_class_;
  // By device class and cost key; negative seconds: not asked yet.
  std::vector<std::vector<Estimate>> estimates_;
};

}  // namespace quantfleet::scheduler
