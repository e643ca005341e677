// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "kernels/formats/bitsandbytes/fp4.hpp"
#include "kernels/formats/bitsandbytes/fp4_double_quant.hpp"
#include "kernels/formats/bitsandbytes/nf4.hpp"
#include "kernels/formats/bitsandbytes/nf4_double_quant.hpp"
#include "kernels/formats/format.hpp"
#include "kernels/formats/gguf/iq/iq2_xxs.hpp"
#include "kernels/formats/gguf/k/q2_k.hpp"
#include "kernels/formats/gguf/k/q3_k.hpp"
#include "kernels/formats/gguf/k/q4_k.hpp"
#include "kernels/formats/gguf/k/q5_k.hpp"
#include "kernels/formats/gguf/k/q6_k.hpp"
#include "kernels/formats/gguf/legacy/q4_0.hpp"
#include "kernels/formats/gguf/legacy/q4_1.hpp"
#include "kernels/formats/gguf/legacy/q5_0.hpp"
#include "kernels/formats/gguf/legacy/q5_1.hpp"
#include "kernels/formats/gguf/legacy/q8_0.hpp"
#include "kernels/formats/ieee/bf16.hpp"
#include "kernels/formats/ieee/fp16.hpp"
#include "kernels/formats/ieee/fp32.hpp"
#include "kernels/formats/ieee/fp8_e4m3.hpp"
#include "kernels/formats/ieee/fp8_e5m2.hpp"
#include "kernels/formats/int4/awq_int4.hpp"
#include "kernels/formats/int4/gptq_int4.hpp"
#include "kernels/formats/int4/gptq_int4_act_order.hpp"
#include "kernels/formats/int8/int8.hpp"
#include "kernels/formats/int8/llm_int8.hpp"
#include "kernels/formats/int8/w8a8.hpp"
#include "kernels/formats/microscaling/mxfp4.hpp"
#include "kernels/formats/microscaling/nvfp4.hpp"

namespace quantfleet::formats {

std::span<const Format* const> AllFormats() {
  static const std::array formats = std::to_array<const Format*>({
      &Fp32(),        &Fp16(),           &Bf16(),         &Fp8E4m3(),   &Fp8E5m2(),
      &Int8(),        &W8a8(),           &LlmInt8(),      &Nf4(),       &Nf4DoubleQuant(),
      &Fp4(),         &Fp4DoubleQuant(), &AwqInt4(),      &GptqInt4(),  &GptqInt4ActOrder(),
      &Mxfp4Format(), &Nvfp4Format(),    &Q80Format(),    &Q51Format(), &Q50Format(),
      &Q41Format(),   &Q40Format(),      &Q6KFormat(),    &Q5KFormat(), &Q4KFormat(),
      &Q3KFormat(),   &Q2KFormat(),      &Iq2XxsFormat(),
  });
  return formats;
}

const Format* FindFormat(std::string_view name) {
  for (const Format* format : AllFormats()) {
    if (format->name() == name) return format;
  }
  return nullptr;
}

}  // namespace quantfleet::formats
