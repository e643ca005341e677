// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cctype>
#include <cstdio>

#include <google/protobuf/util/time_util.h>

#include "cli/client.hpp"
#include "cli/verbs/verbs.hpp"

namespace quantfleet::cli {
namespace {

std::string StateWord(v1::MatrixState state) {
  std::string name = v1::MatrixState_Name(state).substr(13);
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return name;
}

std::vector<std::string> RowOf(const v1::Matrix& matrix) {
  return {matrix.matrix_id(),
          matrix.name(),
          StateWord(matrix.state()),
          std::to_string(matrix.blocks_done()) + "/" + std::to_string(matrix.blocks_total()),
          std::to_string(matrix.arms_measured()) + "/" + std::to_string(matrix.arms_total()),
          std::to_string(matrix.blocks_failed() + matrix.arms_failed()),
          google::protobuf::util::TimeUtil::ToString(matrix.create_time())};
}

Table MatrixTable() {
  return Table({"matrix", "name", "state", "blocks", "arms", "failed", "created"});
}

int PrintMatrix(const v1::Matrix& matrix, Output output) {
  if (output == Output::kJson) {
    Print(JsonOf(matrix));
    return 0;
  }
  Table table = MatrixTable();
  table.Add(RowOf(matrix));
  Print(output == Output::kCsv ? table.AsCsv() : table.AsText());
  if (output == Output::kTable) {
    for (const std::string& line : matrix.running()) std::printf("running: %s\n", line.c_str());
    for (const std::string& line : matrix.waiting()) std::printf("waiting: %s\n", line.c_str());
  }
  return 0;
}

}  // namespace

int Submit(const Common& common, const SubmitOptions& options) {
  const auto document = ReadDocument(options.file);
  if (!document.ok()) return Fail(document.status());
  v1::SubmitMatrixRequest request;
  request.set_document(*document);
  request.set_file_name(options.file);
  request.set_request_id(options.request_id);
  if (options.priority) request.set_priority(*options.priority);
  Client client(common.remote);
  const auto response = client.SubmitMatrix(request);
  if (!response.ok() && response.status().code() == StatusCode::kInvalidArgument) {
    // A diagnostic: file:line:column first, so that editors can jump there.
    std::fprintf(stderr, "%s\n", response.status().message().c_str());
    return 2;
  }
  if (!response.ok()) return Fail(response.status());
  if (common.output == Output::kJson) {
    Print(JsonOf(*response));
  } else {
    Print(response->matrix().matrix_id() + "\n");
  }
  return options.watch ? Watch(common, response->matrix().matrix_id()) : 0;
}

int ShowStatus(const Common& common, const std::string& id) {
  Client client(common.remote);
  std::string matrix_id = id;
  if (matrix_id.empty()) {
    v1::ListMatricesRequest newest;
    newest.set_page_size(1);
    const auto page = client.ListMatrices(newest);
    if (!page.ok()) return Fail(page.status());
    if (page->matrices().empty()) return Fail(NotFound("there is no matrix yet"));
    matrix_id = page->matrices(0).matrix_id();
  }
  v1::GetMatrixRequest request;
  request.set_matrix_id(matrix_id);
  const auto response = client.GetMatrix(request);
  if (!response.ok()) return Fail(response.status());
  return PrintMatrix(response->matrix(), common.output);
}

int List(const Common& common) {
  Client client(common.remote);
  v1::ListMatricesRequest request;
  request.set_page_size(500);
  v1::ListMatricesResponse all;
  do {
    const auto page = client.ListMatrices(request);
    if (!page.ok()) return Fail(page.status());
    all.mutable_matrices()->MergeFrom(page->matrices());
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  if (common.output == Output::kJson) {
    Print(JsonOf(all));
    return 0;
  }
  Table table = MatrixTable();
  for (const auto& matrix : all.matrices()) table.Add(RowOf(matrix));
  Print(common.output == Output::kCsv ? table.AsCsv() : table.AsText());
  return 0;
}

int Cancel(const Common& common, const std::string& id) {
  v1::CancelMatrixRequest request;
  request.set_matrix_id(id);
  const auto response = Client(common.remote).CancelMatrix(request);
  if (!response.ok()) return Fail(response.status());
  return PrintMatrix(response->matrix(), common.output);
}

int Retry(const Common& common, const std::string& id, bool failed_only) {
  v1::RetryMatrixRequest request;
  request.set_matrix_id(id);
  request.set_failed_only(failed_only);
  const auto response = Client(common.remote).RetryMatrix(request);
  if (!response.ok()) return Fail(response.status());
  if (common.output == Output::kTable)
    std::printf("%u blocks queued again\n", response->blocks_queued());
  return PrintMatrix(response->matrix(), common.output);
}

}  // namespace quantfleet::cli
