// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/matrix/catalogue.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "kernels/formats/format.hpp"
#include "tests/unit/coordinator/matrix/corpus.hpp"

namespace quantfleet::matrix {
namespace {

// Multiply-adds of one token over the layers of one kind in one transformer block: from the models'
// published sizes, not from the catalogue.
TEST(CatalogueTest, ShapesAddUpToTheModels) {
  const auto weights = [](const std::string& model) {
    uint64_t sum = 0;
    for (const std::string& name : LayerNames()) {
      if (!name.starts_with(model + "/")) continue;
      const LayerShape shape = FindLayer(name).value();
      sum += uint64_t{shape.n} * shape.k;
    }
    return sum;
  };
  // GPT-2 small: 124,439,808 parameters, less embeddings, norms and biases, over 12 blocks.
  const uint64_t embeddings = (50257 + 1024) * 768;
  const uint64_t norms_and_biases = 12 * (4 * 768 + 2304 + 768 + 3072 + 768) + 2 * 768;
  EXPECT_EQ(weights("gpt2"), (124439808 - embeddings - norms_and_biases) / 12);
  // Llama 3 8B: 8,030,261,248 parameters, less two embeddings and the norms, over 32 blocks.
  EXPECT_EQ(weights("llama-3-8b"),
            (8030261248 - 2 * uint64_t{128256} * 4096 - (32 * 2 + 1) * 4096) / 32);
  // Gemma 3n E2B: 30 blocks whose attention and feed-forward matrices are within its 1.864 billion
  // weights of decoder layers, which also hold the low-rank and per-layer-input projections.
  const uint64_t low_rank = 2 * 2048 * 64, per_layer_input = 2 * 2048 * 256;
  EXPECT_NEAR(static_cast<double>(30 * (weights("gemma-3n-e2b") + low_rank + per_layer_input)),
              1.864e9, 0.005e9);
}

// The projections that make queries, keys and values give as many as the heads take.
TEST(CatalogueTest, HeadsFitTheProjectionsOfTheirModel) {
  for (const std::string& name : AttentionNames()) {
    const AttentionHeads heads = FindAttention(name).value();
    const std::string model = name.substr(0, name.find('/') + 1);
    const uint32_t queries = heads.query_heads * heads.head_dimension;
    const uint32_t keys = heads.key_value_heads * heads.head_dimension;
    if (const auto fused = FindLayer(model + "attn.c_attn")) {
      EXPECT_EQ(fused->n, queries + 2 * keys) << name;
      continue;
    }
    EXPECT_EQ(FindLayer(model + "attn.q_proj").value().n, queries) << name;
    EXPECT_EQ(FindLayer(model + "attn.k_proj").value().n, keys) << name;
  }
}

TEST(CatalogueTest, UnknownLayersAreNotFound) {
  EXPECT_FALSE(FindLayer("gpt2").has_value());
  EXPECT_FALSE(FindLayer("").has_value());
  EXPECT_FALSE(FindLayer("GPT2/mlp.c_fc").has_value());
}

TEST(CatalogueTest, NoWordIsBothAvailableAndAwaited) {
  for (const Vocabulary* words :
       {&Workloads(), &Formats("linear"), &Formats("attention"), &Kernels("linear"),
        &Kernels("quantize"), &Kernels("attention"), &AxisNames("linear"), &AxisNames("attention"),
        &AxisNames("dequantize")}) {
    for (const std::string& word : words->available) {
      EXPECT_FALSE(Contains(words->awaited, word)) << word;
    }
  }
}

// The coordinator does not include kernels, so that its list is written by hand.
TEST(CatalogueTest, HasEveryFormatOfTheEngine) {
  std::vector<std::string> names;
  for (const formats::Format* format : formats::AllFormats()) names.emplace_back(format->name());
  EXPECT_THAT(Formats("linear").available, ::testing::UnorderedElementsAreArray(names));
}

// The schema is written by hand: it must not drift from the catalogue.
TEST(CatalogueTest, SchemaKnowsTheSameWords) {
  const auto schema = nlohmann::json::parse(ReadBytes(std::filesystem::path(QUANTFLEET_SOURCE_DIR) /
                                                      "schemas/matrix/matrix.schema.json"));
  const auto words = [&](const std::string& definition) {
    auto found = schema.at("$defs").at(definition).at("enum").get<std::vector<std::string>>();
    std::sort(found.begin(), found.end());
    return found;
  };
  const auto sorted = [](std::vector<std::string> known) {
    std::sort(known.begin(), known.end());
    return known;
  };
  EXPECT_EQ(words("layer_name"), sorted(LayerNames()));
  EXPECT_EQ(words("weight_format"), sorted(Formats("linear").available));
  EXPECT_EQ(words("cache_format"), sorted(Formats("attention").available));
  EXPECT_EQ(words("attention_name"), sorted(AttentionNames()));
  std::set<std::string> kernels;
  for (const std::string& workload : Workloads().available) {
    const Vocabulary& of_one = Kernels(workload);
    kernels.insert(of_one.available.begin(), of_one.available.end());
  }
  EXPECT_EQ(words("kernel"), std::vector(kernels.begin(), kernels.end()));
  EXPECT_EQ(schema.at("properties").at("workload").at("enum"), Workloads().available);
}

}  // namespace
}  // namespace quantfleet::matrix
