// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/ops/attention/kernel.hpp"

namespace quantfleet::attention {

void KernelTable::Register(std::unique_ptr<AttentionKernel> kernel) {
  QF_CHECK(Find(kernel->format(), kernel->kernel()) == nullptr);
  kernels_.push_back(std::move(kernel));
}

AttentionKernel* KernelTable::Find(std::string_view format, std::string_view kernel) const {
  for (const auto& candidate : kernels_) {
    if (candidate->format() == format && candidate->kernel() == kernel) return candidate.get();
  }
  return nullptr;
}

std::string_view KernelTable::ResolveAuto(std::string_view format, uint32_t query_tokens) const {
  for (const DispatchRow& row : dispatch_) {
    if (row.format == format && query_tokens <= row.max_query_tokens) return row.kernel;
  }
  return "fused";
}

}  // namespace quantfleet::attention
