// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/analysis/ledger/inputs.hpp"

#include <algorithm>
#include <set>
#include <string>

#include "coordinator/analysis/axis_curve.hpp"
#include "coordinator/analysis/roofline.hpp"

namespace quantfleet::analysis {
namespace {

double MedianOf(const v1::ComparisonRow& row) {
  return row.measurement().summary().median_seconds();
}

// Ok if the measurement may be used; else why not.
Status Usable(const v1::ComparisonRow& row, const std::string& whose) {
  const v1::Measurement& measurement = row.measurement();
  if (measurement.outcome() != v1::OUTCOME_MEASURED || !(MedianOf(row) > 0)) {
    const std::string& reason = measurement.reason();
    return NotFound(whose + " was not measured" + (reason.empty() ? "" : ": " + reason));
  }
  if (measurement.grade() != v1::GRADE_D && measurement.grade() != v1::GRADE_F) return OkStatus();
  std::string text = whose + " has grade " + (measurement.grade() == v1::GRADE_D ? "D" : "F");
  for (int i = 0; i < measurement.grade_reasons_size(); ++i) {
    text += (i == 0 ? ": " : ", ") + measurement.grade_reasons(i);
  }
  return NotFound(text);
}

bool SameShape(const v1::ArmSpec& a, const v1::ArmSpec& b) {
  return a.linear().n() == b.linear().n() && a.linear().k() == b.linear().k() &&
         a.linear().batch() == b.linear().batch();
}

bool NothingPacked(const v1::ComparisonRow& row) {
  static const std::set<std::string> kNumberTypes = {"bf16", "fp16", "fp32"};
  return KernelName(row.measurement()) == "dense" ||
         kNumberTypes.contains(row.arm().spec().format());
}

// Fills the rows and times of the parts of one block.
class Gatherer {
 public:
  Gatherer(const BlockRows& block, LedgerInputs* inputs) : block_(block), inputs_(*inputs) {}

  Status Side(const v1::ComparisonRow& row, Part total, SideFacts* facts) {
    const std::string kernel = KernelName(row.measurement());
    if (kernel != "dense" && kernel != "fused" && kernel != "dequantize_then_gemm") {
      return Unimplemented("kernel " + kernel + " is not made of the parts that were measured");
    }
    facts->through_memory = kernel == "dequantize_then_gemm";
    Set(total, row);
    const auto after = [total](size_t steps) {
      return static_cast<Part>(static_cast<size_t>(total) + steps);
    };
    QF_RETURN_IF_ERROR(Ablation(row, "ablation_read", after(1)));
    const Status unpack = kernel == "dense" ? NotFound("nothing to unpack")
                                            : Ablation(row, "ablation_unpack", after(2));
    if (!unpack.ok() && !NothingPacked(row)) return unpack;
    if (!unpack.ok()) Set(after(2), *inputs_.rows[static_cast<size_t>(after(1))]);
    return facts->through_memory ? Ablation(row, "ablation_decode", after(3)) : OkStatus();
  }

  // The part of any format, at the shape of `row`.
  Status Common(const v1::ComparisonRow& row, const std::string& kernel, Part part) {
    return Find(row, kernel, "", part);
  }

 private:
  Status Ablation(const v1::ComparisonRow& row, const std::string& kernel, Part part) {
    return Find(row, kernel, row.arm().spec().format(), part);
  }

  Status Find(const v1::ComparisonRow& like, const std::string& kernel, const std::string& format,
              Part part) {
    const std::string name = (format.empty() ? "" : format + " ") + kernel;
    for (const v1::ComparisonRow* row : block_) {
      const v1::ArmSpec& spec = row->arm().spec();
      if (row->arm().role() != v1::ARM_ROLE_ABLATION || spec.kernel() != kernel) continue;
      if (!SameShape(spec, like.arm().spec())) continue;
      if (!format.empty() && spec.format() != format) continue;
      QF_RETURN_IF_ERROR(Usable(*row, name));
      Set(part, *row);
      return OkStatus();
    }
    return NotFound("the block has no " + name);
  }

  void Set(Part part, const v1::ComparisonRow& row) {
    inputs_.rows[static_cast<size_t>(part)] = &row;
    inputs_.times[static_cast<size_t>(part)] = MedianOf(row);
  }

