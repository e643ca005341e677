// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include <utility>

#include "kernels/ops/linear/cuda/fused/families.hpp"

namespace quantfleet::linear::cuda {

FusedLauncher FindFused(std::string_view format) {
  static constexpr std::pair<std::string_view, FusedLauncher> kLaunchers[] = {
      {"int8", FusedInt8},
      {"fp8_e4m3", FusedFp8E4m3},
      {"fp8_e5m2", FusedFp8E5m2},
      {"nf4", FusedNf4},
      {"fp4", FusedFp4},
      {"nf4_double_quant", FusedNf4DoubleQuant},
      {"fp4_double_quant", FusedFp4DoubleQuant},
      {"awq_int4", FusedInt4},
      {"gptq_int4", FusedInt4},
      {"q8_0", FusedQ80},
      {"q4_0", FusedQ40},
      {"q4_1", FusedQ41},
      {"q5_0", FusedQ50},
      {"q5_1", FusedQ51},
      {"q2_k", FusedQ2K},
      {"q3_k", FusedQ3K},
      {"q4_k", FusedQ4K},
      {"q5_k", FusedQ5K},
      {"q6_k", FusedQ6K},
      {"iq2_xxs", FusedIq2Xxs},
      {"mxfp4", FusedMxfp4},
      {"nvfp4", FusedNvfp4},
  };
  for (const auto& [name, launcher] : kLaunchers) {
    if (name == format) return launcher;
  }
  return nullptr;
}

}  // namespace quantfleet::linear::cuda
