// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/ops/attention/cpu/kernels.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "kernels/ops/attention/cpu/parts.hpp"
#include "kernels/ops/attention/cpu/simd.hpp"
#include "kernels/ops/attention/kv_cache.hpp"
#include "kernels/ops/attention/shape.hpp"

namespace quantfleet::attention::cpu {
namespace {

using engine::AttentionShape;
using quantfleet::cpu::ThreadPool;

// A score is a sum of head_dimension products, an output one of as many terms as tokens are seen,
// both in fp32: the error of each grows like the square root of its length times the unit roundoff
// (Higham, Accuracy and Stability of Numerical Algorithms, 2.8). A score's error is its weight's
// relative error. 16 leaves room for the exponential (1 unit), the merge and small outputs.
double Fp32Tolerance(const AttentionShape& shape) {
  const TokenRange seen = VisibleTokens(shape, shape.query_tokens - 1);
  return 16 * 0x1p-24 *
         (std::sqrt(static_cast<double>(seen.end - seen.begin)) +
          std::sqrt(static_cast<double>(shape.head_dimension)) + 4);
}

class CpuKernel : public AttentionKernel {
 public:
  CpuKernel(ThreadPool& pool, const KvFormat& kv_format, std::string_view kernel)
      : pool_(pool), kv_format_(kv_format), kernel_(kernel) {}

  std::string_view format() const override { return kv_format_.name; }
  std::string_view kernel() const override { return kernel_; }
  std::string_view variant(const AttentionShape&) const override { return SimdTarget(); }
  Status SupportedOnDevice() const override { return OkStatus(); }
  Status SupportsShape(const AttentionShape& shape) const override {
    if (shape.head_dimension % kDimensionUnit == 0) return OkStatus();
    return Unimplemented(std::string(kernel_) + " needs head_dimension to be a multiple of " +
                         std::to_string(kDimensionUnit) + ", it is " +
                         std::to_string(shape.head_dimension) + "; use reference");
  }
  ActivationType activation_type() const override { return ActivationType::kFp32; }
  double Tolerance(const AttentionShape& shape) const override { return Fp32Tolerance(shape); }

 protected:
  CacheView ViewOf(const AttentionCall& call) const {
    const KvLayout layout = LayoutOf(kv_format_, call.shape);
    const bool scaled = kv_format_.scaled;
    return {kv_format_.code,
            call.cache,
            call.cache + layout.values,
            scaled ? call.cache + layout.key_scales : nullptr,
            scaled ? call.cache + layout.value_scales : nullptr,
            layout.vector_bytes};
  }

  ThreadPool& pool_;
  const KvFormat& kv_format_;
  const std::string_view kernel_;
};

class FusedKernel final : public CpuKernel {
 public:
  FusedKernel(ThreadPool& pool, const KvFormat& format) : CpuKernel(pool, format, "fused") {}
  uint64_t ScratchBytes(const AttentionShape& shape) const override {
    return AttendFloats(shape, pool_.threads()) * sizeof(float);
  }
  Status Run(const AttentionCall& call) override {
    Attend(pool_, call.shape, ViewOf(call), static_cast<const float*>(call.queries),
           static_cast<float*>(call.output), reinterpret_cast<float*>(call.scratch));
    return OkStatus();
  }
};

// Decodes what the queries see to fp32 in memory, then attends to that: what transformers'
// quantized caches do at each step (QuantizedCache in cache_utils.py of huggingface/transformers).
class DequantizeKernel final : public CpuKernel {
 public:
  DequantizeKernel(ThreadPool& pool, const KvFormat& format)
      : CpuKernel(pool, format, "dequantize_then_attention") {}
  uint64_t ScratchBytes(const AttentionShape& shape) const override {
    const uint64_t decoded = 2 * CacheVectors(shape) * shape.head_dimension;
    return (AttendFloats(shape, pool_.threads()) + decoded) * sizeof(float);
  }
  Status Run(const AttentionCall& call) override {
    auto* const own = reinterpret_cast<float*>(call.scratch);
    float* const keys = own + AttendFloats(call.shape, pool_.threads());
    float* const values = keys + CacheVectors(call.shape) * call.shape.head_dimension;
    Decode(call, keys, values);
    const CacheView decoded = {KvCode::kFp32,
                               reinterpret_cast<const std::byte*>(keys),
                               reinterpret_cast<const std::byte*>(values),
                               nullptr,
                               nullptr,
                               call.shape.head_dimension * sizeof(float)};
    Attend(pool_, call.shape, decoded, static_cast<const float*>(call.queries),
           static_cast<float*>(call.output), own);
    return OkStatus();
  }

