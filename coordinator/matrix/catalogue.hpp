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

// Words that this version runs, and words of the language that it does not run yet, sorted.
struct Vocabulary {
  std::vector<std::string> available;
  std::vector<std::string> awaited;
};
const Vocabulary& Workloads();
const Vocabulary& Formats();
// Kernels of a workload.
const Vocabulary& Kernels(const std::string& workload);
// Axes of a workload, as keys of `axes`, `zip`, `fixed`, `baseline` and `when`, in the order in
// which blocks run through them. Of an unknown workload: those of linear.
const Vocabulary& AxisNames(const std::string& workload);
// True for the axes whose values are whole numbers.
bool IsNumberAxis(const std::string& axis);
// True for the workloads that convert a matrix [rows, columns], which a layer or the axes rows and
// columns give.
bool IsConversion(const std::string& workload);

// True if `word` is one of `words`.
bool Contains(const std::vector<std::string>& words, const std::string& word);

}  // namespace quantfleet::matrix
