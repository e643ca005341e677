// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
//
// As much of cuBLASLt as kernels/cuda/runtime/lt_matmul.cpp uses: D = A^T B, column-major, fp32
// sums. int8 is refused, as a library may.
#include <cstring>

#include <cublasLt.h>
#include <cuda_fp16.h>

#include "kernels/formats/ieee/bf16.hpp"
#include "tests/device/emulation/queue.hpp"

namespace {

// A multiply larger than this is a calibration, whose product nobody reads.
constexpr uint64_t kMostProducts = 400'000'000;

struct Layout {
  cudaDataType type;
  uint64_t rows;
  uint64_t columns;
  int64_t leading;
};
Layout* LayoutOf(cublasLtMatrixLayout_t layout) {
  return reinterpret_cast<Layout*>(layout);
}

float Load(const Layout& layout, const void* matrix, uint64_t row, uint64_t column) {
  const uint64_t i = column * static_cast<uint64_t>(layout.leading) + row;
  if (layout.type == CUDA_R_32F) return static_cast<const float*>(matrix)[i];
  const uint16_t bits = static_cast<const uint16_t*>(matrix)[i];
  return layout.type == CUDA_R_16BF ? quantfleet::formats::DecodeBf16(bits)
                                    : __half2float(__ushort_as_half(bits));
}
void Store(const Layout& layout, void* matrix, uint64_t row, uint64_t column, float value) {
  const uint64_t i = column * static_cast<uint64_t>(layout.leading) + row;
  if (layout.type == CUDA_R_32F) {
    static_cast<float*>(matrix)[i] = value;
    return;
  }
  static_cast<uint16_t*>(matrix)[i] = layout.type == CUDA_R_16BF
                                          ? quantfleet::formats::EncodeBf16(value)
                                          : __half_as_ushort(__float2half_rn(value));
}

template <typename Handle, typename Value>
cublasStatus_t Create(Handle* handle, Value value) {
  *handle = reinterpret_cast<Handle>(new Value(value));
  return CUBLAS_STATUS_SUCCESS;
}

}  // namespace

extern "C" {

size_t cublasLtGetVersion() {
  return CUBLAS_VERSION;
}
const char* cublasLtGetStatusString(cublasStatus_t) {
  return "emulated";
}
cublasStatus_t cublasLtCreate(cublasLtHandle_t* handle) {
  return Create(handle, 0);
}
cublasStatus_t cublasLtDestroy(cublasLtHandle_t handle) {
  delete reinterpret_cast<int*>(handle);
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulDescCreate(cublasLtMatmulDesc_t* desc, cublasComputeType_t,
                                        cudaDataType) {
  return Create(desc, static_cast<int>(CUBLAS_OP_N));
}
cublasStatus_t cublasLtMatmulDescDestroy(cublasLtMatmulDesc_t desc) {
  delete reinterpret_cast<int*>(desc);
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulDescSetAttribute(cublasLtMatmulDesc_t desc,
                                              cublasLtMatmulDescAttributes_t attribute,
                                              const void* value, size_t bytes) {
  if (attribute != CUBLASLT_MATMUL_DESC_TRANSA || bytes != sizeof(int)) {
    return CUBLAS_STATUS_INVALID_VALUE;
  }
  std::memcpy(reinterpret_cast<int*>(desc), value, bytes);
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatrixLayoutCreate(cublasLtMatrixLayout_t* layout, cudaDataType type,
                                          uint64_t rows, uint64_t columns, int64_t leading) {
  return Create(layout, Layout{type, rows, columns, leading});
}
cublasStatus_t cublasLtMatrixLayoutDestroy(cublasLtMatrixLayout_t layout) {
  delete LayoutOf(layout);
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulPreferenceCreate(cublasLtMatmulPreference_t* preference) {
  return Create(preference, 0);
}
cublasStatus_t cublasLtMatmulPreferenceDestroy(cublasLtMatmulPreference_t preference) {
  delete reinterpret_cast<int*>(preference);
  return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulPreferenceSetAttribute(cublasLtMatmulPreference_t,
                                                    cublasLtMatmulPreferenceAttributes_t attribute,
                                                    const void*, size_t bytes) {
  return attribute == CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES && bytes == sizeof(uint64_t)
             ? CUBLAS_STATUS_SUCCESS
             : CUBLAS_STATUS_INVALID_VALUE;
}
cublasStatus_t cublasLtMatmulAlgoGetHeuristic(cublasLtHandle_t, cublasLtMatmulDesc_t,
                                              cublasLtMatrixLayout_t a, cublasLtMatrixLayout_t,
                                              cublasLtMatrixLayout_t, cublasLtMatrixLayout_t,
                                              cublasLtMatmulPreference_t, int,
                                              cublasLtMatmulHeuristicResult_t*, int* found) {
  *found = 1;
  return LayoutOf(a)->type == CUDA_R_8I ? CUBLAS_STATUS_NOT_SUPPORTED : CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmul(cublasLtHandle_t, cublasLtMatmulDesc_t desc, const void*,
                              const void* a, cublasLtMatrixLayout_t a_layout, const void* b,
                              cublasLtMatrixLayout_t b_layout, const void*, const void*,
                              cublasLtMatrixLayout_t, void* d, cublasLtMatrixLayout_t d_layout,
                              const cublasLtMatmulAlgo_t*, void*, size_t, cudaStream_t) {
  const Layout in = *LayoutOf(a_layout);
  const Layout with = *LayoutOf(b_layout);
  const Layout out = *LayoutOf(d_layout);
  if (*reinterpret_cast<int*>(desc) != CUBLAS_OP_T || in.rows != with.rows ||
      out.rows != in.columns || out.columns != with.columns) {
    return CUBLAS_STATUS_INVALID_VALUE;
  }
  if (out.rows * out.columns * in.rows > kMostProducts) return CUBLAS_STATUS_SUCCESS;
  emulation::Enqueue([=] {
    for (uint64_t row = 0; row < out.rows; ++row) {
      for (uint64_t column = 0; column < out.columns; ++column) {
        float sum = 0;
        for (uint64_t i = 0; i < in.rows; ++i)
          sum += Load(in, a, i, row) * Load(with, b, i, column);
        Store(out, d, row, column, sum);
      }
    }
  });
  return CUBLAS_STATUS_SUCCESS;
}

}  // extern "C"
