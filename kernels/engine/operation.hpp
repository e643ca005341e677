// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.hpp"
#include "kernels/engine/messages.hpp"

namespace quantfleet::engine {

// What one call of an arm costs by definition, whatever the kernel does. See Measurement for units.
struct ArmCost {
  uint64_t weight_bytes = 0;
  double bits_per_weight = 0;
  uint64_t moved_bytes = 0;
  uint64_t operations = 0;
  uint32_t rotation_copies = 0;
  uint64_t working_set_bytes = 0;
};

// An arm that is ready to run: weights, activations and output lie in device memory. Lives no
// longer than the operation and the device that made it. One thread uses it at a time.
class PreparedArm {
 public:
  virtual ~PreparedArm() = default;

  // Kernel that runs, never "auto".
  virtual std::string_view kernel_used() const = 0;
  virtual const ArmCost& cost() const = 0;
  // For the record: "normal(0, 0.02)".
  virtual std::string_view weight_distribution() const = 0;
  // The same of the activations: "normal(0, 1)"; empty for a workload without.
  virtual std::string_view activation_distribution() const { return {}; }

  // Starts one call on weight copy `copy` (below rotation_copies). May return before it has ended;
  // Device::Synchronize waits. Called in the timed region: does nothing but start the kernel.
  virtual Status Run(uint32_t copy) = 0;

  // Reserves the next `count` copies in rotation and returns the first. Arms that share copies
  // share the rotation, so that none reads what another has just brought into the cache.
  virtual uint32_t TakeCopies(uint32_t count) {
    (void)count;
    return 0;
  }

  // False for an arm that is only a part of what it explains and leaves nothing to check: then the
  // three functions below are not called.
  virtual bool has_output() const { return true; }
  // Fills the output with NaN, so that a kernel that writes nothing is found.
  virtual Status PoisonOutput() = 0;
  // Output of the last call as fp32, row-major, as the workload defines it.
  virtual Result<std::vector<float>> ReadOutput() = 0;
  // Compares an output with the fp64 references. Does not judge: the caller holds the errors
  // against the tolerances in the result.
  virtual Result<OutputError> Compare(const std::vector<float>& output) = 0;
};

// A workload on a device ("linear" on the CPU). Keeps what can be used again between arms and
// blocks: encoded weights, references. One thread uses it at a time.
class Operation {
 public:
  virtual ~Operation() = default;

  // As ArmSpec.workload names it.
  virtual std::string_view workload() const = 0;
  // One entry for each format and kernel that can be compared, sorted by format, then kernel.
  virtual std::vector<KernelSupport> Support() const = 0;
  // Resolves "auto", makes, encodes and uploads the data. kUnimplemented: unsupported here, with
  // the reason. kInvalidArgument: the spec makes no sense. kResourceExhausted: memory.
  virtual Result<std::unique_ptr<PreparedArm>> Prepare(const ArmSpec& spec) = 0;
  // Forgets everything cached that no prepared arm holds.
  virtual void DropCaches() = 0;
};

}  // namespace quantfleet::engine
