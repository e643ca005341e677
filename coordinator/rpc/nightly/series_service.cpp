// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/postgres/nightly/series_store.hpp"
#include "coordinator/rpc/services.hpp"
#include "coordinator/rpc/unary.hpp"

namespace quantfleet::rpc {
namespace {

class SeriesServiceImpl final : public v1::SeriesService::CallbackService {
 public:
  explicit SeriesServiceImpl(const Backend& backend) : backend_(backend) {}

  grpc::ServerUnaryReactor* ListTrends(grpc::CallbackServerContext* context,
                                       const v1::ListTrendsRequest* request,
                                       v1::ListTrendsResponse* response) override {
    return AnswerFromReader(
        backend_, context, request, response,
        [request](postgres::Connection& db) { return postgres::ListTrends(db, *request); });
  }

 private:
  const Backend backend_;
};

}  // namespace

std::unique_ptr<v1::SeriesService::CallbackService> MakeSeriesService(const Backend& backend) {
  return std::make_unique<SeriesServiceImpl>(backend);
}

}  // namespace quantfleet::rpc
