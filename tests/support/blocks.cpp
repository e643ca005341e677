// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "tests/support/blocks.hpp"

#include "base/ids.hpp"
#include "coordinator/matrix/expansion.hpp"
#include "coordinator/postgres/migrator.hpp"
#include "tests/support/postgres.hpp"

namespace quantfleet::testing {
namespace {

v1::BlockArm ArmOf(uint32_t index, v1::ArmRole role, const std::string& format, uint32_t batch) {
  v1::BlockArm arm;
  arm.set_index(index);
  arm.set_role(role);
  v1::ArmSpec& spec = *arm.mutable_spec();
  spec.set_workload("linear");
  spec.set_format(format);
  spec.set_kernel("auto");
  spec.set_cache("cold");
  spec.mutable_linear()->set_n(64);
  spec.mutable_linear()->set_k(64);
  spec.mutable_linear()->set_batch(batch);
  arm.set_arm_id(matrix::ArmId(spec));
  (*arm.mutable_labels())["format"] = format;
  (*arm.mutable_labels())["batch"] = std::to_string(batch);
  return arm;
}

v1::Measurement MeasurementOf(const v1::BlockArm& arm, int salt) {
  v1::Measurement measurement;
  measurement.set_arm_index(arm.index());
  measurement.set_arm_id(arm.arm_id());
  measurement.set_outcome(v1::OUTCOME_MEASURED);
  measurement.set_grade(v1::GRADE_A);
  measurement.set_weight_bytes(4096);
  const double base = arm.role() == v1::ARM_ROLE_CANDIDATE ? 1e-3 : 2e-3;
  for (uint32_t number = 0; number < 8; ++number) {
    v1::Round& round = *measurement.add_rounds();
    round.set_number(number);
    round.set_position(arm.index());
    for (int i = 0; i < 3; ++i)
      round.add_seconds(base * (1 + 0.001 * (number + static_cast<uint32_t>(i + salt))));
  }
  measurement.mutable_summary()->set_samples(24);
  measurement.mutable_summary()->set_median_seconds(base);
  return measurement;
}

}  // namespace

std::string NewDatabase() {
  std::string conninfo = PostgresServer::Get().NewSchema();
  postgres::Connection db(conninfo);
  const Status status = postgres::Migrate(db, postgres::Migrations());
  if (!status.ok()) std::fprintf(stderr, "%s\n", status.ToString().c_str());
  QF_CHECK(status.ok());
  return conninfo;
}

v1::HelloRequest HelloOf(const std::string& name, const std::string& host, uint32_t threads) {
  v1::HelloRequest hello;
  hello.set_agent_name(name);
  hello.set_host_id(host);
  hello.set_version("test");
  hello.set_request_id(RandomId("hello_"));
  v1::Device& device = *hello.mutable_device()->mutable_device();
  device.set_uid("cpu-" + std::to_string(threads) + "t");
  device.set_kind(v1::DEVICE_KIND_CPU);
  device.set_name("Test CPU");
  device.set_device_class("cpu/test/" + std::to_string(threads) + "t");
  device.set_threads(threads);
  return hello;
}

postgres::Submission SubmissionOf(const std::string& request_id, int blocks) {
  postgres::Submission submission;
  submission.principal = "tester";
  submission.request_id = request_id;
  submission.name = "test";
  submission.document = "document of " + std::to_string(blocks) + " blocks";
  for (int i = 0; i < blocks; ++i) {
    matrix::PlannedBlock planned;
    const auto batch = static_cast<uint32_t>(i + 1);
    *planned.block.add_arms() = ArmOf(0, v1::ARM_ROLE_BASELINE, "fp32", batch);
    *planned.block.add_arms() = ArmOf(1, v1::ARM_ROLE_NULL, "fp32", batch);
    *planned.block.add_arms() = ArmOf(2, v1::ARM_ROLE_CANDIDATE, "nf4", batch);
    planned.block.set_target("any-cpu");
    planned.block.set_ordinal(static_cast<uint32_t>(i));
    planned.block.mutable_policy()->set_confidence(0.95);
    planned.requirement.conditions["kind"].any_of = {"cpu"};
    submission.blocks.push_back(std::move(planned));
  }
  return submission;
}

v1::BlockResult ResultOf(const v1::Block& block, uint64_t epoch, int salt) {
  v1::BlockResult result;
  result.set_block_id(block.block_id());
  result.set_epoch(epoch);
  result.set_run_id("run-" + block.block_id() + "-" + std::to_string(salt));
  result.set_run_seconds(1.5);
  (*result.mutable_fingerprint()->mutable_values())["driver"] = "none";
  (*result.mutable_fingerprint()->mutable_values())["cpu.model"] = "Test CPU";
  for (const v1::BlockArm& arm : block.arms())
    *result.add_measurements() = MeasurementOf(arm, salt);
  return result;
}

postgres::LeasePolicy AtOnce(int max_failures) {
  postgres::LeasePolicy policy;
  policy.max_failures = max_failures;
  policy.retry_seconds = 0;
  return policy;
}

std::string Open(postgres::Connection& db, const v1::HelloRequest& hello,
                 const postgres::LeasePolicy& policy) {
  const auto opened = postgres::OpenSession(db, hello, policy);
  if (!opened.ok()) std::fprintf(stderr, "%s\n", opened.status().ToString().c_str());
  QF_CHECK(opened.ok());
  return opened->session_id();
}

Result<v1::SyncResponse> SyncIdle(postgres::Connection& db, const std::string& session,
                                  const postgres::LeasePolicy& policy) {
  v1::SyncRequest request;
  request.set_session_id(session);
  return postgres::SyncSession(db, request, policy);
}

Result<v1::SyncResponse> SyncBusy(postgres::Connection& db, const std::string& session,
                                  const v1::Grant& grant, const postgres::LeasePolicy& policy) {
  v1::SyncRequest request;
  request.set_session_id(session);
  request.mutable_running()->set_block_id(grant.block().block_id());
  request.mutable_running()->set_epoch(grant.epoch());
  return postgres::SyncSession(db, request, policy);
}

std::string Scalar(postgres::Connection& db, const std::string& sql) {
  std::string value;
  const Status status = db.Run([&](postgres::Transaction& tx) -> Status {
    QF_ASSIGN_OR_RETURN(const auto rows, tx.Query(sql));
    value = rows.empty() || rows[0][0].is_null() ? "" : rows[0][0].as<std::string>();
    return OkStatus();
  });
  if (!status.ok()) std::fprintf(stderr, "%s: %s\n", sql.c_str(), status.ToString().c_str());
  QF_CHECK(status.ok());
  return value;
}

std::string Contradictions(postgres::Connection& db) {
  return Scalar(db, R"(
    SELECT string_agg(b.block_id || ' ' || b.state, ', ') FROM block b
    LEFT JOIN ready q USING (block_id) LEFT JOIN lease l USING (block_id)
    LEFT JOIN block_result r USING (block_id)
    WHERE (b.state = 'ready') <> (q.block_id IS NOT NULL)
       OR (b.state = 'leased') <> (l.block_id IS NOT NULL)
       OR (b.state = 'done') <> (r.block_id IS NOT NULL)
       OR l.epoch <> b.epoch)");
}

}  // namespace quantfleet::testing