 private:
  // Tokens of all heads are split evenly over the threads.
  void Decode(const AttentionCall& call, float* keys, float* values) {
    const CacheView from = ViewOf(call);
    const TokenRange touched = TouchedTokens(call.shape);
    const uint64_t heads = uint64_t{call.shape.batch} * call.shape.key_value_heads;
    const uint64_t length = touched.end - touched.begin;
    pool_.Run([&](uint32_t thread) {
      const uint64_t begin = touched.begin + length * thread / pool_.threads();
      const uint64_t end = touched.begin + length * (thread + 1) / pool_.threads();
      for (uint64_t head = 0; head < heads; ++head) {
        const uint64_t first = head * call.shape.context + begin;
        DecodeRun(from, from.keys, from.key_scales, first, end - begin, call.shape, keys);
        DecodeRun(from, from.values, from.value_scales, first, end - begin, call.shape, values);
      }
    });
  }
  static void DecodeRun(const CacheView& from, const std::byte* codes, const std::byte* scales,
                        uint64_t first, uint64_t count, const AttentionShape& shape, float* to) {
    DecodeVectors(from.code, codes + first * from.vector_bytes,
                  scales == nullptr ? nullptr : scales + first * sizeof(uint16_t), count,
                  shape.head_dimension, to + first * shape.head_dimension);
  }
};

// The definition, one query after the other in fp64: any shape, no speed. It shares nothing with
// the check but the decoded values.
class ReferenceKernel final : public CpuKernel {
 public:
  ReferenceKernel(ThreadPool& pool, const KvFormat& format)
      : CpuKernel(pool, format, "reference") {}
  std::string_view variant(const AttentionShape&) const override { return "fp64"; }
  Status SupportsShape(const AttentionShape&) const override { return OkStatus(); }
  uint64_t ScratchBytes(const AttentionShape&) const override { return 0; }

  Status Run(const AttentionCall& call) override {
    const AttentionShape& shape = call.shape;
    const auto* query = static_cast<const float*>(call.queries);
    auto* output = static_cast<float*>(call.output);
    for (uint32_t sequence = 0; sequence < shape.batch; ++sequence) {
      for (uint32_t token = 0; token < shape.query_tokens; ++token) {
        for (uint32_t head = 0; head < shape.query_heads; ++head) {
          AttendOne(call, sequence * shape.key_value_heads + head / GroupOf(shape),
                    VisibleTokens(shape, token), query, output);
          query += shape.head_dimension;
          output += shape.head_dimension;
        }
      }
    }
    return OkStatus();
  }

 private:
  // Token by token with a running softmax.
  void AttendOne(const AttentionCall& call, uint64_t head, TokenRange visible, const float* query,
                 float* output) const {
    const CacheView cache = ViewOf(call);
    const uint32_t dimension = call.shape.head_dimension;
    std::vector<float> vector(dimension);
    std::vector<double> sums(dimension);
    double maximum = -HUGE_VAL;
    double total = 0;
    const auto decode = [&](const std::byte* codes, const std::byte* scales, uint64_t at) {
      DecodeKvVectors(kv_format_, codes + at * cache.vector_bytes,
                      scales == nullptr ? nullptr : scales + at * sizeof(uint16_t), 1, dimension,
                      vector.data());
    };
    for (uint64_t token = visible.begin; token < visible.end; ++token) {
      const uint64_t at = head * call.shape.context + token;
      decode(cache.keys, cache.key_scales, at);
      double score = 0;
      for (uint32_t i = 0; i < dimension; ++i) {
        score += static_cast<double>(vector[i]) * static_cast<double>(query[i]);
      }
      score /= std::sqrt(static_cast<double>(dimension));
      const double former = maximum;
      maximum = std::max(maximum, score);
      const double correction = std::exp(former - maximum);
      const double weight = std::exp(score - maximum);
      total = total * correction + weight;
      decode(cache.values, cache.value_scales, at);
      for (uint32_t i = 0; i < dimension; ++i) {
        sums[i] = sums[i] * correction + weight * static_cast<double>(vector[i]);
      }
    }
    for (uint32_t i = 0; i < dimension; ++i) output[i] = static_cast<float>(sums[i] / total);
  }
};

}  // namespace

KernelTable RegisterCpuKernels(ThreadPool& pool) {
  KernelTable table;
  for (const KvFormat& format : AllKvFormats()) {
    table.Register(std::make_unique<FusedKernel>(pool, format));
    table.Register(std::make_unique<ReferenceKernel>(pool, format));
    if (format.code == KvCode::kFp32) continue;
    table.Register(std::make_unique<DequantizeKernel>(pool, format));
  }
  table.SetDispatch({{"fp16", UINT32_MAX, "fused"},
                     {"fp32", UINT32_MAX, "fused"},
                     {"fp8_e4m3", UINT32_MAX, "fused"},
                     {"int4", UINT32_MAX, "fused"},
                     {"int8", UINT32_MAX, "fused"}});
  return table;
}

}  // namespace quantfleet::attention::cpu
