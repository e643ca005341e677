// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdio>

#include "cli/client.hpp"
#include "cli/progress.hpp"
#include "cli/verbs/verbs.hpp"

namespace quantfleet::cli {
namespace {

constexpr Duration kPatience = std::chrono::minutes(5);  // a coordinator may restart meanwhile

ProgressState StateOf(const v1::Matrix& matrix) {
  ProgressState state;
  const unsigned over = matrix.blocks_done() + matrix.blocks_failed() + matrix.blocks_cancelled();
  state.blocks_done = over;
  state.blocks_total = matrix.blocks_total();
  state.fraction =
      matrix.blocks_total() == 0 ? 1 : static_cast<double>(over) / matrix.blocks_total();
  if (matrix.has_seconds_left()) state.seconds_left = matrix.seconds_left();
  if (matrix.running_size() > 0) state.note = matrix.running(0);
  if (matrix.running().empty() && matrix.waiting_size() > 0) state.note = matrix.waiting(0);
  return state;
}

// The last line, and the exit code: 1 if something failed.
int Conclude(const v1::Matrix& matrix, Output output) {
  if (output == Output::kJson) Print(JsonOf(matrix));
  const unsigned failed = matrix.blocks_failed() + matrix.arms_failed();
  if (matrix.state() == v1::MATRIX_STATE_CANCELLED) std::fprintf(stderr, "cancelled\n");
  if (failed > 0) {
    std::fprintf(stderr, "%u blocks given up, %u arms failed\n", matrix.blocks_failed(),
                 matrix.arms_failed());
  }
  return matrix.state() == v1::MATRIX_STATE_COMPLETED && failed == 0 ? 0 : 1;
}

}  // namespace

int Watch(const Common& common, const std::string& id) {
  Client client(common.remote, kPatience);
  ProgressBar bar;
  v1::GetMatrixRequest request;
  request.set_matrix_id(id);
  while (true) {
    const auto response = client.GetMatrix(request);
    if (!response.ok()) {
      bar.Finish();
      return Fail(response.status());
    }
    const v1::Matrix& matrix = response->matrix();
    bar.Show(StateOf(matrix));
    if (matrix.state() != v1::MATRIX_STATE_RUNNING) {
      bar.Finish();
      return Conclude(matrix, common.output);
    }
    request.set_known_version(matrix.version());
    request.set_wait_seconds(1);
  }
}

}  // namespace quantfleet::cli
