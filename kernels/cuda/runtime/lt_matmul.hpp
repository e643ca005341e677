// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <tuple>

#include <cublasLt.h>

#include "base/status.hpp"
#include "kernels/cuda/runtime/handles.hpp"

namespace quantfleet::cuda {

// Operand type of a multiply; fp32 sums but for int8, whose sums are int32. fp32 means fp32: no
// TF32 and no emulation, whatever the environment asks for.
enum class MatmulType { kFp32, kBf16, kFp16, kInt8 };

// y = x W^T with x [batch, k], W [n, k], y [batch, n], row-major; y has the operands' type (int8:
// int32).
struct MatmulShape {
  uint32_t n = 0;
  uint32_t k = 0;
  uint32_t batch = 0;
  auto operator<=>(const MatmulShape&) const = default;
};

// cuBLASLt on one device: the handle, the workspace and the algorithm chosen for each shape by the
// library's heuristic. Not thread-safe.
class LtMatmul {
 public:
  // For the current device; `architecture_major` picks the size of the workspace.
  static Result<std::unique_ptr<LtMatmul>> Make(int architecture_major);
  ~LtMatmul();
  LtMatmul(const LtMatmul&) = delete;
  LtMatmul& operator=(const LtMatmul&) = delete;

  // Chooses the algorithm, so that Run does not. kUnimplemented if the library has none.
  Status Plan(MatmulType type, const MatmulShape& shape);
  // Starts the multiply; operands are aligned to 256 bytes. Plans first if need be.
  Status Run(MatmulType type, const MatmulShape& shape, const void* x, const void* weights, void* y,
             cudaStream_t stream);

 private:
  struct Planned;
  LtMatmul();
  Result<Planned*> FindOrPlan(MatmulType type, const MatmulShape& shape);

  cublasLtHandle_t handle_ = nullptr;
  DeviceMemory workspace_;
  uint64_t workspace_bytes_ = 0;
  std::map<std::tuple<MatmulType, MatmulShape>, std::unique_ptr<Planned>> plans_;
};

}  // namespace quantfleet::cuda
