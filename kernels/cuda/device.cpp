// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/cuda/device.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <utility>

#include "base/units.hpp"
#include "kernels/cuda/timing/calibration.hpp"
#include "kernels/cuda/timing/probes.hpp"
#include "kernels/engine/operation.hpp"

namespace quantfleet::cuda {
namespace {

constexpr double kHertzPerMegahertz = 1e6;
constexpr Duration kProcessCheckInterval = std::chrono::seconds(1);
constexpr Duration kClockRise = std::chrono::milliseconds(200);
// Weights may fill most of the memory; activations, scratch and other programs need the rest.
constexpr uint64_t kWeightCachePercent = 60;

class CudaBuffer final : public engine::DeviceBuffer {
 public:
  CudaBuffer(DeviceMemory memory, uint64_t bytes) : memory_(std::move(memory)), bytes_(bytes) {}
  std::byte* data() override { return memory_.get(); }
  uint64_t bytes() const override { return bytes_; }

 private:
  DeviceMemory memory_;
  uint64_t bytes_;
};

std::string HostCompiler() {
#if defined(__clang__)
  return "clang " + std::to_string(__clang_major__) + "." + std::to_string(__clang_minor__);
#elif defined(__GNUC__)
  return "gcc " + std::to_string(__GNUC__) + "." + std::to_string(__GNUC_MINOR__);
#else
  return {};
#endif
}

SoftwareVersions ReadVersions() {
  SoftwareVersions versions;
  int version = 0;
  if (cudaRuntimeGetVersion(&version) == cudaSuccess) {
    versions.cuda_runtime = CudaVersionText(version);
  }
  if (cudaDriverGetVersion(&version) == cudaSuccess) {
    versions.cuda_driver_api = CudaVersionText(version);
  }
  versions.cublaslt = CublasVersionText(cublasLtGetVersion());
  versions.nvcc = QUANTFLEET_NVCC_VERSION;
  versions.host_compiler = HostCompiler();
  return versions;
}

void CheckRange(engine::DeviceBuffer& buffer, uint64_t offset, uint64_t bytes) {
  QF_CHECK(offset <= buffer.bytes() && bytes <= buffer.bytes() - offset);
}

}  // namespace

Result<std::unique_ptr<CudaDevice>> CudaDevice::Open(int index) {
  std::unique_ptr<CudaDevice> device(new CudaDevice(index));
  QF_RETURN_IF_ERROR(device->MakeCurrent());
  QF_RETURN_IF_ERROR(device->Describe());
  QF_ASSIGN_OR_RETURN(device->stream_, MakeStream());
  QF_ASSIGN_OR_RETURN(device->matmul_, LtMatmul::Make(device->capability_.major));
  QF_ASSIGN_OR_RETURN(device->sampler_, Sampler::Make(device->stream()));
  device->versions_ = ReadVersions();
  device->OpenNvml();
  QF_RETURN_IF_ERROR(device->RaiseClock());
  return device;
}

Status CudaDevice::MakeCurrent() const {
  return QF_CUDA_STATUS(cudaSetDevice(index_));
}

Status CudaDevice::Describe() {
  cudaDeviceProp properties{};
  QF_RETURN_IF_CUDA_ERROR(cudaGetDeviceProperties(&properties, index_));
  capability_ = {properties.major, properties.minor};
  multiprocessors_ = properties.multiProcessorCount;
  std::array<std::byte, 16> uuid{};
  std::transform(std::begin(properties.uuid.bytes), std::end(properties.uuid.bytes), uuid.begin(),
                 [](char c) { return static_cast<std::byte>(c); });
  info_.uid = UidOf(uuid);
  info_.kind = engine::DeviceKind::kCuda;
  info_.name = properties.name;
  info_.device_class = DeviceClassOf(properties.name);
  info_.architecture = ArchitectureName(capability_);
  info_.features = FeaturesOf(capability_);
  info_.memory_bytes = properties.totalGlobalMem;
  info_.cache_bytes = static_cast<uint64_t>(properties.l2CacheSize);
  info_.selector = "cuda:" + std::to_string(index_);
  info_.multiprocessors = static_cast<uint32_t>(multiprocessors_);
  return OkStatus();
}

void CudaDevice::OpenNvml() {
  std::array<char, 32> pci_bus_id{};
  if (cudaDeviceGetPCIBusId(pci_bus_id.data(), static_cast<int>(pci_bus_id.size()), index_) !=
      cudaSuccess) {
    cudaGetLastError();
    return;
  }
  auto nvml = Nvml::Open(Nvml::kDefaultLibrary, pci_bus_id.data());
  if (nvml.ok()) nvml_ = *std::move(nvml);
}

Status CudaDevice::RaiseClock() {
  if (nvml_ == nullptr) return OkStatus();
  constexpr uint64_t kBytes = 64 * kMebibyte;
  const auto blocks = static_cast<uint32_t>(multiprocessors_) * 8;
  QF_ASSIGN_OR_RETURN(const DeviceMemory memory, AllocateDevice(kBytes));
  QF_ASSIGN_OR_RETURN(const DeviceMemory sink, AllocateDevice(blocks * sizeof(uint32_t)));
  QF_RETURN_IF_CUDA_ERROR(LaunchFill(memory.get(), kBytes, 1, stream()));
  Clock* clock = Clock::Steady();
  const Duration end = clock->Now() + kClockRise;
  while (clock->Now() < end) {
    QF_RETURN_IF_CUDA_ERROR(LaunchRead(memory.get(), kBytes, 8, blocks,
                                       reinterpret_cast<uint32_t*>(sink.get()), stream()));
    QF_RETURN_IF_ERROR(Synchronize());
    ReadClock();
  }
  return OkStatus();
}

engine::Fingerprint CudaDevice::TakeFingerprint() const {
  auto values = FingerprintOf(nvml_ == nullptr ? GpuState{} : nvml_->ReadState(), versions_);
  values["gpu.timing"] = sampler_->gated() ? "events_gated" : "events";
  return values;
}

Result<std::unique_ptr<engine::DeviceBuffer>> CudaDevice::Allocate(uint64_t bytes) {
  QF_CHECK(bytes > 0);
  QF_RETURN_IF_ERROR(MakeCurrent());
  QF_ASSIGN_OR_RETURN(DeviceMemory memory, AllocateDevice(bytes));
  return std::unique_ptr<engine::DeviceBuffer>(
      std::make_unique<CudaBuffer>(std::move(memory), bytes));
}

Status CudaDevice::Upload(engine::DeviceBuffer& to, uint64_t offset,
                          std::span<const std::byte> from) {
  CheckRange(to, offset, from.size());
  QF_RETURN_IF_ERROR(MakeCurrent());
  QF_RETURN_IF_CUDA_ERROR(cudaMemcpyAsync(to.data() + offset, from.data(), from.size(),
                                          cudaMemcpyHostToDevice, stream()));
  return Synchronize();
}

Status CudaDevice::Download(engine::DeviceBuffer& from, uint64_t offset, std::span<std::byte> to) {
  CheckRange(from, offset, to.size());
  QF_RETURN_IF_ERROR(MakeCurrent());
  QF_RETURN_IF_CUDA_ERROR(cudaMemcpyAsync(to.data(), from.data() + offset, to.size(),
                                          cudaMemcpyDeviceToHost, stream()));
  return Synchronize();
}

Status CudaDevice::Copy(engine::DeviceBuffer& buffer, uint64_t to, uint64_t from, uint64_t bytes) {
  CheckRange(buffer, to, bytes);
  CheckRange(buffer, from, bytes);
  QF_RETURN_IF_ERROR(MakeCurrent());
  QF_RETURN_IF_CUDA_ERROR(cudaMemcpyAsync(buffer.data() + to, buffer.data() + from, bytes,
                                          cudaMemcpyDeviceToDevice, stream()));
  return Synchronize();
}

uint64_t CudaDevice::cold_span_bytes() const {
  return std::max(512 * kMebibyte, 4 * info_.cache_bytes);
}

uint64_t CudaDevice::weight_cache_bytes() const {
  return info_.memory_bytes / 100 * kWeightCachePercent;
}

Status CudaDevice::Sample(engine::PreparedArm& arm, uint32_t first_copy,
                          std::span<engine::CallTime> times) {
  QF_RETURN_IF_ERROR(MakeCurrent());
  return sampler_->Sample([&arm](uint32_t copy) { return arm.Run(copy); }, first_copy,
                          arm.cost().rotation_copies, times);
}

Status CudaDevice::Synchronize() {
  QF_RETURN_IF_ERROR(MakeCurrent());
  return QF_CUDA_STATUS(cudaStreamSynchronize(stream()));
}

engine::ClockReading CudaDevice::ReadClock() {
  engine::ClockReading reading;
  if (nvml_ == nullptr) return reading;
  const ClockState state = nvml_->ReadClock();
  reading.current = state.sm_clock_mhz.value_or(0) * kHertzPerMegahertz;
  reading.throttled = state.throttled;
  if (const Duration now = Clock::Steady()->Now(); now >= next_process_check_) {
    foreign_process_ = nvml_->HasForeignProcess();
    next_process_check_ = now + kProcessCheckInterval;
  }
  reading.foreign_process = foreign_process_;
  if (!state.throttled) reference_hertz_ = std::max(reference_hertz_, reading.current);
  reading.reference = reference_hertz_;
  return reading;
}

engine::EnergyReading CudaDevice::ReadEnergy() {
  engine::EnergyReading reading;
  if (nvml_ == nullptr) return reading;
  const EnergyState state = nvml_->ReadEnergy();
  reading.source = "nvml_total_energy";
  if (state.millijoules) reading.joules = static_cast<double>(*state.millijoules) / 1e3;
  if (state.gpu_percent) reading.compute_utilization = *state.gpu_percent / 1e2;
  if (state.memory_percent) reading.memory_utilization = *state.memory_percent / 1e2;
  return reading;
}

Result<engine::Ceilings> CudaDevice::Calibrate(Duration at_most, std::stop_token stop) {
  QF_RETURN_IF_ERROR(MakeCurrent());
  const CalibrationSubject subject = {stream(),    sampler_.get(),   matmul_.get(),
                                      capability_, multiprocessors_, info_.cache_bytes};
  return MeasureCeilings(subject, at_most, stop);
}

}  // namespace quantfleet::cuda
