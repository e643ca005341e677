// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/orchestration/simulator/results.hpp"

namespace quantfleet::bench {

v1::Block SmallestBlock() {
  v1::Block block;
  v1::BlockArm& arm = *block.add_arms();
  arm.set_arm_id(std::string(64, 'a'));
  arm.set_role(v1::ARM_ROLE_BASELINE);
  v1::ArmSpec& spec = *arm.mutable_spec();
  spec.set_workload("linear");
  spec.set_format("fp32");
  spec.set_kernel("auto");
  spec.set_cache("cold");
  spec.mutable_linear()->set_n(64);
  spec.mutable_linear()->set_k(64);
  spec.mutable_linear()->set_batch(1);
  block.set_target("simulated");
  block.mutable_policy()->set_confidence(0.95);
  return block;
}

v1::BlockResult ResultOf(const v1::Grant& grant, const std::string& run_id, int rounds) {
  v1::BlockResult result;
  result.set_block_id(grant.block().block_id());
  result.set_epoch(grant.epoch());
  result.set_run_id(run_id);
  result.set_run_seconds(1);
  (*result.mutable_fingerprint()->mutable_values())["cpu.model"] = "Simulated";
  for (const v1::BlockArm& arm : grant.block().arms()) {
    v1::Measurement& measurement = *result.add_measurements();
    measurement.set_arm_index(arm.index());
    measurement.set_arm_id(arm.arm_id());
    measurement.set_outcome(v1::OUTCOME_MEASURED);
    measurement.set_grade(v1::GRADE_A);
    measurement.set_weight_bytes(4096);
    const double seconds = 1e-3 * (1 + arm.index());
    for (int number = 0; number < rounds; ++number) {
      v1::Round& round = *measurement.add_rounds();
      round.set_number(static_cast<uint32_t>(number));
      round.set_position(arm.index());
      round.add_seconds(seconds * (1 + 0.001 * number));
    }
    measurement.mutable_summary()->set_samples(static_cast<uint32_t>(rounds));
    measurement.mutable_summary()->set_median_seconds(seconds);
  }
  return result;
}

v1::HelloRequest HelloOf(const std::string& agent_name, int kind, const std::string& request_id) {
  v1::HelloRequest hello;
  hello.set_agent_name(agent_name);
  hello.set_host_id("host-of-" + agent_name);
  hello.set_version("simulator");
  hello.set_request_id(request_id);
  v1::Device& device = *hello.mutable_device()->mutable_device();
  device.set_uid("cpu-2t");
  device.set_kind(v1::DEVICE_KIND_CPU);
  device.set_name("Simulated " + std::to_string(kind));
  device.set_device_class("cpu/simulated-" + std::to_string(kind) + "/2t");
  device.set_architecture("x86_64");
  device.set_threads(2);
  return hello;
}

}  // namespace quantfleet::bench
