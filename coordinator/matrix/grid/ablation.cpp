// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/matrix/grid/ablation.hpp"

#include <set>
#include <string_view>
#include <tuple>

namespace quantfleet::matrix {

std::vector<Combination> ArmsOf(const Grid& grid, const GridBlock& block) {
  std::vector<Combination> arms = {grid.CombinationAt(block.baseline.value())};
  for (const uint64_t number : block.candidates) arms.push_back(grid.CombinationAt(number));
  return arms;
}

std::vector<Ablation> AblationsOf(const Matrix& matrix, const Grid& grid, const GridBlock& block) {
  if (!matrix.explain) return {};
  return AblationsOf(matrix, ArmsOf(grid, block));
}

std::vector<Ablation> AblationsOf(const Matrix& matrix, const std::vector<Combination>& arms) {
  std::vector<Ablation> ablations;
  if (!matrix.explain) return ablations;
  const AxisValue& baseline_format = arms.front().at("format");
  std::set<std::tuple<std::string_view, std::string_view>> shapes;
  std::set<std::tuple<std::string_view, std::string_view, std::string_view>> packed;
  for (const Combination& combination : arms) {
    const std::string& layer = combination.at("layer").text;
    const std::string& batch = combination.at("batch").text;
    const std::string& format = combination.at("format").text;
    if (shapes.emplace(layer, batch).second) {
      Combination dense = combination;
      dense.Set("format", baseline_format);
      ablations.push_back({dense, "ablation_launch"});
      ablations.push_back({dense, "ablation_dense"});
    }
    if (!packed.emplace(layer, batch, format).second) continue;
    ablations.push_back({combination, "ablation_read"});
    if (format == "fp32") continue;
    ablations.push_back({combination, "ablation_unpack"});
    ablations.push_back({combination, "ablation_decode"});
  }
  return ablations;
}

}  // namespace quantfleet::matrix
