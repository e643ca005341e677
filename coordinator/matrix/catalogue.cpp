// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/matrix/catalogue.hpp"

#include <algorithm>
#include <map>

namespace quantfleet::matrix {
namespace {

const std::map<std::string, LayerShape>& Layers() {
  static const std::map<std::string, LayerShape> kLayers = {
      {"gpt2/attn.c_attn", {2304, 768}},
      {"gpt2/attn.c_proj", {768, 768}},
      {"gpt2/mlp.c_fc", {3072, 768}},
      {"gpt2/mlp.c_proj", {768, 3072}},
      {"llama-3-8b/attn.q_proj", {4096, 4096}},
      {"llama-3-8b/attn.k_proj", {1024, 4096}},
      {"llama-3-8b/attn.v_proj", {1024, 4096}},
      {"llama-3-8b/attn.o_proj", {4096, 4096}},
      {"llama-3-8b/mlp.gate_proj", {14336, 4096}},
      {"llama-3-8b/mlp.up_proj", {14336, 4096}},
      {"llama-3-8b/mlp.down_proj", {4096, 14336}},
      {"gemma-3n-e2b/attn.q_proj", {2048, 2048}},
      {"gemma-3n-e2b/attn.k_proj", {512, 2048}},
      {"gemma-3n-e2b/attn.v_proj", {512, 2048}},
      {"gemma-3n-e2b/attn.o_proj", {2048, 2048}},
      {"gemma-3n-e2b/mlp.gate_proj", {8192, 2048}},
      {"gemma-3n-e2b/mlp.up_proj", {8192, 2048}},
      {"gemma-3n-e2b/mlp.down_proj", {2048, 8192}},
  };
  return kLayers;
}

const std::map<std::string, AttentionHeads>& AttentionLayers() {
  static const std::map<std::string, AttentionHeads> kLayers = {
      {"gpt2/attention", {12, 12, 64, 0}},
      {"llama-3-8b/attention", {32, 8, 128, 0}},
      {"gemma-3n-e2b/attention.local", {8, 2, 256, 512}},
      {"gemma-3n-e2b/attention.global", {8, 2, 256, 0}},
  };
  return kLayers;
}

template <class Value>
std::vector<std::string> NamesOf(const std::map<std::string, Value>& entries) {
  std::vector<std::string> names;
  for (const auto& [name, value] : entries) names.push_back(name);
  return names;
}

}  // namespace

std::optional<LayerShape> FindLayer(const std::string& name) {
  const auto layer = Layers().find(name);
  if (layer == Layers().end()) return std::nullopt;
  return layer->second;
}

const std::vector<std::string>& LayerNames() {
  static const std::vector<std::string> kNames = NamesOf(Layers());
  return kNames;
}

std::optional<AttentionHeads> FindAttention(const std::string& name) {
  const auto layer = AttentionLayers().find(name);
  if (layer == AttentionLayers().end()) return std::nullopt;
  return layer->second;
}

const std::vector<std::string>& AttentionNames() {
  static const std::vector<std::string> kNames = NamesOf(AttentionLayers());
  return kNames;
}

const Vocabulary& Workloads() {
  static const Vocabulary kWorkloads = {{"attention", "dequantize", "linear", "quantize"},
                                        {"external", "model"}};
  return kWorkloads;
}

const Vocabulary& Formats(const std::string& workload) {
  static const Vocabulary kCaches = {{"fp16", "fp32", "fp8_e4m3", "int4", "int8"}, {}};
  if (workload == "attention") return kCaches;
  // Those of kernels/formats, which a test compares.
  static const Vocabulary kFormats = {{"awq_int4",  "bf16",
                                       "fp16",      "fp32",
                                       "fp4",       "fp4_double_quant",
                                       "fp8_e4m3",  "fp8_e5m2",
                                       "gptq_int4", "gptq_int4_act_order",
                                       "int8",      "iq2_xxs",
                                       "llm_int8",  "mxfp4",
                                       "nf4",       "nf4_double_quant",
                                       "nvfp4",     "q2_k",
                                       "q3_k",      "q4_0",
                                       "q4_1",      "q4_k",
                                       "q5_0",      "q5_1",
                                       "q5_k",      "q6_k",
                                       "q8_0",      "w8a8"},
                                      {}};
  return kFormats;
}

const Vocabulary& Kernels(const std::string& workload) {
  static const Vocabulary kLinear = {{"auto", "dequantize_then_gemm", "fused", "reference"},
                                     {"cublas", "marlin"}};
  static const Vocabulary kConversion = {{"auto", "parallel", "reference"}, {}};
  static const Vocabulary kAttention = {{"auto", "dequantize_then_attention", "fused", "reference"},
                                        {}};
  if (workload == "attention") return kAttention;
  return IsConversion(workload) ? kConversion : kLinear;
}

const Vocabulary& AxisNames(const std::string& workload) {
  static const std::vector<std::string> kAwaited = {"cache",     "device", "generate_tokens",
                                                    "kv_format", "model",  "prompt_tokens"};
  static const Vocabulary kLinear = {{"layer", "batch", "format", "kernel"}, kAwaited};
  static const Vocabulary kConversion = {{"layer", "rows", "columns", "format", "kernel"},
                                         kAwaited};
  static const Vocabulary kAttention = {
      {"layer", "query_heads", "key_value_heads", "head_dimension", "window", "batch", "context",
       "query_tokens", "format", "kernel"},
      kAwaited};
  if (workload == "attention") return kAttention;
  return IsConversion(workload) ? kConversion : kLinear;
}

std::optional<Bounds> BoundsOf(const std::string& axis) {
  // Of a dimension of a matrix, a batch, or tokens; heads and their length are never near that.
  constexpr uint64_t kMost = uint64_t{1} << 20;
  constexpr uint64_t kMostHeads = uint64_t{1} << 10;
  for (const char* name : {"batch", "rows", "columns", "context", "query_tokens"}) {
    if (axis == name) return Bounds{1, kMost};
  }
  for (const char* name : {"query_heads", "key_value_heads", "head_dimension"}) {
    if (axis == name) return Bounds{1, kMostHeads};
  }
  if (axis == "window") return Bounds{0, kMost};
  return std::nullopt;
}

bool IsConversion(const std::string& workload) {
  return workload == "quantize" || workload == "dequantize";
}

bool Contains(const std::vector<std::string>& words, const std::string& word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

}  // namespace quantfleet::matrix
