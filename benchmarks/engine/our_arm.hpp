// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/status.hpp"
#include "benchmarks/engine/arm.hpp"
#include "kernels/cpu/memory.hpp"
#include "kernels/cpu/thread_pool.hpp"
#include "kernels/ops/linear/kernel.hpp"

namespace quantfleet::bench {

// The CPU kernels with the threads they run on.
struct OurKernels {
  explicit OurKernels(uint32_t threads);
  cpu::ThreadPool pool;
  linear::KernelTable table;
};
using OurKernelsByThreads = std::map<uint32_t, std::unique_ptr<OurKernels>>;

// What all calls of one arm share.
struct OurProduct {
  std::string_view format;
  // As ArmSpec.kernel names it.
  std::string_view kernel;
  engine::LinearShape shape;
  // As the format lays it out, alive as long as the arm.
  std::span<const std::byte> packed;
  // [batch, k].
  std::span<const float> x;
  uint32_t copies = 1;
};

// Our kernel for the product. It keeps references to `kernels` and `memory`. Arm::UseThreads gives
// kNotFound if no such kernel is registered, or its reason why it cannot do the shape.
std::unique_ptr<Arm> MakeOurArm(OurKernelsByThreads& kernels, cpu::MemoryPool& memory,
                                const OurProduct& product);

}  // namespace quantfleet::bench
