// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/cuda/backend.hpp"

#include <string>

#include <cuda_runtime_api.h>

#include "kernels/cuda/device.hpp"
#include "kernels/cuda/host/naming.hpp"
#include "kernels/ops/attention/cuda/register.hpp"
#include "kernels/ops/attention/operation.hpp"
#include "kernels/ops/linear/cuda/register.hpp"
#include "kernels/ops/linear/operation.hpp"

namespace quantfleet::cuda {
namespace {

int DeviceCount() {
  int count = 0;
  if (cudaGetDeviceCount(&count) != cudaSuccess) {
    cudaGetLastError();
    return 0;
  }
  return count;
}

class CudaBackend final : public engine::Backend {
 public:
  std::vector<std::string> Selectors() const override {
    std::vector<std::string> selectors;
    for (int i = 0, count = DeviceCount(); i < count; ++i) {
      selectors.push_back("cuda:" + std::to_string(i));
    }
    return selectors;
  }

  Result<engine::OpenedDevice> Open(std::string_view selector) override {
    const auto index = IndexOfSelector(selector);
    if (!index || *index >= DeviceCount()) {
      return NotFound("no GPU " + std::string(selector) + "; found " +
                      std::to_string(DeviceCount()));
    }
    QF_ASSIGN_OR_RETURN(std::unique_ptr<CudaDevice> device, CudaDevice::Open(*index));
    linear::KernelTable table;
    linear::cuda::RegisterCudaKernels(table, {device->stream(), device->matmul(),
                                              device->capability(), device->multiprocessors()});
    engine::OpenedDevice opened;
    opened.operations.push_back(linear::MakeLinearOperation(*device, std::move(table)));
    opened.operations.push_back(attention::MakeAttentionOperation(
        *device, attention::cuda::RegisterCudaKernels(
                     {device->stream(), device->capability(), device->multiprocessors()})));
    opened.device = std::move(device);
    return opened;
  }
};

}  // namespace

std::unique_ptr<engine::Backend> MakeCudaBackend() {
  return std::make_unique<CudaBackend>();
}

}  // namespace quantfleet::cuda
