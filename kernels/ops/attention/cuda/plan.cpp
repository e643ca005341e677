// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/ops/attention/cuda/plan.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "kernels/ops/attention/shape.hpp"

namespace quantfleet::attention::cuda {
namespace {

using ::quantfleet::cuda::Capability;

constexpr Capability kOldest = {7, 5};
constexpr uint32_t kTensorCoreRows = 16;
constexpr uint32_t kLongestVector = 256;
constexpr uint32_t kVectorUnit = 16;
constexpr uint32_t kShortestRun = 256;
constexpr uint32_t kMostSplits = 64;
constexpr uint32_t kBlocksPerMultiprocessor = 4;
// Rows that a block of the split kernel takes.
constexpr uint32_t kRowsPerBlock = 4;

}  // namespace

ActivationType ActivationOf(KvCode code) {
  return code == KvCode::kFp32 ? ActivationType::kFp32 : ActivationType::kFp16;
}

Status DeviceStatus(Capability capability) {
  if (!(capability < kOldest)) return OkStatus();
  return Unimplemented("the CUDA kernels need sm_75; this device is " +
                       ::quantfleet::cuda::ArchitectureName(capability));
}

Status ShapeStatus(const engine::AttentionShape& shape) {
  const uint32_t dimension = shape.head_dimension;
  if (dimension % kVectorUnit == 0 && dimension <= kLongestVector) return OkStatus();
  return Unimplemented(
      "attention needs head_dimension to be a multiple of 16 up to 256 here, it is " +
      std::to_string(dimension));
}

bool UsesTensorCores(KvCode code, const engine::AttentionShape& shape) {
  return code != KvCode::kFp32 && GroupOf(shape) * shape.query_tokens >= kTensorCoreRows;
}

uint32_t SplitsOf(const engine::AttentionShape& shape, uint32_t multiprocessors) {
  const uint64_t rows = uint64_t{GroupOf(shape)} * shape.query_tokens;
  const uint64_t blocks =
      uint64_t{shape.batch} * shape.key_value_heads * ((rows + kRowsPerBlock - 1) / kRowsPerBlock);
  const uint64_t wanted = (kBlocksPerMultiprocessor * multiprocessors + blocks - 1) / blocks;
  const TokenRange touched = TouchedTokens(shape);
  const uint64_t most = std::max<uint64_t>((touched.end - touched.begin) / kShortestRun, 1);
  return static_cast<uint32_t>(
      std::clamp<uint64_t>(wanted, 1, std::min<uint64_t>(most, kMostSplits)));
}

uint64_t PartialFloats(const engine::AttentionShape& shape, uint32_t splits) {
  if (splits == 1) return 0;
  const uint64_t rows = QueryValues(shape) / shape.head_dimension;
  return rows * splits * (shape.head_dimension + 2);
}

double ToleranceOf(KvCode code, const engine::AttentionShape& shape) {
  // Sums in fp32 as on the CPU: a score has head_dimension terms, an output one for each token seen
  // (Higham, Accuracy and Stability of Numerical Algorithms, 2.8); four times that is the limit.
  const TokenRange seen = VisibleTokens(shape, shape.query_tokens - 1);
  const double sums = 4 * 0x1p-24 *
                      (std::sqrt(static_cast<double>(seen.end - seen.begin)) +
                       std::sqrt(static_cast<double>(shape.head_dimension)) + 4);
  // fp16 is rounded to three times: queries, whose error moves scores of unit variance by as much,
  // weights and outputs. Each is at most 2^-11 / sqrt(3) in the root mean square, together 2^-11;
  // twice that leaves room.
  const double halves = code == KvCode::kFp32 ? 0 : 2 * 0x1p-11;
  // Few outputs may all be small by chance, and their error large beside them.
  return (sums + halves) * (1 + 4 / std::sqrt(static_cast<double>(QueryValues(shape))));
}

std::vector<DispatchRow> DispatchRows() {
  std::vector<DispatchRow> rows;
  for (const KvFormat& format : AllKvFormats()) rows.push_back({format.name, UINT32_MAX, "fused"});
  return rows;
}

}  // namespace quantfleet::attention::cuda
