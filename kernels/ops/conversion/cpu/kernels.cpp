// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/ops/conversion/cpu/kernels.hpp"

#include <cstring>
#include <optional>
#include <span>
#include <utility>

#include "kernels/formats/format.hpp"
#include "kernels/ops/linear/cpu/cpu_kernel.hpp"
#include "kernels/ops/linear/cpu/simd.hpp"
#include "kernels/ops/linear/cpu/split.hpp"

namespace quantfleet::conversion::cpu {
namespace {

using engine::MatrixShape;
using linear::cpu::ForRows;
using linear::cpu::RowRange;
using quantfleet::cpu::ThreadPool;

uint64_t Values(const MatrixShape& shape) {
  return uint64_t{shape.rows} * shape.columns;
}

std::span<const float> Floats(const ConversionCall& call) {
  return {reinterpret_cast<const float*>(call.from), Values(call.shape)};
}

class CpuConversion : public ConversionKernel {
 public:
  CpuConversion(Direction direction, std::string_view kernel, ThreadPool& pool,
                const formats::Format& format)
      : direction_(direction), kernel_(kernel), pool_(pool), format_(format) {}
  Direction direction() const override { return direction_; }
  std::string_view format() const override { return format_.name(); }
  std::string_view kernel() const override { return kernel_; }
  uint64_t ScratchBytes(const MatrixShape&) const override { return 0; }

 protected:
  std::span<std::byte> Packed(const ConversionCall& call) const {
    return {call.to, format_.PackedBytes(call.shape.rows, call.shape.columns)};
  }

  const Direction direction_;
  const std::string_view kernel_;
  ThreadPool& pool_;
  const formats::Format& format_;
};

// The format's own code, on one thread.
class ReferenceConversion final : public CpuConversion {
 public:
  ReferenceConversion(Direction direction, ThreadPool& pool, const formats::Format& format)
      : CpuConversion(direction, "reference", pool, format) {}
  std::string_view variant() const override { return "scalar"; }
  Status Run(const ConversionCall& call) override {
    const auto [rows, columns] = call.shape;
    if (direction_ == Direction::kQuantize) {
      return format_.Encode(Floats(call), rows, columns, Packed(call));
    }
    return format_.Decode({call.from, format_.PackedBytes(rows, columns)}, rows, columns,
                          {reinterpret_cast<float*>(call.to), Values(call.shape)});
  }
};

// Rows over all threads, by the vector code where it knows the format.
class ParallelDequantize final : public CpuConversion {
 public:
  ParallelDequantize(ThreadPool& pool, const formats::Format& format)
      : CpuConversion(Direction::kDequantize, "parallel", pool, format),
        code_(linear::cpu::SimdCode(format.name())) {}
  std::string_view variant() const override {
    return code_ ? linear::cpu::SimdTarget() : std::string_view("rows");
  }
  Status Run(const ConversionCall& call) override {
    const auto [n, columns] = call.shape;
    auto* const to = reinterpret_cast<float*>(call.to);
    ForRows(pool_, n, [&, rows = n, k = columns](uint32_t, RowRange part) {
      if (code_) return linear::cpu::DecodeRows({*code_, call.from, rows, k}, part, to);
      for (uint64_t row = part.begin; row < part.end; ++row) {
        format_.DecodeRow(call.from, rows, k, row, to + row * k);
      }
    });
    return OkStatus();
  }

 private:
  const std::optional<linear::cpu::WeightCode> code_;
};

// Each thread packs its rows as a matrix of their own, then puts the parts (codes, scales) where
// the whole matrix has them. One thread packs all where a format's rows depend on each other.
class ParallelQuantize final : public CpuConversion {
 public:
  ParallelQuantize(ThreadPool& pool, const formats::Format& format)
      : CpuConversion(Direction::kQuantize, "parallel", pool, format) {}
  std::string_view variant() const override {
    constexpr uint64_t kAnyColumns = 256;
    return format_.RowParts(kAnyColumns).empty() ? "whole" : "rows";
  }
  uint64_t ScratchBytes(const MatrixShape& shape) const override {
    return format_.RowParts(shape.columns).size() > 1
               ? format_.PackedBytes(shape.rows, shape.columns)
               : 0;
  }
  Status Run(const ConversionCall& call) override {
    const std::vector<uint64_t> parts = format_.RowParts(call.shape.columns);
    if (parts.empty()) {
      return format_.Encode(Floats(call), call.shape.rows, call.shape.columns, Packed(call));
    }
    std::vector<Status> results(pool_.threads());
    ForRows(pool_, call.shape.rows, [&](uint32_t thread, RowRange rows) {
      results[thread] = EncodeRows(call, parts, rows);
    });
    for (const Status& result : results) QF_RETURN_IF_ERROR(result);
    return OkStatus();
  }

 private:
  Status EncodeRows(const ConversionCall& call, const std::vector<uint64_t>& parts,
                    RowRange rows) const {
    const uint64_t columns = call.shape.columns;
    const uint64_t count = rows.end - rows.begin;
    uint64_t bytes_per_row = 0;
    for (const uint64_t bytes : parts) bytes_per_row += bytes;
    std::byte* const packed =
        (parts.size() > 1 ? call.scratch : call.to) + rows.begin * bytes_per_row;
    QF_RETURN_IF_ERROR(format_.Encode(Floats(call).subspan(rows.begin * columns, count * columns),
                                      count, columns, {packed, count * bytes_per_row}));
    if (parts.size() == 1) return OkStatus();
    const std::byte* from = packed;
    std::byte* to = call.to;
    for (const uint64_t bytes : parts) {
      std::memcpy(to + rows.begin * bytes, from, count * bytes);
      from += count * bytes;
      to += call.shape.rows * bytes;
    }
    return OkStatus();
  }
};

}  // namespace

ConversionKernels MakeCpuKernels(Direction direction, ThreadPool& pool) {
  ConversionKernels kernels;
  for (const formats::Format* format : formats::AllFormats()) {
    kernels.push_back(std::make_unique<ReferenceConversion>(direction, pool, *format));
    if (direction == Direction::kQuantize) {
      kernels.push_back(std::make_unique<ParallelQuantize>(pool, *format));
    } else {
      kernels.push_back(std::make_unique<ParallelDequantize>(pool, *format));
    }
  }
  return kernels;
}

}  // namespace quantfleet::conversion::cpu
