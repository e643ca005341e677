// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/ops/linear/cpu/dispatch.hpp"

namespace quantfleet::linear::cpu {

// Printed by `dispatch_benchmark 1 2048 2048` (benchmarks/dispatch_benchmark.cpp): AMD EPYC, Zen 4,
// 1 thread, 2048 x 2048, cold, OpenBLAS 0.3.21, batches 1 to 512 by doubling, processor time,
// fastest of 5 calls. Beside a row: how often the fused kernel was as fast as
// dequantize_then_gemm. Run it again when a kernel changes, and put its rows here.
std::vector<DispatchRow> CpuDispatch(bool multiplies_bf16) {
  std::vector<DispatchRow> rows = {
      {"fp16", 128, "fused"},  // 1.03 x at 128, 0.95 x at 256
      {"fp16", UINT32_MAX, "dequantize_then_gemm"},
      {"fp8_e4m3", 128, "fused"},  // 1.03 x at 128, 0.91 x at 256
      {"fp8_e4m3", UINT32_MAX, "dequantize_then_gemm"},
      {"fp8_e5m2", 128, "fused"},  // 1.03 x at 128, 0.92 x at 256
      {"fp8_e5m2", UINT32_MAX, "dequantize_then_gemm"},
      {"int8", 128, "fused"},  // 1.06 x at 128, 0.93 x at 256
      {"int8", UINT32_MAX, "dequantize_then_gemm"},
      {"w8a8", UINT32_MAX, "fused"},      // 1.44 x or more
      {"llm_int8", UINT32_MAX, "fused"},  // 1.36 x or more
      {"nf4", 128, "fused"},              // 1.09 x at 128, 0.91 x at 256
      {"nf4", UINT32_MAX, "dequantize_then_gemm"},
      {"nf4_double_quant", 128, "fused"},  // 1.08 x at 128, 0.90 x at 256
      {"nf4_double_quant", UINT32_MAX, "dequantize_then_gemm"},
      {"fp4", 128, "fused"},  // 1.04 x at 128, 0.93 x at 256
      {"fp4", UINT32_MAX, "dequantize_then_gemm"},
      {"fp4_double_quant", 128, "fused"},  // 1.04 x at 128, 0.93 x at 256
      {"fp4_double_quant", UINT32_MAX, "dequantize_then_gemm"},
      {"awq_int4", UINT32_MAX, "fused"},   // 4.37 x or more
      {"gptq_int4", UINT32_MAX, "fused"},  // 4.93 x or more
      {"gptq_int4_act_order", UINT32_MAX, "fused"},
      {"mxfp4", UINT32_MAX, "fused"},  // 3.19 x or more
      {"nvfp4", UINT32_MAX, "fused"},
      {"q8_0", UINT32_MAX, "fused"},     // 3.06 x or more
      {"q5_1", UINT32_MAX, "fused"},     // 2.91 x or more
      {"q5_0", UINT32_MAX, "fused"},     // 3.21 x or more
      {"q4_1", UINT32_MAX, "fused"},     // 3.02 x or more
      {"q4_0", UINT32_MAX, "fused"},     // 3.35 x or more
      {"q6_k", UINT32_MAX, "fused"},     // 2.93 x or more
      {"q5_k", UINT32_MAX, "fused"},     // 2.81 x or more
      {"q4_k", UINT32_MAX, "fused"},     // 3.05 x or more
      {"q3_k", UINT32_MAX, "fused"},     // 2.88 x or more
      {"q2_k", UINT32_MAX, "fused"},     // 2.62 x or more
      {"iq2_xxs", UINT32_MAX, "fused"},  // 2.67 x or more
  };
  if (multiplies_bf16) {
    // 1.1 x fused at 1, 2.2 x dequantize_then_gemm at 512, more between.
    rows.push_back({"bf16", UINT32_MAX, "dense"});
  } else {
    rows.push_back({"bf16", 128, "fused"});  // 1.07 x at 128, 0.94 x at 256
    rows.push_back({"bf16", UINT32_MAX, "dequantize_then_gemm"});
  }
  return rows;
}

}  // namespace quantfleet::linear::cpu
