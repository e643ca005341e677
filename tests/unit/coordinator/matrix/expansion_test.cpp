// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/matrix/expansion.hpp"

#include <set>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/digest.hpp"
#include "tests/unit/coordinator/matrix/corpus.hpp"

namespace quantfleet::matrix {
namespace {

using ::testing::HasSubstr;

scheduler::DeviceFacts Device(const std::string& name, const std::string& device_class,
                              v1::DeviceKind kind) {
  scheduler::DeviceFacts facts;
  facts.agent_name = "agent-" + name;
  facts.device.set_name(name);
  facts.device.set_device_class(device_class);
  facts.device.set_kind(kind);
  return facts;
}

std::vector<scheduler::DeviceFacts> Fleet() {
  return {Device("one", "cpu/model/2t", v1::DEVICE_KIND_CPU),
          Device("two", "cuda/card", v1::DEVICE_KIND_CUDA),
          Device("three", "cuda/card", v1::DEVICE_KIND_CUDA)};
}

std::shared_ptr<const Matrix> Parse(const std::string& document) {
  ParseOutcome outcome = ParseMatrix(document, "m.yaml");
  for (const Diagnostic& diagnostic : outcome.diagnostics) ADD_FAILURE() << diagnostic.ToString();
  return outcome.matrix;
}

std::shared_ptr<const Matrix> Quickstart() {
  return Parse(
      ReadBytes(std::filesystem::path(QUANTFLEET_SOURCE_DIR) / "examples/quickstart.yaml"));
}

std::string Describe(const Expansion& expansion) {
  std::ostringstream text;
  for (const PlannedBlock& planned : expansion.blocks) {
    const v1::Block& block = planned.block;
    text << "block " << block.ordinal() << " target " << block.target() << " seed "
         << block.order_seed() << " on " << planned.requirement.ToJson() << "\n";
    for (const v1::BlockArm& arm : block.arms()) {
      const auto& labels = arm.labels();
      text << "  " << arm.index() << " " << v1::ArmRole_Name(arm.role()).substr(9) << " "
           << labels.at("layer") << " " << labels.at("batch") << " " << labels.at("format") << " "
           << labels.at("kernel") << " " << arm.arm_id() << "\n";
    }
  }
  for (const Exclusion& exclusion : expansion.exclusions) {
    text << "excluded " << exclusion.arms << " " << exclusion.because << "\n";
  }
  for (const std::string& unmatched : expansion.unmatched) text << unmatched << "\n";
  return text.str();
}

TEST(ExpansionTest, QuickstartIsAsRecorded) {
  const auto fleet = std::vector{Fleet()[0]};
  EXPECT_EQ(CompareWithFile(Describe(ExpandMatrix(*Quickstart(), fleet)),
                            CorpusFolder() / "golden/quickstart.txt"),
            "");
}

TEST(ExpansionTest, QuickstartHasABlockForEachLayerBatchAndClass) {
  const auto matrix = Quickstart();
  EXPECT_EQ(matrix->blocks_per_copy, 28u);
  EXPECT_EQ(matrix->arms_per_copy, 28u * 8);
  const Expansion expansion = ExpandMatrix(*matrix, Fleet());
  ASSERT_EQ(expansion.blocks.size(), 2u * 28);  // two distinct classes on three devices
  std::set<std::string> requirements;
  for (size_t i = 0; i < expansion.blocks.size(); ++i) {
    const v1::Block& block = expansion.blocks[i].block;
    EXPECT_EQ(block.ordinal(), i);
    EXPECT_EQ(block.target(), "every-device");
    EXPECT_EQ(block.block_id(), "");
    EXPECT_EQ(block.arms_size(), 8);  // fp32 twice, and three formats with two kernels each
    EXPECT_DOUBLE_EQ(block.policy().relative_interval(), 0.03);
    requirements.insert(expansion.blocks[i].requirement.ToJson());
  }
  EXPECT_THAT(requirements, testing::ElementsAre(R"({"device_class":{"any_of":["cpu/model/2t"]}})",
                                                 R"({"device_class":{"any_of":["cuda/card"]}})"));
  ASSERT_EQ(expansion.exclusions.size(), 2u);
  EXPECT_EQ(expansion.exclusions[0].arms, 2u * 28 * 2);
  EXPECT_EQ(expansion.exclusions[1].arms, 2u * 28 * 3);
  EXPECT_TRUE(expansion.unmatched.empty());
}

TEST(ExpansionTest, ExplainedBlocksMeasureThePartsOfTheirArms) {
  const auto matrix = Parse(
      "version: 1\nname: x\nworkload: linear\nexplain: true\n"
      "axes: {layer: gpt2/mlp.c_fc, batch: [1, 2]}\n"
      "zip: [{format: [fp32, nf4, nf4, int8], kernel: [auto, fused, dequantize_then_gemm, auto]}]\n"
      "baseline: {format: fp32, kernel: auto}\n");
  ASSERT_NE(matrix, nullptr);
  EXPECT_EQ(matrix->arms_per_copy, 2u * (5 + 2 + 1 + 3 + 3));
  const Expansion expansion = ExpandMatrix(*matrix, {});
  ASSERT_EQ(expansion.blocks.size(), 2u);
  std::vector<std::string> parts;
  for (const v1::BlockArm& arm : expansion.blocks[1].block.arms()) {
    if (arm.role() != v1::ARM_ROLE_ABLATION) continue;
    EXPECT_EQ(arm.spec().linear().batch(), 2u);
    EXPECT_EQ(arm.labels().at("kernel"), arm.spec().kernel());
    parts.push_back(arm.spec().format() + " " + arm.spec().kernel().substr(9));
  }
  // Two kernels of nf4 share its parts.
  EXPECT_THAT(parts, testing::ElementsAre("fp32 launch", "fp32 dense", "fp32 read", "nf4 read",
                                          "nf4 unpack", "nf4 decode", "int8 read", "int8 unpack",
                                          "int8 decode"));
}

TEST(ExpansionTest, BlocksOfOneCopyAreLayerMajor) {
  const Expansion expansion = ExpandMatrix(*Quickstart(), {Fleet()[0]});
  std::vector<std::string> layers;
  for (const PlannedBlock& planned : expansion.blocks) {
    const std::string& layer = planned.block.arms(0).labels().at("layer");
    if (layers.empty() || layers.back() != layer) layers.push_back(layer);
  }
  EXPECT_THAT(layers, testing::ElementsAre("gpt2/attn.c_attn", "gpt2/attn.c_proj", "gpt2/mlp.c_fc",
                                           "gpt2/mlp.c_proj"));
}

TEST(ExpansionTest, EachWithoutAMatchingClassMakesNoBlockAndSaysSo) {
  const Expansion expansion = ExpandMatrix(*Quickstart(), {});
  EXPECT_TRUE(expansion.blocks.empty());
  EXPECT_THAT(expansion.unmatched,
              testing::ElementsAre("target every-device: no device of the fleet matches (there is "
                                   "none)"));
}

TEST(ExpansionTest, PlainTargetIsExpandedWithoutAMatchAndSaysWhyNot) {
  const std::string document = ReadBytes(CorpusFolder() / "valid/base.yaml");
  const Expansion expansion = ExpandMatrix(*Parse(document), {Fleet()[1]});
  EXPECT_EQ(expansion.blocks.size(), 8u);
  EXPECT_EQ(expansion.blocks[0].requirement.ToJson(), R"({"kind":{"any_of":["cpu"]}})");
  EXPECT_THAT(expansion.unmatched,
              testing::ElementsAre("target any: no device of the fleet matches (two: kind is cuda, "
                                   "cpu is asked for)"));
}

TEST(ExpansionTest, WhereNarrowsEach) {
  std::string document = ReadBytes(CorpusFolder() / "valid/minimal.yaml");
  document += "targets: [{name: gpus, each: device_class, where: {kind: cuda}}]\n";
  const Expansion expansion = ExpandMatrix(*Parse(document), Fleet());
  ASSERT_EQ(expansion.blocks.size(), 1u);
  const scheduler::Requirement& requirement = expansion.blocks[0].requirement;
  EXPECT_FALSE(scheduler::Matches(requirement, Fleet()[0]));
  EXPECT_TRUE(scheduler::Matches(requirement, Fleet()[1]));
}

TEST(ExpansionTest, RepeatMakesEveryBlockAgainInAnotherOrder) {
  std::string document = ReadBytes(CorpusFolder() / "valid/minimal.yaml") + "repeat: 3\n";
  const Expansion expansion = ExpandMatrix(*Parse(document), {});
  ASSERT_EQ(expansion.blocks.size(), 3u);
  std::set<uint32_t> seeds;
  for (const PlannedBlock& planned : expansion.blocks) {
    seeds.insert(planned.block.order_seed());
    EXPECT_EQ(planned.block.arms(2).arm_id(), expansion.blocks[0].block.arms(2).arm_id());
  }
  EXPECT_EQ(seeds.size(), 3u);
}

TEST(ExpansionTest, ClassesBeyondTheLimitOnArmsAreLeftOutAloud) {
  std::string document = ReadBytes(CorpusFolder() / "valid/minimal.yaml");
  document += "targets: [{name: all, each: device_class}]\n";
  Limits limits;
  limits.max_arms = 8;  // two classes of three arms
  const ParseOutcome outcome = ParseMatrix(document, "m.yaml", limits);
  ASSERT_NE(outcome.matrix, nullptr);
  std::vector<scheduler::DeviceFacts> fleet;
  for (const char* name : {"a", "b", "c"}) {
    fleet.push_back(Device(name, name, v1::DEVICE_KIND_CPU));
  }
  const Expansion expansion = ExpandMatrix(*outcome.matrix, fleet);
  EXPECT_EQ(expansion.blocks.size(), 2u);
  ASSERT_EQ(expansion.unmatched.size(), 1u);
  EXPECT_THAT(expansion.unmatched[0], HasSubstr("more than 8 arms"));
}

TEST(ExpansionTest, ZipAdvancesTogether) {
  const std::string document =
      "version: 1\nname: z\nworkload: linear\nbaseline: {format: fp32, kernel: auto}\n"
      "axes: {layer: gpt2/mlp.c_fc, batch: 1}\n"
      "zip: [{format: [fp32, nf4, nf4], kernel: [auto, fused, dequantize_then_gemm]}]\n";
  const Expansion expansion = ExpandMatrix(*Parse(document), {});
  ASSERT_EQ(expansion.blocks.size(), 1u);
  std::vector<std::string> arms;
  for (const v1::BlockArm& arm : expansion.blocks[0].block.arms()) {
    arms.push_back(arm.spec().format() + "/" + arm.spec().kernel());
  }
  EXPECT_THAT(arms, testing::ElementsAre("fp32/auto", "fp32/auto", "nf4/fused",
                                         "nf4/dequantize_then_gemm"));
}

TEST(ExpansionTest, ConversionsTakeRowsAndColumnsFromLayersOrAxes) {
  const auto shapes = [](const std::string& file) {
    std::set<std::tuple<std::string, uint32_t, uint32_t>> found;
    const std::string document = ReadBytes(CorpusFolder() / "valid" / file);
    for (const PlannedBlock& planned : ExpandMatrix(*Parse(document), {}).blocks) {
      for (const v1::BlockArm& arm : planned.block.arms()) {
        EXPECT_FALSE(arm.spec().has_linear());
        found.emplace(arm.spec().workload() + " " + arm.spec().format(), arm.spec().matrix().rows(),
                      arm.spec().matrix().columns());
      }
    }
    return found;
  };
  EXPECT_THAT(shapes("quantize_layers.yaml"),
              testing::ElementsAre(testing::FieldsAre("quantize bf16", 3072u, 768u),
                                   testing::FieldsAre("quantize bf16", 4096u, 14336u),
                                   testing::FieldsAre("quantize nf4", 3072u, 768u),
                                   testing::FieldsAre("quantize nf4", 4096u, 14336u)));
  EXPECT_THAT(shapes("dequantize_shapes.yaml"),
              testing::ElementsAre(testing::FieldsAre("dequantize fp32", 256u, 4096u),
                                   testing::FieldsAre("dequantize fp32", 512u, 4096u),
                                   testing::FieldsAre("dequantize fp32", 1024u, 4096u),
                                   testing::FieldsAre("dequantize int8", 256u, 4096u),
                                   testing::FieldsAre("dequantize int8", 512u, 4096u),
                                   testing::FieldsAre("dequantize int8", 1024u, 4096u),
                                   testing::FieldsAre("dequantize nf4", 512u, 4096u),
                                   testing::FieldsAre("dequantize nf4", 1024u, 4096u)));
}

TEST(ExpansionTest, AttentionTakesHeadsFromLayersOrAxes) {
  const auto shapes = [](const std::string& file) {
    std::set<std::string> found;
    const std::string document = ReadBytes(CorpusFolder() / "valid" / file);
    for (const PlannedBlock& planned : ExpandMatrix(*Parse(document), {}).blocks) {
      for (const v1::BlockArm& arm : planned.block.arms()) {
        EXPECT_EQ(arm.spec().workload(), "attention");
        EXPECT_FALSE(arm.spec().has_linear());
        EXPECT_EQ(arm.labels().at("context"), std::to_string(arm.spec().attention().context()));
        found.insert(arm.spec().attention().ShortDebugString());
      }
    }
    return found;
  };
  const std::string llama = "query_heads: 32 key_value_heads: 8 head_dimension: 128 context: ";
  const std::string gemma = "query_heads: 8 key_value_heads: 2 head_dimension: 256 context: ";
  const std::string decode = " query_tokens: 1 batch: 1";
  EXPECT_THAT(shapes("attention_layers.yaml"),
              testing::UnorderedElementsAre(llama + "1024" + decode, llama + "2048" + decode,
                                            llama + "4096" + decode,
                                            gemma + "1024" + decode + " window: 512",
                                            gemma + "2048" + decode + " window: 512"));
  const std::set<std::string> all = shapes("attention_shapes.yaml");
  EXPECT_EQ(all.size(), 2u * 2 * 2 * 2 * 2);
  EXPECT_TRUE(all.contains(
      "query_heads: 8 key_value_heads: 1 head_dimension: 64 context: 512 query_tokens: 64 batch: 2 "
      "window: 128"));
}

TEST(ArmIdTest, IsTheDigestOfCanonicalJson) {
  v1::ArmSpec spec;
  spec.set_workload("linear");
  spec.set_format("nf4");
  spec.set_kernel("fused");
  spec.set_cache("cold");
  spec.set_seed(7);
  spec.mutable_linear()->set_n(3072);
  spec.mutable_linear()->set_k(768);
  spec.mutable_linear()->set_batch(16);
  EXPECT_EQ(ArmId(spec),
            Sha256Hex(R"({"cache":"cold","format":"nf4","kernel":"fused",)"
                      R"("linear":{"batch":16,"k":768,"n":3072},"seed":7,"workload":"linear"})"));
  spec.set_seed(0);  // a default is left out
  EXPECT_EQ(ArmId(spec),
            Sha256Hex(R"({"cache":"cold","format":"nf4","kernel":"fused",)"
                      R"("linear":{"batch":16,"k":768,"n":3072},"workload":"linear"})"));
}

TEST(ArmIdTest, EveryParameterCounts) {
  std::set<std::string> ids;
  v1::ArmSpec spec;
  ids.insert(ArmId(spec));
  spec.set_workload("linear");
  ids.insert(ArmId(spec));
  spec.set_format("nf4");
  ids.insert(ArmId(spec));
  spec.set_kernel("fused");
  ids.insert(ArmId(spec));
  spec.set_cache("warm");
  ids.insert(ArmId(spec));
  spec.set_seed(1);
  ids.insert(ArmId(spec));
  spec.mutable_linear()->set_n(1);
  ids.insert(ArmId(spec));
  spec.mutable_linear()->set_k(1);
  ids.insert(ArmId(spec));
  spec.mutable_linear()->set_batch(1);
  ids.insert(ArmId(spec));
  spec.mutable_matrix()->set_rows(1);
  ids.insert(ArmId(spec));
  spec.mutable_matrix()->set_columns(1);
  ids.insert(ArmId(spec));
  spec.mutable_attention()->set_query_heads(1);
  ids.insert(ArmId(spec));
  spec.mutable_attention()->set_key_value_heads(1);
  ids.insert(ArmId(spec));
  spec.mutable_attention()->set_head_dimension(1);
  ids.insert(ArmId(spec));
  spec.mutable_attention()->set_context(1);
  ids.insert(ArmId(spec));
  spec.mutable_attention()->set_query_tokens(1);
  ids.insert(ArmId(spec));
  spec.mutable_attention()->set_batch(1);
  ids.insert(ArmId(spec));
  spec.mutable_attention()->set_window(1);
  ids.insert(ArmId(spec));
  EXPECT_EQ(ids.size(), 18u);
}

}  // namespace
}  // namespace quantfleet::matrix
