// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <atomic>
#include <limits>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <sched.h>

#include "base/clock.hpp"
#include "benchmarks/engine/options.hpp"
#include "benchmarks/engine/paired_ratio.hpp"
#include "benchmarks/engine/report.hpp"
#include "benchmarks/engine/rounds.hpp"
#include "benchmarks/engine/run_delay.hpp"
#include "benchmarks/engine/weights.hpp"
#include "kernels/engine/random.hpp"
#include "kernels/formats/format.hpp"

namespace quantfleet::bench {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// Times of a machine that slows down by up to ten times from round to round, both sides alike.
std::vector<double> NoisyTimes(double seconds, uint32_t own_noise) {
  std::vector<double> times;
  for (uint64_t round = 0; round < 30; ++round) {
    const double shared = 1 + 0.3 * engine::RandomBelow(3, 1, round, 30);
    times.push_back(seconds * shared * (1 + 1e-3 * engine::RandomBelow(3, own_noise, round, 20)));
  }
  return times;
}

TEST(RatioOfMedians, SharedNoiseCancels) {
  const PairedRatio r = RatioOfMedians(NoisyTimes(0.8, 2), NoisyTimes(1.0, 3), 1);
  EXPECT_NEAR(r.ratio, 0.8, 0.02);
  EXPECT_LE(r.low, r.ratio);
  EXPECT_GE(r.high, r.ratio);
  EXPECT_GT(r.high, r.low);
  EXPECT_LT(r.high - r.low, 0.1) << "drawn apart, rounds that differ tenfold would spread more";
}

TEST(RatioOfMedians, UnpairedNoiseWidensTheInterval) {
  std::vector<double> reversed = NoisyTimes(1.0, 3);
  std::rotate(reversed.begin(), reversed.begin() + 7, reversed.end());
  const PairedRatio r = RatioOfMedians(NoisyTimes(0.8, 2), reversed, 1);
  EXPECT_GT(r.high - r.low, 0.1);
}

// Counts its calls; each takes no time worth speaking of.
class CountingArm final : public Arm {
 public:
  explicit CountingArm(std::vector<const Arm*>* visits) : visits_(visits) {}
  std::string_view layout() const override { return "packed"; }
  std::string_view kernel() const override { return "counting"; }
  uint32_t copies() const override { return 3; }
  Status UseThreads(uint32_t) override { return OkStatus(); }
  void Poison() override {}
  Status Run(uint32_t copy) override {
    EXPECT_EQ(copy, calls_++ % 3) << "each call reads the copy that was read longest ago";
    return OkStatus();
  }
  void Rest() override { visits_->push_back(this); }
  std::vector<float> Output() const override { return {}; }

