// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/ops/linear/kernel.hpp"

#include <utility>

namespace quantfleet::linear {

void KernelTable::Register(std::unique_ptr<LinearKernel> kernel) {
  QF_CHECK(Find(kernel->format(), kernel->kernel()) == nullptr);
  kernels_.push_back(std::move(kernel));
}

void KernelTable::SetDispatch(std::vector<DispatchRow> rows) {
  dispatch_ = std::move(rows);
}

LinearKernel* KernelTable::Find(std::string_view format, std::string_view kernel) const {
  for (const auto& candidate : kernels_) {
    if (candidate->format() == format && candidate->kernel() == kernel) return candidate.get();
  }
  return nullptr;
}

std::string_view KernelTable::ResolveAuto(std::string_view format, uint32_t batch) const {
  for (const DispatchRow& row : dispatch_) {
    if (row.format == format && batch <= row.max_batch) return row.kernel;
  }
  for (const std::string_view kernel : {"dense", "fused"}) {
    if (Find(format, kernel) != nullptr) return kernel;
  }
  return {};
}

}  // namespace quantfleet::linear
