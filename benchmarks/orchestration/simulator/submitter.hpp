// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <random>
#include <string>

#include "benchmarks/orchestration/simulator/loop.hpp"
#include "benchmarks/orchestration/simulator/options.hpp"
#include "benchmarks/orchestration/simulator/tally.hpp"

#include "quantfleet/v1/matrix_service.grpc.pb.h"

namespace quantfleet::bench {

// Submits a matrix again and again at random times, to see how soon it is granted.
class Submitter {
 public:
  // `document`: the text of the file. What it points to outlives it.
  Submitter(const FleetOptions& options, std::string document,
            const std::shared_ptr<grpc::Channel>& channel, Loop* loop, Tally* tally);
  void Start() { Plan(); }

 private:
  void Plan();
  void Submit();

  const FleetOptions& options_;
  const std::string document_;
  const std::unique_ptr<v1::MatrixService::Stub> stub_;
  Loop* const loop_;
  Tally* const tally_;
  std::mt19937 random_;
  int left_ = 0;
};

}  // namespace quantfleet::bench
