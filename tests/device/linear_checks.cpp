// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include <cmath>
#include <memory>

#include "kernels/formats/format.hpp"
#include "kernels/ops/linear/cuda/launch.hpp"
#include "tests/device/checks.hpp"

namespace quantfleet::device_checks {
namespace {

struct Case {
  std::string format;
  std::string kernel;
  engine::LinearShape shape;
};

std::string NameOf(const Case& c) {
  return c.format + "_" + c.kernel + "_" + std::to_string(c.shape.n) + "x" +
         std::to_string(c.shape.k) + "_batch" + std::to_string(c.shape.batch);
}

// int8 and nf4, whose codecs differ most, take every frame: batches on both sides of every change
// of kernel and tile (2|3, 8|9, 16|17, 32|33, 64|65), rows that end within a tile, k short, long
// and no multiple of a step.
void AddFrames(const char* kernel, std::vector<Case>* cases) {
  for (const uint32_t batch : {1U, 2U, 3U, 8U, 9U, 16U, 17U, 32U, 33U, 65U}) {
    cases->push_back({"int8", kernel, {129, 336, batch}});
    cases->push_back({"nf4", kernel, {129, 320, batch}});
    cases->push_back({"int8", kernel, {2304, 768, batch}});
    cases->push_back({"nf4", kernel, {768, 3072, batch}});
  }
  cases->push_back({"int8", kernel, {67, 16, 1}});
  cases->push_back({"int8", kernel, {1, 16, 131}});
  cases->push_back({"nf4", kernel, {67, 64, 2}});
  cases->push_back({"nf4", kernel, {1, 64, 131}});
  cases->push_back({"int8", kernel, {4096, 4112, 4}});
  cases->push_back({"nf4", kernel, {4097, 14336, 7}});
}

std::vector<Case> Cases() {
  std::vector<Case> cases;
  for (const uint32_t batch : {1U, 5U, 64U}) {
    cases.push_back({"fp32", "dense", {129, 333, batch}});
    cases.push_back({"fp16", "dense", {129, 320, batch}});
    cases.push_back({"bf16", "dense", {129, 320, batch}});
    cases.push_back({"fp32", "dense", {3072, 768, batch}});
    cases.push_back({"bf16", "dense", {768, 3072, batch}});
  }
  AddFrames("dequantize_then_gemm", &cases);
  AddFrames("fused", &cases);
  cases.push_back({"int8", "dequantize_then_gemm", {37, 333, 5}});
  // Every format in each of its kernels; a short n, so that k is split on a real card.
  for (const formats::Format* format : formats::AllFormats()) {
    const std::string name(format->name());
    if (linear::cuda::FindDecode(name) != nullptr) {
      cases.push_back({name, "reference", {8, 256, 2}});
      cases.push_back({name, "dequantize_then_gemm", {136, 512, 5}});
    }
    const bool other = name == "w8a8" || name == "llm_int8" || name == "gptq_int4_act_order";
    if (!other && linear::cuda::FindFused(name) == nullptr) continue;
    for (const uint32_t batch : {1U, 2U, 5U, 40U}) {
      cases.push_back({name, "fused", {136, 512, batch}});
      cases.push_back({name, "fused", {1024, 4096, batch}});
    }
  }
  std::erase_if(cases, [](const Case& c) {
    const bool dense = c.format == "fp32" || c.format == "fp16" || c.format == "bf16";
    return dense && c.kernel == "dequantize_then_gemm";
  });
  return cases;
}

// True if the operation says that the device cannot run the kernel at all.
bool IsListedUnsupported(engine::Operation& operation, const Case& c) {
  for (const engine::KernelSupport& entry : operation.Support()) {
    if (entry.format == c.format && entry.kernel == c.kernel) return !entry.supported;
  }
  return false;
}

Status CheckLinear(const Subject& subject, const Case& c) {
  engine::ArmSpec spec{"linear", c.format, c.kernel, "warm", subject.seed, {}};
  // A dense format has one kernel, which is asked for by "auto".
  if (spec.kernel == "dense") spec.kernel = "auto";
  spec.linear = c.shape;
  engine::Operation& operation = *subject.opened->operations.at(0);
  auto prepared = operation.Prepare(spec);
  if (!prepared.ok()) {
    return IsListedUnsupported(operation, c) ? prepared.status()
                                             : Failed(prepared.status().ToString());
  }
  const std::unique_ptr<engine::PreparedArm> arm = *std::move(prepared);
  if (!arm->kernel_used().starts_with(c.kernel)) {
    return Failed("ran " + std::string(arm->kernel_used()));
  }
  QF_RETURN_IF_ERROR(arm->PoisonOutput());
  QF_RETURN_IF_ERROR(arm->Run(0));
  QF_RETURN_IF_ERROR(subject.opened->device->Synchronize());
  QF_ASSIGN_OR_RETURN(const std::vector<float> output, arm->ReadOutput());
  if (output.size() != size_t{c.shape.n} * c.shape.batch) return Failed("output of another size");
  QF_ASSIGN_OR_RETURN(const engine::OutputError error, arm->Compare(output));
  const bool good = error.kernel_relative <= error.kernel_tolerance &&
                    error.output_relative <= error.output_tolerance;
  if (good) return OkStatus();
  return Failed("kernel error " + std::to_string(error.kernel_relative) + " (at most " +
                std::to_string(error.kernel_tolerance) + "), with the format's " +
                std::to_string(error.output_relative) + " (at most " +
                std::to_string(error.output_tolerance) + ")");
}

// A part of a product runs; only the dense one has an output, which must be right.
Status CheckAblation(const Subject& subject, const Case& c) {
  engine::ArmSpec spec{"linear", c.format, c.kernel, "warm", subject.seed, {}};
  spec.linear = c.shape;
  engine::Operation& operation = *subject.opened->operations.at(0);
  auto prepared = operation.Prepare(spec);
  if (!prepared.ok()) {
    // Every ledger needs the dense one, in whatever format its baseline has.
    const bool needed = c.kernel == "ablation_dense" && !IsListedUnsupported(operation, c);
    return needed ? Failed(prepared.status().ToString()) : prepared.status();
  }
  const std::unique_ptr<engine::PreparedArm> arm = *std::move(prepared);
  if (arm->has_output()) return CheckLinear(subject, c);
  if (c.kernel == "ablation_dense") return Failed("it has no output");
  QF_RETURN_IF_ERROR(arm->Run(0));
  return subject.opened->device->Synchronize();
}

// A shape the fused kernel does not take is refused with the reason, not computed slowly.
Status CheckRefusal(const Subject& subject) {
  engine::ArmSpec spec{"linear", "int8", "fused", "warm", subject.seed, {}};
  spec.linear = engine::LinearShape{16, 40, 1};
  const auto arm = subject.opened->operations.at(0)->Prepare(spec);
  if (arm.ok()) return Failed("it was accepted");
  const bool refused = arm.status().code() == StatusCode::kUnimplemented &&
                       arm.status().message().find("multiple of 16") != std::string::npos;
  return refused ? OkStatus() : arm.status();
}

}  // namespace

std::vector<Check> LinearChecks() {
  std::vector<Check> checks;
  for (const Case& c : Cases()) {
    checks.push_back({NameOf(c), [c](const Subject& subject) { return CheckLinear(subject, c); }});
  }
  for (const formats::Format* format : formats::AllFormats()) {
    for (const char* kernel : {"ablation_launch", "ablation_read", "ablation_unpack",
                               "ablation_decode", "ablation_dense"}) {
      const Case c = {std::string(format->name()), kernel, {136, 512, 5}};
      checks.push_back(
          {NameOf(c), [c](const Subject& subject) { return CheckAblation(subject, c); }});
    }
  }
  checks.push_back({"fused_refuses_odd_k", CheckRefusal});
  return checks;
}

}  // namespace quantfleet::device_checks
