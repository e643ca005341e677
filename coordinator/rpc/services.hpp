// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <memory>

#include "coordinator/matrix/matrix.hpp"
#include "coordinator/metrics/metrics.hpp"
#include "coordinator/postgres/agent_store.hpp"
#include "coordinator/postgres/pool.hpp"
#include "coordinator/postgres/results/reader.hpp"
#include "coordinator/rpc/parking.hpp"
#include "coordinator/scheduler/dispatcher.hpp"

#include "quantfleet/v1/access_service.grpc.pb.h"
#include "quantfleet/v1/admin_service.grpc.pb.h"
#include "quantfleet/v1/agent_service.grpc.pb.h"
#include "quantfleet/v1/enrolment_service.grpc.pb.h"
#include "quantfleet/v1/fleet_service.grpc.pb.h"
#include "quantfleet/v1/matrix_service.grpc.pb.h"
#include "quantfleet/v1/result_service.grpc.pb.h"
#include "quantfleet/v1/schedule_service.grpc.pb.h"
#include "quantfleet/v1/series_service.grpc.pb.h"

namespace quantfleet::rpc {

class Gate;

// What the services share. All of it outlives them.
struct Backend {
  postgres::Pool* pool = nullptr;
  // Where comparisons, measurements and lists of matrices are read; null: on `pool`.
  postgres::Reader* reader = nullptr;
  Parking* parking = nullptr;
  postgres::LeasePolicy policy;
  matrix::Limits limits;
  std::chrono::system_clock::time_point start_time;  // for GetServerStatus only
  // What calls are counted in; may be null.
  metrics::Metrics* metrics = nullptr;
  // Null: the agents' service keeps one of its own, which forgets with it.
  scheduler::Dispatcher* dispatcher = nullptr;
  // Set by the server: nothing is answered without.
  Gate* gate = nullptr;
};

// Translation only: each method checks, calls the store on the database pool and answers. The
// contracts are in proto/quantfleet/v1. Thread-safe.
std::unique_ptr<v1::AgentService::CallbackService> MakeAgentService(const Backend& backend);
std::unique_ptr<v1::MatrixService::CallbackService> MakeMatrixService(const Backend& backend);
std::unique_ptr<v1::ResultService::CallbackService> MakeResultService(const Backend& backend);
std::unique_ptr<v1::FleetService::CallbackService> MakeFleetService(const Backend& backend);
std::unique_ptr<v1::AdminService::CallbackService> MakeAdminService(const Backend& backend);
std::unique_ptr<v1::AccessService::CallbackService> MakeAccessService(const Backend& backend);
std::unique_ptr<v1::EnrolmentService::CallbackService> MakeEnrolmentService(const Backend& backend);
std::unique_ptr<v1::ScheduleService::CallbackService> MakeScheduleService(const Backend& backend);
std::unique_ptr<v1::SeriesService::CallbackService> MakeSeriesService(const Backend& backend);

}  // namespace quantfleet::rpc
