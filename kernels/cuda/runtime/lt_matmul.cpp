// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/cuda/runtime/lt_matmul.hpp"

#include <cstdlib>
#include <string>

#include "base/units.hpp"

namespace quantfleet::cuda {
namespace {

Status StatusOfLt(cublasStatus_t status, const char* expression, int line) {
  if (status == CUBLAS_STATUS_SUCCESS) return OkStatus();
  std::string message = std::string("cuBLASLt: ") + cublasLtGetStatusString(status) + " from " +
                        expression + " (" + __FILE__ + ":" + std::to_string(line) + ")";
  cudaGetLastError();
  if (status == CUBLAS_STATUS_ALLOC_FAILED) return ResourceExhausted(std::move(message));
  if (status == CUBLAS_STATUS_NOT_SUPPORTED || status == CUBLAS_STATUS_ARCH_MISMATCH) {
    return Unimplemented(std::move(message));
  }
  return Internal(std::move(message));
}

#define QF_RETURN_IF_LT_ERROR(expression) \
  QF_RETURN_IF_ERROR(StatusOfLt((expression), #expression, __LINE__))

struct Types {
  cudaDataType_t operand;
  cudaDataType_t result;
  cudaDataType_t scale;
  cublasComputeType_t compute;
};

Types TypesOf(MatmulType type) {
  switch (type) {
    case MatmulType::kFp32:
      return {CUDA_R_32F, CUDA_R_32F, CUDA_R_32F, CUBLAS_COMPUTE_32F};
    case MatmulType::kBf16:
      return {CUDA_R_16BF, CUDA_R_16BF, CUDA_R_32F, CUBLAS_COMPUTE_32F};
    case MatmulType::kFp16:
      return {CUDA_R_16F, CUDA_R_16F, CUDA_R_32F, CUBLAS_COMPUTE_32F};
    case MatmulType::kInt8:
      break;
  }
  return {CUDA_R_8I, CUDA_R_32I, CUDA_R_32I, CUBLAS_COMPUTE_32I};
}

struct PreferenceDeleter {
  void operator()(cublasLtMatmulPreference_t preference) const {
    cublasLtMatmulPreferenceDestroy(preference);
  }
};

}  // namespace

// cuBLASLt is column-major: y^T [n, batch] = (W as [k, n])^T times (x as [k, batch]).
struct LtMatmul::Planned {
  Planned() = default;
  Planned(const Planned&) = delete;
  Planned& operator=(const Planned&) = delete;
  ~Planned() {
    if (weights != nullptr) cublasLtMatrixLayoutDestroy(weights);
    if (x != nullptr) cublasLtMatrixLayoutDestroy(x);
    if (y != nullptr) cublasLtMatrixLayoutDestroy(y);
    if (operation != nullptr) cublasLtMatmulDescDestroy(operation);
  }

  Status Describe(const Types& types, const MatmulShape& shape) {
    const cublasOperation_t transpose = CUBLAS_OP_T;
    QF_RETURN_IF_LT_ERROR(cublasLtMatmulDescCreate(&operation, types.compute, types.scale));
    QF_RETURN_IF_LT_ERROR(cublasLtMatmulDescSetAttribute(operation, CUBLASLT_MATMUL_DESC_TRANSA,
                                                         &transpose, sizeof(transpose)));
    QF_RETURN_IF_LT_ERROR(
        cublasLtMatrixLayoutCreate(&weights, types.operand, shape.k, shape.n, shape.k));
    QF_RETURN_IF_LT_ERROR(
        cublasLtMatrixLayoutCreate(&x, types.operand, shape.k, shape.batch, shape.k));
    QF_RETURN_IF_LT_ERROR(
        cublasLtMatrixLayoutCreate(&y, types.result, shape.n, shape.batch, shape.n));
    return OkStatus();
  }

  cublasLtMatmulDesc_t operation = nullptr;
  cublasLtMatrixLayout_t weights = nullptr;
  cublasLtMatrixLayout_t x = nullptr;
  cublasLtMatrixLayout_t y = nullptr;
  cublasLtMatmulAlgo_t algorithm{};
};

LtMatmul::LtMatmul() = default;
LtMatmul::~LtMatmul() {
  plans_.clear();
  if (handle_ != nullptr) cublasLtDestroy(handle_);
}

Result<std::unique_ptr<LtMatmul>> LtMatmul::Make(int architecture_major) {
  // Both turn fp32 into something else behind the caller's back (cuBLAS documentation, "Environment
  // Variables"); the library reads them when a handle is made.
  setenv("NVIDIA_TF32_OVERRIDE", "0", 1);
  setenv("CUBLAS_EMULATE_SINGLE_PRECISION", "0", 1);
  std::unique_ptr<LtMatmul> matmul(new LtMatmul());
  QF_RETURN_IF_LT_ERROR(cublasLtCreate(&matmul->handle_));
  // Sizes: cuBLAS documentation, cublasSetWorkspace (32 MiB from Hopper on, 4 MiB before).
  matmul->workspace_bytes_ = architecture_major >= 9 ? 32 * kMebibyte : 4 * kMebibyte;
  QF_ASSIGN_OR_RETURN(matmul->workspace_, AllocateDevice(matmul->workspace_bytes_));
  return matmul;
}

Result<LtMatmul::Planned*> LtMatmul::FindOrPlan(MatmulType type, const MatmulShape& shape) {
  const auto key = std::make_tuple(type, shape);
  if (const auto found = plans_.find(key); found != plans_.end()) return found->second.get();

  auto planned = std::make_unique<Planned>();
  QF_RETURN_IF_ERROR(planned->Describe(TypesOf(type), shape));
  cublasLtMatmulPreference_t created = nullptr;
  QF_RETURN_IF_LT_ERROR(cublasLtMatmulPreferenceCreate(&created));
  const std::unique_ptr<cublasLtMatmulPreferenceOpaque_t, PreferenceDeleter> preference(created);
  QF_RETURN_IF_LT_ERROR(
      cublasLtMatmulPreferenceSetAttribute(created, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES,
                                           &workspace_bytes_, sizeof(workspace_bytes_)));
  cublasLtMatmulHeuristicResult_t best{};
  int found = 0;
  QF_RETURN_IF_LT_ERROR(cublasLtMatmulAlgoGetHeuristic(handle_, planned->operation,
                                                       planned->weights, planned->x, planned->y,
                                                       planned->y, created, 1, &best, &found));
  if (found == 0) return Unimplemented("cuBLASLt has no algorithm for this shape");
  planned->algorithm = best.algo;
  return (plans_[key] = std::move(planned)).get();
}

Status LtMatmul::Plan(MatmulType type, const MatmulShape& shape) {
  return FindOrPlan(type, shape).status();
}

Status LtMatmul::Run(MatmulType type, const MatmulShape& shape, const void* x, const void* weights,
                     void* y, cudaStream_t stream) {
  QF_ASSIGN_OR_RETURN(Planned * planned, FindOrPlan(type, shape));
  const float one = 1;
  const float zero = 0;
  const int32_t int_one = 1;
  const int32_t int_zero = 0;
  const bool int8 = type == MatmulType::kInt8;
  const void* alpha = int8 ? static_cast<const void*>(&int_one) : &one;
  const void* beta = int8 ? static_cast<const void*>(&int_zero) : &zero;
  QF_RETURN_IF_LT_ERROR(cublasLtMatmul(
      handle_, planned->operation, alpha, weights, planned->weights, x, planned->x, beta, y,
      planned->y, y, planned->y, &planned->algorithm, workspace_.get(), workspace_bytes_, stream));
  return OkStatus();
}

}  // namespace quantfleet::cuda
