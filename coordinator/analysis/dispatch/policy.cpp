// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/analysis/dispatch/policy.hpp"

#include <algorithm>

namespace quantfleet::analysis {
namespace {

Pick UpTo(uint64_t most_rows, uint64_t rows, std::string_view unit) {
  const bool fused = rows <= most_rows;
  return {
      fused ? Path::kFused : Path::kDequantizeThenGemm,
      (fused ? "at most " : "more than ") + std::to_string(most_rows) + " " + std::string(unit)};
}

// kgemm_4bit_inference_naive takes one row, and columns that are whole blocks of 64.
Pick PickBitsandbytes049(const Product& product, const GpuFacts&) {
  if (product.batch == 1 && product.k % 64 != 0) {
    return {Path::kDequantizeThenGemm, "columns that are no whole blocks of 64"};
  }
  return UpTo(1, product.batch, "row");
}

Pick PickExllamav2(const Product& product, const GpuFacts&) {
  return UpTo(32, product.batch, "rows");
}

Pick PickAutoAwq(const Product& product, const GpuFacts&) {
  return UpTo(1023, product.batch, "rows times tokens");
}

Pick PickVllmAwq(const Product& product, const GpuFacts&) {
  return UpTo(255, product.batch, "tokens");
}

Pick PickMarlin(const Product&, const GpuFacts&) {
  return {Path::kFused, "one kernel for any number of rows"};
}

// mmvq up to 8 rows, mmq above: both multiply packed blocks. Without integer matrix instructions
// mmq ends at 64 rows (mmq.cu, ggml_cuda_should_use_mmq).
Pick PickLlamaCpp(const Product& product, const GpuFacts& gpu) {
  if (gpu.capability >= 70 && gpu.capability < 75 && product.batch >= 64) {
    return {Path::kDequantizeThenGemm, "64 rows or more without integer matrix instructions"};
  }
  return {Path::kFused, product.batch <= 8 ? "vector kernel, at most 8 rows" : "matrix kernel"};
}

const std::vector<std::string_view>& BitsandbytesFormats() {
  static const std::vector<std::string_view> formats = {"nf4", "nf4_double_quant", "fp4",
                                                        "fp4_double_quant"};
  return formats;
}

std::vector<DispatchPolicy> MakePolicies() {
  return {
      {"autoawq", {"awq_int4"}, "awq/modules/linear/gemm.py", &PickAutoAwq},
      {"bitsandbytes-0.49", BitsandbytesFormats(), "bitsandbytes/autograd/_functions.py at 0.49.2",
       &PickBitsandbytes049},
      {"bitsandbytes-0.50", BitsandbytesFormats(), "bitsandbytes/backends/cuda/ops.py at 95f9af3",
       &PickBitsandbytes050},
      {"exllamav2",
       {"gptq_int4", "gptq_int4_act_order"},
       "exllamav2_ext/cuda/q_gemm.cu",
       &PickExllamav2},
      {"llama.cpp",
       {"q2_k", "q3_k", "q4_0", "q4_1", "q4_k", "q5_0", "q5_1", "q5_k", "q6_k", "q8_0", "iq2_xxs"},
       "ggml/src/ggml-cuda/mmvq.cu, mmq.cu",
       &PickLlamaCpp},
      {"marlin", {"awq_int4", "gptq_int4"}, "marlin/marlin_cuda_kernel.cu", &PickMarlin},
      {"vllm-awq", {"awq_int4"}, "vllm/model_executor/layers/quantization/awq.py", &PickVllmAwq},
  };
}

}  // namespace

const std::vector<DispatchPolicy>& DispatchPolicies() {
  static const std::vector<DispatchPolicy> policies = MakePolicies();
  return policies;
}

const DispatchPolicy* FindDispatchPolicy(std::string_view name) {
  const auto& all = DispatchPolicies();
  const auto found = std::find_if(
      all.begin(), all.end(), [&](const DispatchPolicy& policy) { return policy.name == name; });
  return found == all.end() ? nullptr : &*found;
}

std::string_view KernelOf(Path path) {
  return path == Path::kFused ? "fused" : "dequantize_then_gemm";
}

}  // namespace quantfleet::analysis
