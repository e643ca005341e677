// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <memory>

#include "tests/device/checks.hpp"

namespace quantfleet::device_checks {
namespace {

using engine::AttentionShape;

struct Case {
  const char* format;
  const char* kernel;
  AttentionShape shape;
};

std::string NameOf(const Case& c) {
  return std::string("attention_") + c.format + "_" + c.kernel + "_heads" +
         std::to_string(c.shape.query_heads) + "over" + std::to_string(c.shape.key_value_heads) +
         "x" + std::to_string(c.shape.head_dimension) + "_context" +
         std::to_string(c.shape.context) + "_queries" + std::to_string(c.shape.query_tokens) +
         "_batch" + std::to_string(c.shape.batch) + "_window" + std::to_string(c.shape.window);
}

// Decode and prefill, groups of one and of four heads, window edges, contexts that end within a
// tile and one that is split over blocks, every width of kernel.
std::vector<Case> Cases() {
  std::vector<Case> cases;
  for (const char* format : {"fp32", "fp16", "fp8_e4m3", "int8", "int4"}) {
    cases.push_back({format, "fused", {1, 1, 64, 1, 1, 1, 0}});
    cases.push_back({format, "fused", {8, 2, 128, 67, 1, 1, 0}});
    cases.push_back({format, "fused", {8, 2, 256, 600, 1, 1, 512}});
    cases.push_back({format, "fused", {4, 4, 80, 90, 30, 1, 0}});
    cases.push_back({format, "fused", {4, 2, 128, 130, 9, 2, 40}});
    cases.push_back({format, "fused", {32, 8, 128, 9000, 1, 1, 0}});
    cases.push_back({format, "fused", {8, 2, 256, 9000, 64, 1, 512}});
  }
  for (const char* format : {"fp8_e4m3", "int8", "int4"}) {
    const char* const kernel = "dequantize_then_attention";
    cases.push_back({format, kernel, {8, 2, 128, 67, 1, 1, 0}});
    cases.push_back({format, kernel, {4, 4, 80, 90, 30, 1, 0}});
    cases.push_back({format, kernel, {32, 8, 128, 9000, 1, 1, 0}});
  }
  return cases;
}

Status CheckAttention(const Subject& subject, const Case& c) {
  engine::ArmSpec spec;
  spec.workload = "attention";
  spec.format = c.format;
  spec.kernel = c.kernel;
  spec.cache = "warm";
  spec.seed = subject.seed;
  spec.attention = c.shape;
  // Every kernel of the list runs on every device that the CUDA kernels take.
  QF_ASSIGN_OR_RETURN(const std::unique_ptr<engine::PreparedArm> arm,
                      OperationOf(subject, "attention").Prepare(spec));
  QF_RETURN_IF_ERROR(arm->PoisonOutput());
  QF_RETURN_IF_ERROR(arm->Run(0));
  QF_RETURN_IF_ERROR(subject.opened->device->Synchronize());
  QF_ASSIGN_OR_RETURN(const std::vector<float> output, arm->ReadOutput());
  QF_ASSIGN_OR_RETURN(const engine::OutputError error, arm->Compare(output));
  const bool good = error.kernel_relative <= error.kernel_tolerance &&
                    error.output_relative <= error.output_tolerance;
  if (good) return OkStatus();
  return Failed("kernel error " + std::to_string(error.kernel_relative) + " (at most " +
                std::to_string(error.kernel_tolerance) + "), with the format's " +
                std::to_string(error.output_relative) + " (at most " +
                std::to_string(error.output_tolerance) + ")");
}

}  // namespace

std::vector<Check> AttentionChecks() {
  std::vector<Check> checks;
  for (const Case& c : Cases()) {
    checks.push_back(
        {NameOf(c), [c](const Subject& subject) { return CheckAttention(subject, c); }});
  }
  return checks;
}

engine::Operation& OperationOf(const Subject& subject, std::string_view workload) {
  const auto& operations = subject.opened->operations;
  const auto found = std::find_if(operations.begin(), operations.end(), [&](const auto& operation) {
    return operation->workload() == workload;
  });
  QF_CHECK(found != operations.end());
  return **found;
}

}  // namespace quantfleet::device_checks
