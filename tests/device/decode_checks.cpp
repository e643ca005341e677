// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include <cstring>
#include <random>
#include <span>

#include <cuda_fp16.h>

#include "kernels/cuda/runtime/error.hpp"
#include "kernels/formats/format.hpp"
#include "kernels/formats/ieee/bf16.hpp"
#include "kernels/ops/linear/cuda/launch.hpp"
#include "kernels/ops/linear/cuda/plan.hpp"
#include "tests/device/checks.hpp"

namespace quantfleet::device_checks {
namespace {

using linear::cuda::HalfType;
using linear::cuda::PackedWeights;
using linear::cuda::WeightFormat;

constexpr std::byte kCanary{0xA5};
constexpr uint64_t kGuardBytes = 256;

struct Case {
  const char* format;
  uint32_t n;
  uint32_t k;
};

// Odd rows, rows that start between words, one weight, and more weights than one wave of blocks.
constexpr Case kCases[] = {{"int8", 1, 1},    {"int8", 3, 17},     {"int8", 129, 80},
                           {"int8", 61, 333}, {"int8", 2304, 768}, {"nf4", 1, 64},
                           {"nf4", 129, 192}, {"nf4", 3072, 768}};

bool IsOldCard(const Subject& subject) {
  return subject.opened->device->info().architecture == "sm_75";
}

// Runs `launch` on an output of `bytes` and checks that it wrote them all and nothing beyond.
template <typename Launch>
Result<std::vector<std::byte>> RunGuarded(engine::Device& device, uint64_t bytes,
                                          const Launch& launch) {
  const std::vector<std::byte> canaries(bytes + kGuardBytes, kCanary);
  QF_ASSIGN_OR_RETURN(auto output, device.Allocate(canaries.size()));
  QF_RETURN_IF_ERROR(device.Upload(*output, 0, canaries));
  QF_RETURN_IF_CUDA_ERROR(launch(output->data()));
  QF_RETURN_IF_CUDA_ERROR(cudaDeviceSynchronize());
  std::vector<std::byte> result(canaries.size());
  QF_RETURN_IF_ERROR(device.Download(*output, 0, result));
  for (uint64_t i = bytes; i < result.size(); ++i) {
    if (result[i] != kCanary) return Failed("wrote past the end of the output");
  }
  result.resize(bytes);
  return result;
}

uint16_t Narrow(HalfType half, float value) {
  if (half == HalfType::kBf16) return formats::EncodeBf16(value);
  const __half narrowed = __float2half_rn(value);
  uint16_t bits = 0;
  std::memcpy(&bits, &narrowed, sizeof(bits));
  return bits;
}

Status CompareHalves(HalfType half, std::span<const float> expected,
                     std::span<const std::byte> found) {
  for (size_t i = 0; i < expected.size(); ++i) {
    uint16_t bits = 0;
    std::memcpy(&bits, found.data() + i * sizeof(bits), sizeof(bits));
    if (bits != Narrow(half, expected[i])) return Failed("16-bit weight " + std::to_string(i));
  }
  return OkStatus();
}

Status CheckDecode(const Subject& subject, const Case& c) {
  engine::Device& device = *subject.opened->device;
  const formats::Format* format = formats::FindFormat(c.format);
  QF_CHECK(format != nullptr);
  const uint64_t count = uint64_t{c.n} * c.k;
  std::mt19937 random(subject.seed);
  std::normal_distribution<float> normal(0, 0.02F);
  std::vector<float> weights(count);
  for (float& weight : weights) weight = normal(random);
  std::vector<std::byte> packed(format->PackedBytes(c.n, c.k));
  std::vector<float> expected(count);
  QF_RETURN_IF_ERROR(format->Encode(weights, c.n, c.k, packed));
  QF_RETURN_IF_ERROR(format->Decode(packed, c.n, c.k, expected));

  QF_ASSIGN_OR_RETURN(auto buffer, device.Allocate(packed.size()));
  QF_RETURN_IF_ERROR(device.Upload(*buffer, 0, packed));
  const bool int8 = format->name() == "int8";
  const auto* codes = reinterpret_cast<const uint8_t*>(buffer->data());
  const PackedWeights on_device = {int8 ? WeightFormat::kInt8 : WeightFormat::kNf4, codes,
                                   codes + (int8 ? count : count / 2), c.n, c.k};
  QF_ASSIGN_OR_RETURN(const std::vector<std::byte> floats,
                      RunGuarded(device, count * sizeof(float), [&](std::byte* to) {
                        return LaunchDecodeToFp32(on_device, reinterpret_cast<float*>(to), nullptr);
                      }));
  if (std::memcmp(floats.data(), expected.data(), floats.size()) != 0) {
    return Failed("fp32 weights differ from the host's");
  }
  const HalfType half = IsOldCard(subject) ? HalfType::kFp16 : HalfType::kBf16;
  QF_ASSIGN_OR_RETURN(const std::vector<std::byte> halves,
                      RunGuarded(device, count * sizeof(uint16_t), [&](std::byte* to) {
                        return LaunchDecode(on_device, half, to, nullptr);
                      }));
  return CompareHalves(half, expected, halves);
}

}  // namespace

std::vector<Check> DecodeChecks() {
  std::vector<Check> checks;
  for (const Case& c : kCases) {
    checks.push_back(
        {std::string("decode_") + c.format + "_" + std::to_string(c.n) + "x" + std::to_string(c.k),
         [c](const Subject& subject) { return CheckDecode(subject, c); }});
  }
  return checks;
}

}  // namespace quantfleet::device_checks
