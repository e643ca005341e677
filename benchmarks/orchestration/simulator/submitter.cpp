// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/orchestration/simulator/submitter.hpp"

#include "base/ids.hpp"

namespace quantfleet::bench {
namespace {

constexpr double kCallSeconds = 20;

}  // namespace

Submitter::Submitter(const FleetOptions& options, std::string document,
                     const std::shared_ptr<grpc::Channel>& channel, Loop* loop, Tally* tally)
    : options_(options),
      document_(std::move(document)),
      stub_(v1::MatrixService::NewStub(channel)),
      loop_(loop),
      tally_(tally),
      random_(options.seed),
      left_(options.submissions) {}

void Submitter::Plan() {
  if (left_-- <= 0) return;
  std::uniform_real_distribution<double> around(0.5, 1.5);
  loop_->After(FromSeconds(options_.submit_seconds * around(random_)), [this] { Submit(); });
}

void Submitter::Submit() {
  v1::SubmitMatrixRequest request;
  request.set_document(document_);
  request.set_file_name("simulated");
  request.set_request_id(RandomId("simulated_"));
  StartCall(*loop_, *stub_, &v1::MatrixService::Stub::AsyncSubmitMatrix, request, kCallSeconds,
            [this, began = loop_->Now()](const grpc::Status& status,
                                         const v1::SubmitMatrixResponse& response) {
              if (status.ok()) {
                tally_->Submitted(response.matrix().matrix_id(), began, loop_->Now());
              } else {
                tally_->Error("SubmitMatrix", static_cast<int>(status.error_code()));
              }
              Plan();
            });
}

}  // namespace quantfleet::bench
