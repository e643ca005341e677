// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "kernels/ops/linear/cuda/decode/families.hpp"

namespace quantfleet::linear::cuda {

DecodeLauncher FindDecode(std::string_view format) {
  static constexpr std::pair<std::string_view, DecodeLauncher> kLaunchers[] = {
      {"fp32", DecodeFp32Weights},
      {"bf16", DecodeBf16Weights},
      {"fp16", DecodeFp16Weights},
      {"int8", DecodeInt8},
      {"w8a8", DecodeInt8},
      {"llm_int8", DecodeLlmInt8},
      {"fp8_e4m3", DecodeFp8E4m3},
      {"fp8_e5m2", DecodeFp8E5m2},
      {"nf4", DecodeNf4},
      {"fp4", DecodeFp4},
      {"nf4_double_quant", DecodeNf4DoubleQuant},
      {"fp4_double_quant", DecodeFp4DoubleQuant},
      {"awq_int4", DecodeAwqInt4},
      {"gptq_int4", DecodeGptqInt4},
      {"gptq_int4_act_order", DecodeGptqInt4ActOrder},
      {"q8_0", DecodeQ80},
      {"q4_0", DecodeQ40},
      {"q4_1", DecodeQ41},
      {"q5_0", DecodeQ50},
      {"q5_1", DecodeQ51},
      {"q2_k", DecodeQ2K},
      {"q3_k", DecodeQ3K},
      {"q4_k", DecodeQ4K},
      {"q5_k", DecodeQ5K},
      {"q6_k", DecodeQ6K},
      {"iq2_xxs", DecodeIq2Xxs},
      {"mxfp4", DecodeMxfp4},
      {"nvfp4", DecodeNvfp4},
  };
  for (const auto& [name, launcher] : kLaunchers) {
    if (name == format) return launcher;
  }
  return nullptr;
}

}  // namespace quantfleet::linear::cuda