  const BlockRows& block_;
  LedgerInputs& inputs_;
};

// The row's operations at the session's peak for the type that it multiplies in; 0 without one.
double PeakSeconds(const v1::ComparisonRow& row, const v1::ComparisonSession& session) {
  const auto& peaks = session.ceilings().matrix_operations_per_second();
  const auto peak = peaks.find(MatrixType(row.arm().spec(), row.measurement(), session.device()));
  if (peak == peaks.end() || !(peak->second > 0)) return 0;
  return static_cast<double>(row.measurement().operations()) / peak->second;
}

// Weights, activations and results of ablation_dense are of one type: the share of the weights in
// its traffic gives their decoded size.
double DecodedBytes(const v1::ComparisonRow& dense) {
  const v1::LinearShape& shape = dense.arm().spec().linear();
  const double weights = double{1} * shape.n() * shape.k();
  const double values = weights + double{1} * shape.batch() * (shape.n() + shape.k());
  return static_cast<double>(dense.measurement().moved_bytes()) * weights / values;
}

void SetShared(const v1::ComparisonSession& session, LedgerInputs* inputs) {
  const v1::ComparisonRow& dense = *inputs->rows[static_cast<size_t>(Part::kDense)];
  const double decoded = DecodedBytes(dense);
  inputs->shared.dense_multiply = PeakSeconds(dense, session);
  const auto baseline_bytes = static_cast<double>(inputs->baseline->measurement().weight_bytes());
  if (baseline_bytes > 0) inputs->shared.decoded_over_baseline = decoded / baseline_bytes;
  const double cache_rate = session.ceilings().cache_read_bytes_per_second();
  if (cache_rate > 0 && decoded <= static_cast<double>(session.device().cache_bytes())) {
    inputs->shared.cached_reread = decoded / cache_rate;
  }
}

// Clocks of both sides over the mean clock of the ablation arms, if all of them are known.
void SetClocks(LedgerInputs* inputs) {
  double sum = 0;
  double count = 0;
  for (const v1::ComparisonRow* row : inputs->rows) {
    if (row == nullptr) continue;
    if (!(row->measurement().clock_fraction() > 0)) return;
    if (row == inputs->arm || row == inputs->baseline) continue;
    sum += row->measurement().clock_fraction();
    ++count;
  }
  inputs->clocks_known = true;
  inputs->arm_side.clock = inputs->arm->measurement().clock_fraction() / (sum / count);
  inputs->baseline_side.clock = inputs->baseline->measurement().clock_fraction() / (sum / count);
}

}  // namespace

std::string KernelName(const v1::Measurement& measurement) {
  return measurement.kernel_used().substr(0, measurement.kernel_used().find('/'));
}

Result<LedgerInputs> GatherInputs(const BlockRows& block, const v1::ComparisonRow& arm,
                                  const v1::ComparisonSession& session) {
  LedgerInputs inputs;
  inputs.arm = &arm;
  const auto baseline = std::find_if(block.begin(), block.end(), [](const auto* row) {
    return row->arm().role() == v1::ARM_ROLE_BASELINE;
  });
  if (baseline == block.end()) return NotFound("the block has no baseline");
  inputs.baseline = *baseline;
  QF_RETURN_IF_ERROR(Usable(arm, ArmName(arm.arm().spec())));
  QF_RETURN_IF_ERROR(Usable(**baseline, "the baseline"));
  if (!(arm.ratio().ratio() > 0)) return NotFound(arm.ratio().reason());
  if (!SameShape(arm.arm().spec(), (*baseline)->arm().spec())) {
    return Unimplemented("the arm and its baseline do not have the same shape");
  }
  Gatherer gatherer(block, &inputs);
  QF_RETURN_IF_ERROR(gatherer.Common(arm, "ablation_launch", Part::kLaunch));
  QF_RETURN_IF_ERROR(gatherer.Common(arm, "ablation_dense", Part::kDense));
  QF_RETURN_IF_ERROR(gatherer.Side(arm, Part::kArm, &inputs.arm_side));
  QF_RETURN_IF_ERROR(gatherer.Side(**baseline, Part::kBaseline, &inputs.baseline_side));
  SetShared(session, &inputs);
  SetClocks(&inputs);
  return inputs;
}

}  // namespace quantfleet::analysis
