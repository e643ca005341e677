// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/ops/linear/kernel.hpp"

#include <utility>

#include "kernels/ops/linear/activations.hpp"

namespace quantfleet::linear {

Work LinearKernel::WorkOf(const engine::LinearShape& shape, uint64_t weight_bytes) const {
  const uint64_t values = uint64_t{shape.batch} * (uint64_t{shape.n} + shape.k);
  return {weight_bytes + values * ActivationBytes(activation_type()),
          2 * uint64_t{shape.n} * shape.k * shape.batch};
}

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
