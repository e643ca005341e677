// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <google/protobuf/descriptor.h>
#include <gtest/gtest.h>

#include "base/digest.hpp"
#include "tests/unit/coordinator/matrix/corpus.hpp"
#include "tests/unit/coordinator/matrix/plain_expansion.hpp"

namespace quantfleet::matrix {
namespace {

// Documents that must expand: all examples and the valid corpus.
std::vector<std::filesystem::path> GoodFiles() {
  std::vector<std::filesystem::path> files = YamlFiles(CorpusFolder() / "valid");
  for (const auto& file : YamlFiles(std::filesystem::path(QUANTFLEET_SOURCE_DIR) / "examples")) {
    files.push_back(file);
  }
  return files;
}

// Blocks made by ordinal, last first, are byte for byte those of the plain way.
void ExpectAsPlainly(const std::string& document) {
  const ParseOutcome outcome = ParseMatrix(document, "m.yaml");
  ASSERT_NE(outcome.matrix, nullptr);
  const std::vector<v1::Block> plain = ExpandPlainly(*outcome.matrix, "here");
  const BlockMaker maker(outcome.matrix, {"here"});
  ASSERT_EQ(maker.size(), plain.size());
  ASSERT_EQ(outcome.matrix->blocks_per_copy * outcome.matrix->repeat, plain.size());
  uint64_t arms = 0;
  for (uint64_t i = plain.size(); i-- > 0;) {
    ASSERT_EQ(StableBytes(maker.At(i)), StableBytes(plain[i])) << plain[i].ShortDebugString();
    arms += static_cast<uint64_t>(plain[i].arms_size());
  }
  EXPECT_EQ(outcome.matrix->arms_per_copy * outcome.matrix->repeat, arms);
}

TEST(ExactnessTest, EveryGoodFileExpandsAsPlainly) {
  for (const auto& file : GoodFiles()) {
    SCOPED_TRACE(file.string());
    ExpectAsPlainly(ReadBytes(file));
  }
}

// A bad document cut short after any line is refused, or expands as plainly: the corpus holds
// what is odd about matrices.
TEST(ExactnessTest, WhatIsLeftOfTheBadCorpusExpandsAsPlainly) {
  int expanded = 0;
  for (const auto& file : YamlFiles(CorpusFolder() / "bad")) {
    SCOPED_TRACE(file.string());
    const std::string document = ReadBytes(file);
    for (size_t end = document.find('\n'); end != std::string::npos;
         end = document.find('\n', end + 1)) {
      const std::string shorter = document.substr(0, end + 1);
      Limits limits;
      limits.max_arms = 5000;  // the plain way takes its time
      if (ParseMatrix(shorter, "m.yaml", limits).matrix == nullptr) continue;
      ++expanded;
      ExpectAsPlainly(shorter);
    }
  }
  EXPECT_GT(expanded, 5);
}

// Compared axes before others, rules that empty the first combinations of a block, a zip across
// both kinds of axes: the order of blocks is that of their first combination that is left.
TEST(ExactnessTest, OddOrdersExpandAsPlainly) {
  const std::string head = "version: 1\nname: odd\nworkload: linear\n";
  ExpectAsPlainly(head +
                  "axes: {layer: [gpt2/mlp.c_fc, gpt2/attn.c_attn], batch: [1, 2, 4], format: "
                  "[fp32, nf4, int8]}\nbaseline: {batch: 4, format: fp32}\nrepeat: 3\n"
                  "exclude: [{when: {layer: gpt2/mlp.c_fc, batch: {lt: 3}}, because: x}]\n");
  ExpectAsPlainly(head +
                  "axes: {layer: [gpt2/mlp.c_fc, gpt2/attn.c_attn]}\nexplain: true\n"
                  "zip: [{batch: [1, 1, 2, 2, 2], format: [fp32, nf4, nf4, fp32, int8]}]\n"
                  "baseline: {format: fp32}\n");
  ExpectAsPlainly(head +
                  "axes: {layer: gpt2/mlp.c_fc, batch: [1, 2, 3, 4], format: [nf4, fp32, int8]}\n"
                  "baseline: {format: fp32}\nexclude:\n"
                  "  - {when: {batch: 1}, because: all of a block}\n"
                  "  - {when: {batch: [2, 3], format: {not: [fp32]}}, because: most of two}\n");
}

// More rules than a word has bits, each looking at other axes.
TEST(ExactnessTest, ManyRulesExpandAsPlainly) {
  std::string document =
      "version: 1\nname: rules\nworkload: linear\n"
      "axes: {layer: [gpt2/mlp.c_fc, gpt2/attn.c_attn], batch: {range: [1, 200, 1]}, "
      "format: [fp32, nf4, int8]}\nbaseline: {format: fp32}\nexclude:\n";
  for (int i = 1; i <= 130; ++i) {
    document += "  - {when: {batch: " + std::to_string(i) +
                ", format: " + (i % 2 == 0 ? "nf4" : "\"i*\"") + "}, because: rule " +
                std::to_string(i) + "}\n";
  }
  ExpectAsPlainly(document);
  const auto matrix = ParseMatrix(document, "m").matrix;
  ASSERT_NE(matrix, nullptr);
  EXPECT_EQ(matrix->excluded_per_copy, std::vector<uint64_t>(130, 2));
}

// Sets one field after the other, in the message and in those it holds, so that a field that is
// added to the proto cannot be forgotten.
void ExpectEveryFieldIsWritten(v1::ArmSpec& root, google::protobuf::Message* message) {
  const auto* descriptor = message->GetDescriptor();
  const auto* reflection = message->GetReflection();
  for (int i = 0; i < descriptor->field_count(); ++i) {
    const auto* field = descriptor->field(i);
    ASSERT_FALSE(field->is_repeated()) << field->full_name();
    if (field->cpp_type() == google::protobuf::FieldDescriptor::CPPTYPE_MESSAGE) {
      auto* inner = reflection->MutableMessage(message, field);
      EXPECT_EQ(CanonicalJson(root), PlainCanonicalJson(root)) << "empty " << field->full_name();
      ExpectEveryFieldIsWritten(root, inner);
    } else if (field->cpp_type() == google::protobuf::FieldDescriptor::CPPTYPE_STRING) {
      reflection->SetString(message, field, "word_" + std::to_string(i));
    } else {
      ASSERT_EQ(field->cpp_type(), google::protobuf::FieldDescriptor::CPPTYPE_UINT32)
          << field->full_name();
      reflection->SetUInt32(message, field, 4294967295U - static_cast<uint32_t>(i));
    }
    EXPECT_EQ(CanonicalJson(root), PlainCanonicalJson(root)) << field->full_name();
  }
}

TEST(CanonicalJsonTest, IsThatOfTheLibrariesForEveryField) {
  v1::ArmSpec spec;
  EXPECT_EQ(CanonicalJson(spec), PlainCanonicalJson(spec));
  ExpectEveryFieldIsWritten(spec, &spec);
}

TEST(CanonicalJsonTest, TextsThatNeedEscapesAreThoseOfTheLibraries) {
  for (const char* text : {"a\"b", "a\\b", "a\nb", "a/b", "<&>", "caf\xc3\xa9", "\xe2\x82\xac",
                           "a b", "\x7f", "\x01", "'"}) {
    v1::ArmSpec spec;
    spec.set_workload("linear");
    spec.set_format(text);
    EXPECT_EQ(CanonicalJson(spec), PlainCanonicalJson(spec)) << text;
    EXPECT_EQ(ArmId(spec), Sha256Hex(PlainCanonicalJson(spec)));
  }
}

TEST(StableBytesTest, DoNotDependOnTheOrderOfLabels) {
  v1::Block forward, backward;
  auto& a = *forward.add_arms()->mutable_labels();
  auto& b = *backward.add_arms()->mutable_labels();
  for (int i = 0; i < 40; ++i) a["axis" + std::to_string(i)] = "x";
  for (int i = 40; i-- > 0;) b["axis" + std::to_string(i)] = "x";
  EXPECT_EQ(StableBytes(forward), StableBytes(backward));
  v1::Block back;
  ASSERT_TRUE(back.ParseFromString(StableBytes(forward)));
  EXPECT_EQ(back.arms(0).labels_size(), 40);
}

}  // namespace
}  // namespace quantfleet::matrix
