// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace quantfleet::matrix {

// The weight matrix of a layer: y = x W^T with W [n, k].
struct LayerShape {
  uint32_t n = 0;
  uint32_t k = 0;
};

// Shape of a layer by name ("gpt2/mlp.c_fc"); nothing if it is not in the catalogue. Sources:
// gpt2: openai-community/gpt2 (d 768, ffn 3072; its Conv1D stores [k, n]);
// llama-3-8b: meta-llama/Meta-Llama-3-8B (d 4096, 8 of 32 key heads of 128, ffn 14336);
// gemma-3n-e2b: google/gemma-3n-E2B text part (d 2048, 2 of 8 key heads of 256, ffn 8192).
std::optional<LayerShape> FindLayer(const std::string& name);

// Names in the catalogue, sorted.
const std::vector<std::string>& LayerNames();

// Heads of the attention of one kind of layer.
struct AttentionHeads {
  uint32_t query_heads = 0;
  uint32_t key_value_heads = 0;
  uint32_t head_dimension = 0;
  uint32_t window = 0;  // tokens that a query sees; 0 for all
};

// The same for the attention of a model's layers ("llama-3-8b/attention"). Sources as above;
// gemma-3n-e2b has four layers with a window of 512 tokens ("attention.local") to one without
// ("attention.global").
std::optional<AttentionHeads> FindAttention(const std::string& name);
const std::vector<std::string>& AttentionNames();

// Words that this version runs, and words of the language that it does not run yet, sorted.
struct Vocabulary {
  std::vector<std::string> available;
  std::vector<std::string> awaited;
};
const Vocabulary& Workloads();
// Formats of a workload: of weights, or of a cache of keys and values.
const Vocabulary& Formats(const std::string& workload);
// Kernels of a workload.
const Vocabulary& Kernels(const std::string& workload);
// Axes of a workload, as keys of `axes`, `zip`, `fixed`, `baseline` and `when`, in the order in
// which blocks run through them. Of an unknown workload: those of linear.
const Vocabulary& AxisNames(const std::string& workload);
// Least and largest value of an axis whose values are whole numbers; nothing for the others.
struct Bounds {
  uint64_t min = 0;
  uint64_t max = 0;
};
std::optional<Bounds> BoundsOf(const std::string& axis);
inline bool IsNumberAxis(const std::string& axis) {
  return BoundsOf(axis).has_value();
}
// True for the workloads that convert a matrix [rows, columns], which a layer or the axes rows and
// columns give.
bool IsConversion(const std::string& workload);

// True if `word` is one of `words`.
bool Contains(const std::vector<std::string>& words, const std::string& word);

}  // namespace quantfleet::matrix
