// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.hpp"
#include "kernels/engine/messages.hpp"
#include "kernels/ops/linear/activations.hpp"

namespace quantfleet::attention {

// Type of the queries and the output in device memory; see linear::ActivationType.
using linear::ActivationType;

// One call of softmax(q K^T / sqrt(head_dimension)) V. Pointers are the device's, aligned to 256
// bytes.
struct AttentionCall {
  engine::AttentionShape shape;
  // Packed cache as kv_cache.hpp lays it out.
  const std::byte* cache = nullptr;
  // [batch, query_tokens, query_heads, head_dimension], of the kernel's activation type.
  const void* queries = nullptr;
  void* output = nullptr;
  // ScratchBytes(shape) bytes, kept between calls; nullptr if 0.
  std::byte* scratch = nullptr;
};

// A way to attend to a cache of one format on one device. Made once, used by one thread.
class AttentionKernel {
 public:
  virtual ~AttentionKernel() = default;

  // Format and kernel as ArmSpec names them; kernel is "fused" (codes become values in registers on
  // their way into a running softmax), "dequantize_then_attention" (the whole cache is decoded to
  // memory first, as stacks without a fused path do) or "reference" (fp64).
  virtual std::string_view format() const = 0;
  virtual std::string_view kernel() const = 0;
  // What runs underneath ("avx3", "split_kv_fp16"); Measurement.kernel_used is
  // "<kernel>/<variant>".
  virtual std::string_view variant(const engine::AttentionShape& shape) const = 0;

  // ok, or kUnimplemented with the reason: for the device at all, and for one shape.
  virtual Status SupportedOnDevice() const = 0;
  virtual Status SupportsShape(const engine::AttentionShape& shape) const = 0;

  virtual ActivationType activation_type() const = 0;
  virtual uint64_t ScratchBytes(const engine::AttentionShape& shape) const = 0;
  // Largest kernel_relative this kernel may have at this shape (see OutputError).
  virtual double Tolerance(const engine::AttentionShape& shape) const = 0;

  // Starts the call on the device; may return before it has ended.
  virtual Status Run(const AttentionCall& call) = 0;
};

// One line of the dispatch of "auto": for `format`, up to `max_query_tokens` run `kernel`.
struct DispatchRow {
  std::string_view format;
  uint32_t max_query_tokens = 0;
  std::string_view kernel;
};

// The kernels registered for one device, and its dispatch table.
class KernelTable {
 public:
  // A second kernel for the same format and name is a bug.
  void Register(std::unique_ptr<AttentionKernel> kernel);
  // Rows of one format in ascending max_query_tokens; the last has UINT32_MAX.
  void SetDispatch(std::vector<DispatchRow> rows) { dispatch_ = std::move(rows); }

  // nullptr if none is registered.
  AttentionKernel* Find(std::string_view format, std::string_view kernel) const;
  // Name that "auto" stands for: by the dispatch, else "fused".
  std::string_view ResolveAuto(std::string_view format, uint32_t query_tokens) const;

 private:
  std::vector<std::unique_ptr<AttentionKernel>> kernels_;
  std::vector<DispatchRow> dispatch_;
};

}  // namespace quantfleet::attention
