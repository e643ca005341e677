// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/scheduler/choice.hpp"

#include <algorithm>
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace quantfleet::scheduler {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr int64_t kClass = 1;

// Takes `seconds` by its prior.
Candidate Block(int64_t id, double seconds = 10, const std::string& principal = "ann") {
  Candidate candidate;
  candidate.block_id = id;
  candidate.class_id = kClass;
  candidate.principal = principal;
  candidate.matrix_id = "matrix of " + principal;
  candidate.cost_key = "1x" + std::to_string(seconds) + "/k";
  candidate.weights_key = "w";
  return candidate;
}

Candidate WithWeights(Candidate candidate, const std::string& key) {
  candidate.weights_key = key;
  return candidate;
}

Candidate InBand(Candidate candidate, int band) {
  candidate.band = band;
  return candidate;
}

Candidate AtTail(Candidate candidate) {
  candidate.tail = true;
  return candidate;
}

Seeker Session(const std::string& id, int wants = 1) {
  Seeker seeker;
  seeker.session_id = id;
  seeker.classes = {kClass};
  seeker.device_class = "cpu/a";
  seeker.wants = wants;
  return seeker;
}

// How many are in [first, end).
int CountFrom(int64_t first, int64_t end, const std::vector<int64_t>& ids) {
  int count = 0;
  for (const int64_t id : ids) count += id >= first && id < end;
  return count;
}

class ChoiceTest : public ::testing::Test {
 protected:
  // The ids given to each session, in the order given.
  std::map<std::string, std::vector<int64_t>> Give(const std::vector<Seeker>& seekers,
                                                   const std::vector<Candidate>& candidates) {
    std::map<std::string, std::vector<int64_t>> given;
    for (const Assignment& assignment : Choose(seekers, candidates, &shares_, costs_, policy_)) {
      given[seekers[static_cast<size_t>(assignment.seeker)].session_id].push_back(
          candidates[static_cast<size_t>(assignment.candidate)].block_id);
    }
    return given;
  }
  std::vector<int64_t> GiveOne(const Seeker& seeker, const std::vector<Candidate>& candidates) {
    return Give({seeker}, candidates)[seeker.session_id];
  }

  Shares shares_;
  CostModel costs_;
  ChoicePolicy policy_;
};

TEST_F(ChoiceTest, NothingForNobody) {
  EXPECT_THAT(Give({}, {Block(1)}), IsEmpty());
  EXPECT_THAT(Give({Session("s")}, {}), IsEmpty());
  EXPECT_THAT(Give({Session("s", 0)}, {Block(1)}), IsEmpty());
}

TEST_F(ChoiceTest, OnlyToWhoHasTheClass) {
  Candidate other = Block(1);
  other.class_id = 7;
  Seeker both = Session("both", 2);
  both.classes = {kClass, 7};
  EXPECT_THAT(GiveOne(Session("s", 5), {other, Block(2)}), ElementsAre(2));
  EXPECT_THAT(GiveOne(both, {other, Block(2)}), ElementsAre(1, 2));
}

TEST_F(ChoiceTest, BySortKeyAndThenById) {
  std::vector<Candidate> candidates = {Block(3), Block(2), Block(1)};
  candidates[0].sort_key = -1;
  EXPECT_THAT(GiveOne(Session("s", 3), candidates), ElementsAre(3, 1, 2));
}

TEST_F(ChoiceTest, EveryoneGetsOneBeforeAnyoneGetsTwo) {
  const auto given = Give({Session("a", 3), Session("b", 3), Session("c", 3)},
                          {Block(1), Block(2), Block(3), Block(4)});
  EXPECT_THAT(given.at("a"), ElementsAre(1, 4));
  EXPECT_THAT(given.at("b"), ElementsAre(2));
  EXPECT_THAT(given.at("c"), ElementsAre(3));
}

TEST_F(ChoiceTest, WhoIdlesComesBeforeWhoLooksAhead) {
  Seeker busy = Session("busy");
  busy.holds = 1;
  const auto given = Give({busy, Session("idle")}, {Block(1)});
  EXPECT_THAT(given.at("idle"), ElementsAre(1));
  EXPECT_FALSE(given.contains("busy"));
}

TEST_F(ChoiceTest, NobodyHoardsLongBlocks) {
  policy_.queue_seconds = 25;
  EXPECT_EQ(
      GiveOne(Session("s", 9), {Block(1), Block(2), Block(3), Block(4), Block(5), Block(6)}).size(),
      4U);
  EXPECT_EQ(GiveOne(Session("t", 9), {Block(1, 1000), Block(2, 1000), Block(3, 1000)}).size(), 2U);
}

TEST_F(ChoiceTest, NotToTheSessionThatIsAvoided) {
  Candidate failed = Block(1);
  failed.avoid_session = "a";
  EXPECT_THAT(GiveOne(Session("a", 2), {failed, Block(2)}), ElementsAre(2));
  EXPECT_THAT(GiveOne(Session("b", 2), {failed, Block(2)}), ElementsAre(1, 2));
  // Also where an order was made before.
  EXPECT_THAT(Give({Session("a"), Session("b")}, {failed}).at("b"), ElementsAre(1));
}

TEST_F(ChoiceTest, LowerBandsGoFirstAndOthersGetTheirShare) {
  std::vector<Candidate> candidates;
  for (int i = 0; i < 200; ++i) candidates.push_back(InBand(Block(i, 1), 3));
  for (int i = 200; i < 300; ++i) candidates.push_back(InBand(Block(i, 1), 9));
  policy_.queue_seconds = 1e9;
  const auto given = GiveOne(Session("s", 100), candidates);
  ASSERT_EQ(given.size(), 100U);
  EXPECT_TRUE(std::all_of(given.begin(), given.begin() + 19, [](int64_t id) { return id < 200; }));
  EXPECT_NEAR(CountFrom(200, 300, given), 5, 1);
}

TEST_F(ChoiceTest, PrincipalsShareOneBatchByWeight) {
  shares_.SetWeight("bob", 3);
  std::vector<Candidate> candidates;
  for (int i = 0; i < 100; ++i) candidates.push_back(Block(i, 10, "ann"));
  for (int i = 100; i < 200; ++i) candidates.push_back(Block(i, 10, "bob"));
  policy_.queue_seconds = 1e9;
  const auto given = GiveOne(Session("s", 80), candidates);
  EXPECT_NEAR(CountFrom(100, 200, given), 60, 1);
}

TEST_F(ChoiceTest, SecondsCountAndNotBlocks) {
  std::vector<Candidate> candidates;
  for (int i = 0; i < 100; ++i) candidates.push_back(Block(i, 40, "ann"));
  for (int i = 100; i < 200; ++i) candidates.push_back(Block(i, 10, "bob"));
  policy_.queue_seconds = 1e9;
  const auto given = GiveOne(Session("s", 50), candidates);
  EXPECT_NEAR(CountFrom(0, 100, given), 10, 1);
}

TEST_F(ChoiceTest, ACorrectionMovesAPrincipalUp) {
  const std::vector<Candidate> candidates = {Block(1, 10, "ann"), Block(2, 10, "ann"),
                                             Block(3, 10, "bob"), Block(4, 10, "bob")};
  EXPECT_THAT(GiveOne(Session("s"), candidates), ElementsAre(1));
  // The block took no time at all, so it is ann's turn still.
  shares_.Correct("cpu/a", "ann", 10, 0);
  EXPECT_THAT(GiveOne(Session("s"), {candidates[1], candidates[2]}), ElementsAre(2));
  EXPECT_THAT(GiveOne(Session("s"), {candidates[1], candidates[2]}), ElementsAre(3));
}

TEST_F(ChoiceTest, ANewcomerHasNoClaimOnThePast) {
  std::vector<Candidate> candidates;
  for (int i = 0; i < 100; ++i) candidates.push_back(Block(i, 10, "ann"));
  policy_.queue_seconds = 1e9;
  GiveOne(Session("s", 100), candidates);
  for (int i = 100; i < 200; ++i) candidates.push_back(Block(i, 10, "bob"));
  const auto given = GiveOne(Session("s", 20), candidates);
  EXPECT_NEAR(CountFrom(0, 100, given), 10, 2);
}

TEST_F(ChoiceTest, StaysWithItsWeightsForAWhile) {
  std::vector<Candidate> candidates;
  for (int i = 0; i < 40; ++i) {
    candidates.push_back(WithWeights(Block(i, 10), i % 2 == 0 ? "even" : "odd"));
  }
  Seeker seeker = Session("s");
  seeker.last_weights_key = "odd";
  EXPECT_THAT(GiveOne(seeker, candidates), ElementsAre(1));
  seeker.sticky_seconds = 119;
  EXPECT_THAT(GiveOne(seeker, candidates), ElementsAre(1));
  seeker.sticky_seconds = 120;
  EXPECT_THAT(GiveOne(seeker, candidates), ElementsAre(0));
  seeker.sticky_seconds = 95;
  seeker.wants = 6;
  EXPECT_THAT(GiveOne(seeker, candidates), ElementsAre(1, 3, 5, 0, 2, 4));
  seeker.last_weights_key = "none such";
  EXPECT_THAT(GiveOne(seeker, candidates), ElementsAre(0, 2, 4, 6, 8, 10));
}

TEST_F(ChoiceTest, ABoundedLifeGetsTheShortest) {
  Seeker seeker = Session("colab", 3);
  seeker.life_left_seconds = 1000;
  EXPECT_THAT(GiveOne(seeker, {Block(1, 30), Block(2, 10), Block(3, 20), Block(4, 40)}),
              ElementsAre(2, 3, 1));
  seeker.life_left_seconds = 35;
  costs_.Observe("cpu/a", "1x10.000000/k", 10);
  costs_.Observe("cpu/a", "1x20.000000/k", 20);
  // 10 and 20 fit in the life; then 30 does not.
  EXPECT_THAT(GiveOne(seeker, {Block(2, 10), Block(3, 20), Block(5, 20)}), ElementsAre(2, 3));
}

TEST_F(ChoiceTest, NothingThatOutlastsTheSession) {
  Seeker seeker = Session("colab");
  seeker.life_left_seconds = 5;
  // Nothing ever ran there: it may be short.
  EXPECT_THAT(GiveOne(seeker, {Block(1, 30)}), ElementsAre(1));
  costs_.Observe("cpu/a", "1x30.000000/k", 30);
  EXPECT_THAT(GiveOne(seeker, {Block(1, 30)}), IsEmpty());
  // A short block of a principal whose turn it is not.
  costs_.Observe("cpu/a", "1x2.000000/k", 2);
  shares_.Of("cpu/a").finish["bob"] = 1000;
  EXPECT_THAT(GiveOne(seeker, {Block(1, 30, "ann"), Block(2, 2, "bob")}), ElementsAre(2));
}

TEST_F(ChoiceTest, ABoundedLifeKeepsItsWeightsIfThatIsHardlyLonger) {
  Seeker seeker = Session("colab");
  seeker.life_left_seconds = 1000;
  seeker.last_weights_key = "mine";
  EXPECT_THAT(GiveOne(seeker, {Block(1, 10), WithWeights(Block(2, 12), "mine")}), ElementsAre(2));
  EXPECT_THAT(GiveOne(seeker, {Block(1, 10), WithWeights(Block(2, 13), "mine")}), ElementsAre(1));
}

TEST_F(ChoiceTest, LongestFirstAtATail) {
  const std::vector<Candidate> candidates = {AtTail(Block(1, 10)), AtTail(Block(2, 40)),
                                             AtTail(Block(3, 20))};
  EXPECT_THAT(GiveOne(Session("s", 3), candidates), ElementsAre(2, 3, 1));
  policy_.longest_first = false;
  EXPECT_THAT(GiveOne(Session("s", 3), candidates), ElementsAre(1, 2, 3));
}

TEST_F(ChoiceTest, ATailWaitsForOlderMatrices) {
  std::vector<Candidate> candidates = {Block(1, 10), AtTail(Block(2, 40)), AtTail(Block(3, 90))};
  candidates[1].matrix_id = candidates[2].matrix_id = "younger";
  candidates[1].sort_key = candidates[2].sort_key = 5;
  EXPECT_THAT(GiveOne(Session("s", 3), candidates), ElementsAre(1, 3, 2));
}

TEST_F(ChoiceTest, AtATailWeightsAtHandCountUnlessABlockIsFarLonger) {
  Seeker seeker = Session("s");
  seeker.last_weights_key = "mine";
  std::vector<Candidate> candidates = {AtTail(Block(1, 39)),
                                       AtTail(WithWeights(Block(2, 10), "mine")),
                                       AtTail(WithWeights(Block(3, 20), "mine"))};
  EXPECT_THAT(GiveOne(seeker, candidates), ElementsAre(3));
  candidates.push_back(AtTail(Block(4, 41)));
  EXPECT_THAT(GiveOne(seeker, candidates), ElementsAre(4));
}

TEST_F(ChoiceTest, TailsOfSeveralClassesAreOne) {
  std::vector<Candidate> candidates = {AtTail(Block(1, 10)), AtTail(Block(2, 40))};
  candidates[1].class_id = 7;
  Seeker seeker = Session("s", 2);
  seeker.classes = {kClass, 7};
  EXPECT_THAT(GiveOne(seeker, candidates), ElementsAre(2, 1));
}

TEST_F(ChoiceTest, PruningKeepsWhoIsActive) {
  DeviceShares& shares = shares_.Of("cpu/a");
  shares.now = 100;
  shares.finish = {{"gone", 20}, {"late", 80}, {"ahead", 120}};
  shares_.Prune();
  EXPECT_EQ(shares.finish.size(), 2U);
  EXPECT_EQ(shares.StartOf("gone"), 100);
  EXPECT_EQ(shares.StartOf("late"), 80);
  EXPECT_EQ(shares.StartOf("ahead"), 120);
  shares_.SetWeight("ahead", -4);
  EXPECT_EQ(shares_.WeightOf("ahead"), 0.001);
}

}  // namespace
}  // namespace quantfleet::scheduler
