// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "coordinator/postgres/pool.hpp"
#include "coordinator/postgres/results/reader.hpp"
#include "coordinator/web/queries.hpp"

namespace quantfleet {

// The dashboard's queries, answered by the same store as the services'. Thread-safe; waits for the
// database pool.
class ServiceQueries final : public web::WebQueries {
 public:
  // Both outlive the object; `reader` may be null, then all is read on `pool`.
  ServiceQueries(postgres::Pool* pool, postgres::Reader* reader) : pool_(pool), reader_(reader) {}

  Result<v1::ListMatricesResponse> ListMatrices(const v1::ListMatricesRequest& request) override;
  Result<v1::GetMatrixResponse> GetMatrix(const v1::GetMatrixRequest& request) override;
  Result<v1::CompareMatrixResponse> CompareMatrix(const v1::CompareMatrixRequest& request) override;
  Result<v1::ListSessionsResponse> ListSessions(const v1::ListSessionsRequest& request) override;

 private:
  // Waits for a read, on a standby if there is one.
  Status Read(const postgres::Reader::Job& job);

  postgres::Pool* const pool_;
  postgres::Reader* const reader_;
};

}  // namespace quantfleet
