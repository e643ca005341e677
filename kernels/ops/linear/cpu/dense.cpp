// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include <string>

#include "kernels/ops/linear/cpu/kernels.hpp"
#include "kernels/ops/linear/cpu/simd.hpp"
#include "kernels/ops/linear/cpu/split.hpp"

#if defined(QUANTFLEET_OPENBLAS)
#include <cblas.h>
#endif

namespace quantfleet::linear::cpu {
namespace {

#if defined(QUANTFLEET_OPENBLAS)
// OpenBLAS packs W before it multiplies, which costs more than the product while the product is
// bound by memory. Largest batch at which our rows are faster: 8, and 64 where rows are at least
// four times as long as there are rows to pack (3072x768 and 768x3072, Zen 4, OpenBLAS 0.3.21).
bool OurRowsWin(const engine::LinearShape& shape) {
  return shape.batch <= 8 || (shape.k / 4 >= shape.n && shape.batch <= 64);
}

// Our pool splits the rows; each part is a call of single-threaded OpenBLAS, so that only one set
// of threads exists.
void MultiplyPart(const engine::LinearShape& shape, const float* weights, const float* x, float* y,
                  RowRange rows) {
  const auto k = static_cast<blasint>(shape.k);
  const auto n = static_cast<blasint>(shape.n);
  cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, static_cast<blasint>(shape.batch),
              static_cast<blasint>(rows.end - rows.begin), k, 1.0F, x, k,
              weights + rows.begin * shape.k, k, 0.0F, y + rows.begin, n);
}
#endif

}  // namespace

void MultiplyDense(quantfleet::cpu::ThreadPool& pool, const engine::LinearShape& shape,
                   const float* weights, const float* x, float* y, float* scratch) {
  const PackedMatrix matrix = {WeightCode::kFp32, reinterpret_cast<const std::byte*>(weights),
                               shape.n, shape.k};
#if defined(QUANTFLEET_OPENBLAS)
  if (!OurRowsWin(shape)) {
    openblas_set_num_threads(1);
    return ForRows(pool, shape.n,
                   [&](uint32_t, RowRange rows) { MultiplyPart(shape, weights, x, y, rows); });
  }
#endif
  ForRows(pool, shape.n, [&](uint32_t thread, RowRange rows) {
    MultiplyRows(matrix, x, shape.batch, y, rows, scratch + thread * MultiplyScratchFloats());
  });
}

std::string_view DenseVariant(const engine::LinearShape& shape) {
#if defined(QUANTFLEET_OPENBLAS)
  if (!OurRowsWin(shape)) return "openblas_sgemm";
#endif
  (void)shape;
  return SimdTarget();
}

std::string_view BlasName() {
#if defined(QUANTFLEET_OPENBLAS)
  // "OpenBLAS 0.3.21 NO_LAPACKE ... Zen MAX_THREADS=64": name and version are the first two words.
  static const std::string name = [] {
    const std::string config = openblas_get_config();
    const std::string text = config.substr(0, config.find(' ', config.find(' ') + 1));
    return text + " " + openblas_get_corename();
  }();
  return name;
#else
  return "none";
#endif
}

}  // namespace quantfleet::linear::cpu
