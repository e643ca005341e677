// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/ops/linear/cuda/plan.hpp"

#include <cmath>
#include <limits>
#include <string>

namespace quantfleet::linear::cuda {
namespace {

using ::quantfleet::cuda::ArchitectureName;
using ::quantfleet::cuda::Capability;

constexpr Capability kOldest = {7, 5};
constexpr Capability kFirstBf16 = {8, 0};
constexpr uint32_t kFusedAutoMaxBatch = 64;
constexpr uint32_t kAnyBatch = std::numeric_limits<uint32_t>::max();

}  // namespace

ActivationType HalfTypeOf(Capability capability) {
  return capability < kFirstBf16 ? ActivationType::kFp16 : ActivationType::kBf16;
}

Status DeviceStatus(std::string_view format, std::string_view kernel, Capability capability) {
  const std::string here = "; this device is " + ArchitectureName(capability);
  if (capability < kOldest) return Unimplemented("the CUDA kernels need sm_75" + here);
  if (format == "bf16" && capability < kFirstBf16) {
    return Unimplemented("bf16 multiplication needs sm_80" + here);
  }
  if (kernel == "fused" && format != "int8" && format != "nf4") {
    return Unimplemented(std::string(format) + " has nothing to decode");
  }
  return OkStatus();
}

Status FusedShapeStatus(std::string_view format, const engine::LinearShape& shape) {
  const uint32_t multiple = format == "nf4" ? 64 : 16;
  if (shape.k % multiple == 0) return OkStatus();
  return Unimplemented("fused " + std::string(format) + " needs k to be a multiple of " +
                       std::to_string(multiple) + ", k is " + std::to_string(shape.k) +
                       "; use dequantize_then_gemm");
}

FusedKernel ChooseFused(uint32_t batch) {
  return batch <= kGemvMaxBatch ? FusedKernel::kGemv : FusedKernel::kTensorCore;
}

uint32_t GemvLanes(uint32_t k, uint32_t weights_per_chunk) {
  // With fewer than two chunks a lane most of a warp would have nothing to wait for.
  return k / weights_per_chunk < 64 ? 8 : 32;
}

double ToleranceOf(ActivationType type, const engine::LinearShape& shape) {
  // fp32 sums of k terms err by about sqrt(k) roundings of 2^-24 (Higham, Accuracy and Stability of
  // Numerical Algorithms, 2.8); four times that is the limit. Rounding of weights, activations and
  // outputs to 16 bits adds half a unit each, at most 2^-9 (bf16) or 2^-12 (fp16) of the value and
  // about half of that in the root mean square: three whole ones leave room.
  double unit = 0;
  if (type == ActivationType::kBf16) unit = std::ldexp(1.0, -9);
  if (type == ActivationType::kFp16) unit = std::ldexp(1.0, -12);
  const double sums = 4 * std::sqrt(static_cast<double>(shape.k)) * std::ldexp(1.0, -24);
  // Few outputs may all be small by chance, and their error large beside them.
  const double outputs = static_cast<double>(shape.n) * shape.batch;
  return (sums + 3 * unit) * (1 + 4 / std::sqrt(outputs));
}

std::vector<DispatchRow> DispatchRows() {
  return {{"fp32", kAnyBatch, "dense"},          {"bf16", kAnyBatch, "dense"},
          {"int8", kFusedAutoMaxBatch, "fused"}, {"int8", kAnyBatch, "dequantize_then_gemm"},
          {"nf4", kFusedAutoMaxBatch, "fused"},  {"nf4", kAnyBatch, "dequantize_then_gemm"}};
}

}  // namespace quantfleet::linear::cuda