 private:
  std::vector<const Arm*>* visits_;
  uint32_t calls_ = 0;
};

double NeverWaits() {
  return 0;
}

TEST(MeasureRounds, VisitsEveryArmOnceARoundInChangingOrder) {
  std::vector<const Arm*> visits;
  CountingArm first(&visits);
  CountingArm second(&visits);
  Arm* const arms[] = {&first, &second};
  const auto times = MeasureRounds(arms, {0.01, 1, 7}, NeverWaits);
  ASSERT_TRUE(times.ok());
  ASSERT_EQ(times->arms.size(), 2U);
  EXPECT_TRUE(times->quiet);
  EXPECT_EQ(times->disturbed, 0U);
  EXPECT_GE(times->rounds, 10U);
  for (const ArmTimes& arm : times->arms) EXPECT_EQ(arm.rounds.size(), times->rounds);
  ASSERT_EQ(visits.size(), 2 * (times->rounds + 1)) << "one visit each to estimate, then rounds";
  std::set<const Arm*> leaders;
  for (size_t i = 2; i < visits.size(); i += 2) {
    EXPECT_NE(visits[i], visits[i + 1]);
    leaders.insert(visits[i]);
  }
  EXPECT_EQ(leaders.size(), 2U);
}

TEST(MeasureRounds, LeavesOutRoundsInWhichThreadsWaited) {
  std::vector<const Arm*> visits;
  CountingArm arm(&visits);
  Arm* const arms[] = {&arm};
  double waited = 0;
  // Every third visit waits for a second in each of its calls.
  const auto times = MeasureRounds(arms, {0.01, 1, 7}, [&] {
    return waited += visits.size() % 3 == 0 && !visits.empty() ? 1.0 : 0.0;
  });
  ASSERT_TRUE(times.ok());
  EXPECT_TRUE(times->quiet);
  EXPECT_EQ(times->disturbed, times->rounds / 3);
  EXPECT_EQ(times->arms.front().rounds.size(), times->rounds - times->disturbed);
}

TEST(MeasureRounds, SaysSoIfEveryRoundWasDisturbed) {
  std::vector<const Arm*> visits;
  CountingArm arm(&visits);
  Arm* const arms[] = {&arm};
  double waited = 0;
  const auto times = MeasureRounds(arms, {0.01, 1, 7}, [&] { return waited += 1; });
  ASSERT_TRUE(times.ok());
  EXPECT_FALSE(times->quiet);
  EXPECT_EQ(times->disturbed, times->rounds);
  EXPECT_EQ(times->arms.front().rounds.size(), times->rounds);
}

TEST(MeasureRounds, SubtractsWhatALongCallOnOneThreadWaited) {
  class SlowArm final : public Arm {
   public:
    std::string_view layout() const override { return "packed"; }
    std::string_view kernel() const override { return "slow"; }
    uint32_t copies() const override { return 1; }
    Status UseThreads(uint32_t) override { return OkStatus(); }
    void Poison() override {}
    Status Run(uint32_t) override {
      Clock::Steady()->SleepFor(std::chrono::milliseconds(60));
      return OkStatus();
    }
    std::vector<float> Output() const override { return {}; }
  };
  SlowArm arm;
  Arm* const arms[] = {&arm};
  double waited = 0;
  const auto clock = [&] { return waited += 0.03; };  // Read before and after each call.
  const auto one = MeasureRounds(arms, {0.01, 1, 7}, clock);
  const auto two = MeasureRounds(arms, {0.01, 2, 7}, clock);
  ASSERT_TRUE(one.ok() && two.ok());
  EXPECT_TRUE(one->quiet);
  EXPECT_FALSE(two->quiet) << "two threads may have waited at once or for each other";
  const auto& shorter = one->arms.front();
  const auto& longer = two->arms.front();
  EXPECT_GE(longer.best, 0.06);
  EXPECT_GE(shorter.best, 0.03);
  EXPECT_LT(shorter.best, longer.best);
}

// Two threads on one processor: one of them waits.
TEST(RunDelay, CountsTheTimeThatThreadsWaitForAProcessor) {
  cpu_set_t allowed;
  ASSERT_EQ(sched_getaffinity(0, sizeof(allowed), &allowed), 0);
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(static_cast<size_t>(sched_getcpu()), &one);
  if (sched_setaffinity(0, sizeof(one), &one) != 0) GTEST_SKIP() << "may not choose a processor";
  std::atomic<bool> stopping = false;
  std::thread rival([&] {
    while (!stopping) {
    }
  });
  const RunDelay delay;
  const double before = delay.Seconds();
  const Duration start = Clock::Steady()->Now();
  double waited = 0;
  while (waited < 0.005 && Clock::Steady()->Now() - start < std::chrono::seconds(20)) {
    waited = delay.Seconds() - before;
  }
  stopping = true;
  rival.join();
  EXPECT_GE(waited, 0.005);
  EXPECT_EQ(sched_setaffinity(0, sizeof(allowed), &allowed), 0);
}

TEST(MakeWeights, RepeatedRowsAreWhatTheFormatMakesOfThem) {
  for (const formats::Format* format : formats::AllFormats()) {
    constexpr uint32_t kN = 192;
    constexpr uint32_t kK = 512;
    if (!format->CheckShape(kN, kK).ok()) continue;
    const auto weights = MakeWeights(format->name(), kN, kK, 5, nullptr);
    ASSERT_TRUE(weights.ok()) << format->name() << weights.status().ToString();
    ASSERT_EQ(weights->packed.size(), format->PackedBytes(kN, kK)) << format->name();
    std::vector<float> whole(uint64_t{kN} * kK);
    ASSERT_TRUE(format->Decode(weights->packed, kN, kK, whole).ok());
    std::vector<float> row(kK);
    for (uint32_t r = 0; r < kN; ++r) {
      weights->decode_row(r, row.data());
      ASSERT_TRUE(std::equal(row.begin(), row.end(), whole.begin() + r * kK)) << format->name();
      ASSERT_TRUE(std::equal(row.begin(), row.end(), whole.begin() + r % 64 * kK))
          << format->name() << " row " << r;
    }
    EXPECT_TRUE(weights->ours && !weights->peers && !weights->same_encoding);
  }
  EXPECT_EQ(MakeWeights("no_such", 64, 64, 5, nullptr).status().code(), StatusCode::kNotFound);
}

TEST(Reference, SeesAWrongValueAndOneThatWasNotWritten) {
  const engine::LinearShape shape = {8, 64, 9};
  const auto weights = MakeWeights("fp32", shape.n, shape.k, 5, nullptr);
  ASSERT_TRUE(weights.ok());
  const std::vector<float> x = MakeActivations(shape.batch, shape.k, 5);
  std::vector<float> y(shape.batch * shape.n);
  std::vector<float> w(shape.k);
  for (uint32_t r = 0; r < shape.n; ++r) {
    weights->decode_row(r, w.data());
    for (uint32_t b = 0; b < shape.batch; ++b) {
      for (uint32_t i = 0; i < shape.k; ++i) y[b * shape.n + r] += w[i] * x[b * shape.k + i];
    }
  }
  const Reference reference(*weights, shape, x);
  EXPECT_LT(reference.NormalizedError(y), 1e-12);
  std::vector<float> wrong = y;
  wrong.back() += 0.5F;
  EXPECT_GT(reference.NormalizedError(wrong), kMostNormalizedError);
  wrong.back() = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(reference.NormalizedError(wrong), std::numeric_limits<double>::infinity());
}

Section SectionWithOneRow() {
  Row row;
  row.format = "q4_k";
  row.shape = {4096, 4096, 1};
  row.threads = 2;
  row.weight_bytes = 10'000'000;
  row.ours = ArmFigures{"fused/avx3", "rows8", 0.5e-3, 0.4e-3, 1e-5, {0.5e-3}};
  row.peers = {{"mul_mat", "CPU_REPACK", 1e-3, 0.9e-3, 2e-5, {1e-3}},
               {"mul_mat", "plain", 2e-3, 1.8e-3, 2e-5, {2e-3}}};
  row.ratio = PairedRatio{0.5, 0.4, 0.625};
  Section section;
  section.threads = 2;
  section.ceilings_quiet = true;
  section.ceilings.dram_read_bytes_per_second = 40e9;
  section.ceilings.matrix_operations_per_second["fp32"] = 1e11;
  section.rows = {row};
  return section;
}

TEST(FormatTable, ShowsRatesShareOfTheCeilingAndSpeedUp) {
  const Section section = SectionWithOneRow();
  Report report;
  report.foreign_share = 0.25;
  const std::string table = FormatTable(report, section);
  EXPECT_THAT(table,
              HasSubstr("2 threads: memory 40.0 GB/s, fp32 multiply 100 GFLOP/s; others took "
                        "25 % of the processors\n"));
  for (const char* part :
       {"500 us   20.0   50%   33.6", "1.00 ms   10.0   25%   16.8", "2.00x [1.60, 2.50]", "2.25x",
        "fused/avx3 (rows8)", "CPU_REPACK, plain 2.00 ms"}) {
    EXPECT_THAT(table, HasSubstr(part));
  }
  EXPECT_THAT(table, Not(HasSubstr("WRONG")));
  EXPECT_THAT(table, Not(HasSubstr("?")));
}

TEST(FormatTable, ASpeedUpFromDisturbedRoundsHasAQuestionMark) {
  Section section = SectionWithOneRow();
  section.rows.front().quiet = false;
  section.rows.front().rounds = 60;
  section.rows.front().disturbed_rounds = 55;
  section.ceilings_quiet = false;
  const std::string table = FormatTable({}, section);
  EXPECT_THAT(table, HasSubstr("2.00x [1.60, 2.50] ?"));
  EXPECT_THAT(table, HasSubstr("disturbed 55 of 60 rounds"));
  EXPECT_THAT(table, HasSubstr("100 GFLOP/s (too low: others disturbed both); others took 0 %"));
}

TEST(FormatTable, AWrongOutputHasNoSpeedUp) {
  Section section = SectionWithOneRow();
  section.rows.front().ours->normalized_error = std::numeric_limits<double>::infinity();
  section.rows.front().ratio.reset();
  EXPECT_TRUE(section.rows.front().wrong());
  EXPECT_THAT(FormatTable({}, section), HasSubstr("WRONG"));
  section.rows.front().ours->normalized_error = std::numeric_limits<double>::quiet_NaN();
  EXPECT_TRUE(section.rows.front().wrong());
}

TEST(FormatJson, IsOneLineWithRatiosOfTimes) {
  Report report;
  report.peer = "ggml 1";
  report.sections = {SectionWithOneRow()};
  const std::string line = FormatJson(report);
  EXPECT_THAT(line, Not(HasSubstr("\n")));
  const auto json = nlohmann::json::parse(line);
  const auto& row = json["sections"][0]["rows"][0];
  EXPECT_EQ(row["ratio"]["ratio"], 0.5);
  EXPECT_EQ(row["ours"]["bytesPerSecond"], 20e9);
  EXPECT_EQ(row["dramShare"], 0.5);
  EXPECT_EQ(row["peers"][1]["layout"], "plain");
}

TEST(ParseOptions, ReadsListsAndFillsInShapes) {
  const char* const arguments[] = {"--formats", "q4_k,fp32", "--threads", "2", "--batch", "1,512"};
  const auto options = ParseOptions(arguments);
  ASSERT_TRUE(options.ok());
  EXPECT_THAT(options->formats, ::testing::ElementsAre("q4_k", "fp32"));
  EXPECT_THAT(options->threads, ::testing::ElementsAre(2));
  EXPECT_THAT(ShapesOf(*options), ::testing::ElementsAre(engine::LinearShape{4096, 4096, 1},
                                                         engine::LinearShape{4096, 14336, 1},
                                                         engine::LinearShape{14336, 4096, 1},
                                                         engine::LinearShape{2048, 2048, 512},
                                                         engine::LinearShape{4096, 4096, 512}));
}

}  // namespace
}  // namespace quantfleet::bench
