// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/matrix/ablation.hpp"

#include <set>

namespace quantfleet::matrix {

std::vector<Ablation> AblationsOf(const Matrix& matrix, const GridBlock& block) {
  std::vector<Ablation> ablations;
  if (!matrix.explain) return ablations;
  std::vector<uint64_t> numbers = {block.baseline.value()};
  numbers.insert(numbers.end(), block.candidates.begin(), block.candidates.end());
  const AxisValue* const baseline_format = CombinationAt(matrix, numbers.front()).at("format");
  std::set<std::string> shapes, packed;
  for (const uint64_t number : numbers) {
    const Combination combination = CombinationAt(matrix, number);
    const std::string shape =
        combination.at("layer")->text + '\n' + combination.at("batch")->text + '\n';
    if (shapes.insert(shape).second) {
      Combination dense = combination;
      dense["format"] = baseline_format;
      ablations.push_back({dense, "ablation_launch"});
      ablations.push_back({dense, "ablation_dense"});
    }
    const std::string& format = combination.at("format")->text;
    if (!packed.insert(shape + format).second) continue;
    ablations.push_back({combination, "ablation_read"});
    if (format == "fp32") continue;
    ablations.push_back({combination, "ablation_unpack"});
    ablations.push_back({combination, "ablation_decode"});
  }
  return ablations;
}

}  // namespace quantfleet::matrix
