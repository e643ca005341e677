// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
//
// Blocks that a search adds are those that the file would have made, had it named their values.
#include "coordinator/matrix/grid/lines.hpp"

#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "coordinator/matrix/canonical.hpp"
#include "coordinator/matrix/expansion.hpp"

namespace quantfleet::matrix {
namespace {

std::shared_ptr<const Matrix> MatrixWith(const std::string& batches, const std::string& more = "") {
  const auto outcome = ParseMatrix(
      "version: 1\nname: x\nworkload: linear\nbaseline: {format: fp32}\nrepeat: 2\n"
      "axes: {layer: [gpt2/mlp.c_fc, gpt2/mlp.c_proj], format: [fp32, nf4, int8], batch: [" +
          batches + "]}\nsearch: [{find: crossover, axis: batch}]\n" + more,
      "m.yaml");
  EXPECT_NE(outcome.matrix, nullptr);
  return outcome.matrix;
}

// Curve keys of the candidates with `format`.
std::set<std::string> CurvesWith(const Matrix& matrix, const std::set<std::string>& formats) {
  std::set<std::string> curves;
  for (const PlannedBlock& planned : ExpandMatrix(matrix, {}).blocks) {
    for (const v1::BlockArm& arm : planned.block.arms()) {
      if (formats.contains(arm.spec().format())) curves.insert(CurveKey(arm.labels(), "batch"));
    }
  }
  return curves;
}

TEST(SearchLinesTest, BlocksThatDifferInTheAxisShareALine) {
  const auto matrix = MatrixWith("1, 16, 256");
  const SearchLines lines(matrix);
  const BlockMaker maker(matrix, {"any"});
  ASSERT_EQ(lines.size(), 2u);
  for (uint64_t i = 0; i < matrix->blocks_per_copy; ++i) {
    const std::string& layer = maker.At(i).arms(0).labels().at("layer");
    EXPECT_EQ(lines.LineOf(i), layer == "gpt2/mlp.c_fc" ? 0u : 1u);
  }
}

TEST(SearchLinesTest, AnAddedBlockIsThatOfAFileWithItsValue) {
  const auto matrix = MatrixWith("1, 16");
  const auto full = MatrixWith("1, 7, 16", "explain: true\n");
  const auto explained = MatrixWith("1, 16", "explain: true\n");
  std::map<std::pair<std::string, uint32_t>, std::string> expected;
  for (const PlannedBlock& planned : ExpandMatrix(*full, {}).blocks) {
    v1::Block block = planned.block;
    if (block.arms(0).labels().at("batch") != "7") continue;
    const uint32_t repeat = block.ordinal() / 6;
    block.clear_ordinal();
    block.clear_target();
    expected[{block.arms(0).labels().at("layer"), repeat}] = StableBytes(block);
  }
  ASSERT_EQ(expected.size(), 4u);
  const SearchLines lines(explained);
  for (size_t line = 0; line < 2; ++line) {
    for (uint32_t repeat = 0; repeat < 2; ++repeat) {
      const v1::Block block = lines.At(line, 7, CurvesWith(*matrix, {"nf4", "int8"}), repeat);
      EXPECT_EQ(StableBytes(block), (expected[{block.arms(0).labels().at("layer"), repeat}]));
    }
  }
}

TEST(SearchLinesTest, OnlyTheCurvesThatAskAreMeasured) {
  const auto matrix = MatrixWith("1, 16");
  const v1::Block block = SearchLines(matrix).At(0, 7, CurvesWith(*matrix, {"int8"}), 0);
  ASSERT_EQ(block.arms_size(), 3);
  EXPECT_EQ(block.arms(2).spec().format(), "int8");
  EXPECT_EQ(block.arms(2).spec().linear().batch(), 7u);
  EXPECT_EQ(SearchLines(matrix).At(0, 7, {}, 0).arms_size(), 0);
}

TEST(SearchLinesTest, AContextIsSearchedLikeABatch) {
  const auto outcome = ParseMatrix(
      "version: 1\nname: x\nworkload: attention\nbaseline: {format: fp32}\n"
      "axes: {layer: llama-3-8b/attention, context: [128, 8192], query_tokens: [1, 16], format: "
      "[fp32, int8]}\nsearch: [{find: crossover, axis: context}]\n",
      "m.yaml");
  ASSERT_NE(outcome.matrix, nullptr);
  const SearchLines lines(outcome.matrix);
  ASSERT_EQ(lines.size(), 2u);
  std::set<std::string> curves;
  const BlockMaker maker(outcome.matrix, {"any"});
  for (uint64_t i = 0; i < maker.size(); ++i) {
    curves.insert(CurveKey(maker.At(i).arms(2).labels(), "context"));
  }
  ASSERT_EQ(curves.size(), 2u);
  for (size_t line = 0; line < 2; ++line) {
    const v1::Block block = lines.At(line, 1024, curves, 0);
    ASSERT_EQ(block.arms_size(), 3);
    EXPECT_EQ(block.arms(2).spec().attention().context(), 1024u);
    EXPECT_EQ(block.arms(2).spec().attention().query_tokens(), line == 0 ? 1u : 16u);
  }
}

TEST(SearchLinesTest, WhatTheFileLeavesOutIsNotAdded) {
  const auto matrix = MatrixWith("1, 16",
                                 "exclude: [{when: {format: nf4, batch: {gt: 1, lt: 16}}, because: "
                                 "known}]\n");
  const SearchLines lines(matrix);
  const v1::Block block = lines.At(0, 7, CurvesWith(*matrix, {"nf4", "int8"}), 0);
  ASSERT_EQ(block.arms_size(), 3);
  EXPECT_EQ(block.arms(2).spec().format(), "int8");
  EXPECT_EQ(lines.At(0, 7, CurvesWith(*matrix, {"nf4"}), 0).arms_size(), 0);
}

}  // namespace
}  // namespace quantfleet::matrix
