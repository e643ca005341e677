// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
//
// web_fixture report: a comparison's JSON on stdin, the report on stdout.
// web_fixture serve DIR: the dashboard over DIR/{matrices,comparison,fleet}.json, read at every
// call, until stdin ends; prints the address.
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>

#include <google/protobuf/util/json_util.h>

#include "coordinator/web/server.hpp"
#include "web/page.hpp"

namespace quantfleet::web {
namespace {

// The message that `json` spells; a name that the protocol does not know is an error.
template <typename Message>
Result<Message> Parse(const std::string& json) {
  Message message;
  const auto status = google::protobuf::util::JsonStringToMessage(json, &message);
  if (!status.ok()) return InvalidArgument(status.ToString());
  return message;
}

std::string ReadAll(std::istream& stream) {
  return std::string(std::istreambuf_iterator<char>(stream), {});
}

class FileQueries : public WebQueries {
 public:
  explicit FileQueries(std::string folder) : folder_(std::move(folder)) {}

  Result<v1::ListMatricesResponse> ListMatrices(const v1::ListMatricesRequest&) override {
    return Load<v1::ListMatricesResponse>("matrices");
  }

  Result<v1::GetMatrixResponse> GetMatrix(const v1::GetMatrixRequest& request) override {
    QF_ASSIGN_OR_RETURN(const auto list, Load<v1::ListMatricesResponse>("matrices"));
    for (const v1::Matrix& matrix : list.matrices()) {
      if (matrix.matrix_id() != request.matrix_id()) continue;
      v1::GetMatrixResponse response;
      *response.mutable_matrix() = matrix;
      return response;
    }
    return NotFound("no matrix " + request.matrix_id());
  }

  Result<v1::CompareMatrixResponse> CompareMatrix(const v1::CompareMatrixRequest&) override {
    QF_ASSIGN_OR_RETURN(auto comparison, Load<v1::Comparison>("comparison"));
    v1::CompareMatrixResponse response;
    *response.mutable_comparison() = std::move(comparison);
    return response;
  }

  Result<v1::ListSessionsResponse> ListSessions(const v1::ListSessionsRequest&) override {
    return Load<v1::ListSessionsResponse>("fleet");
  }

 private:
  template <typename Message>
  Result<Message> Load(const std::string& name) const {
    std::ifstream file(folder_ + "/" + name + ".json");
    if (!file) return Unavailable("no " + name + ".json");
    return Parse<Message>(ReadAll(file));
  }

  std::string folder_;
};

int Fail(const Status& status) {
  std::cerr << "web_fixture: " << status.ToString() << "\n";
  return 1;
}

int Report() {
  const std::string json = ReadAll(std::cin);
  const auto comparison = Parse<v1::Comparison>(json);
  if (!comparison.ok()) return Fail(comparison.status());
  // As it came: protobuf's own writer would escape "<" before RenderReport has to.
  std::cout << RenderReport(json);
  return 0;
}

int Serve(const std::string& folder) {
  FileQueries queries(folder);
  const auto server = WebServer::Start({"127.0.0.1", 0}, &queries);
  if (!server.ok()) return Fail(server.status());
  std::cout << (*server)->Address() << std::endl;
  ReadAll(std::cin);
  return 0;
}

}  // namespace
}  // namespace quantfleet::web

int main(int argc, char** argv) {
  const std::string_view verb = argc > 1 ? argv[1] : "";
  if (verb == "report" && argc == 2) return quantfleet::web::Report();
  if (verb == "serve" && argc == 3) return quantfleet::web::Serve(argv[2]);
  return quantfleet::web::Fail(quantfleet::InvalidArgument("report, or serve DIR"));
}
