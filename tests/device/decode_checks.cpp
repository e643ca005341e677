// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include <cstring>
#include <random>
#include <span>
#include <utility>
#include <vector>

#include "kernels/cuda/runtime/error.hpp"
#include "kernels/formats/format.hpp"
#include "kernels/formats/ieee/bf16.hpp"
#include "kernels/formats/ieee/fp16.hpp"
#include "kernels/ops/linear/cuda/launch.hpp"
#include "tests/device/checks.hpp"

namespace quantfleet::device_checks {
namespace {

using linear::ActivationType;
using linear::cuda::DecodeLauncher;
using linear::cuda::PackedWeights;

constexpr std::byte kCanary{0xA5};
constexpr uint64_t kGuardBytes = 256;

struct Case {
  std::string format;
  uint32_t n;
  uint32_t k;
};

// Odd rows, rows that start between words, one weight, and more weights than one wave of blocks.
std::vector<Case> Cases() {
  std::vector<Case> cases;
  for (const formats::Format* format : formats::AllFormats()) {
    const std::string name(format->name());
    if (linear::cuda::FindDecode(name) == nullptr) continue;
    cases.push_back({name, 136, 256});
    cases.push_back({name, 3072, 768});
    if (!format->CheckShape(3, 17).ok()) continue;
    for (const auto& [n, k] : {std::pair{1U, 1U}, {3U, 17U}, {61U, 333U}}) {
      cases.push_back({name, n, k});
    }
  }
  return cases;
}

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

uint16_t Narrow(ActivationType type, float value) {
  return type == ActivationType::kBf16 ? formats::EncodeBf16(value) : formats::EncodeFp16(value);
}

Status CompareHalves(ActivationType type, std::span<const float> expected,
                     std::span<const std::byte> found) {
  for (size_t i = 0; i < expected.size(); ++i) {
    uint16_t bits = 0;
    std::memcpy(&bits, found.data() + i * sizeof(bits), sizeof(bits));
    if (bits != Narrow(type, expected[i])) return Failed("16-bit weight " + std::to_string(i));
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
  const DecodeLauncher decode = linear::cuda::FindDecode(c.format);
  const PackedWeights on_device = {reinterpret_cast<const uint8_t*>(buffer->data()), c.n, c.k};
  QF_ASSIGN_OR_RETURN(const std::vector<std::byte> floats,
                      RunGuarded(device, count * sizeof(float), [&](std::byte* to) {
                        return decode(on_device, ActivationType::kFp32, to, nullptr);
                      }));
  if (std::memcmp(floats.data(), expected.data(), floats.size()) != 0) {
    return Failed("fp32 weights differ from the host's");
  }
  const ActivationType half = IsOldCard(subject) ? ActivationType::kFp16 : ActivationType::kBf16;
  QF_ASSIGN_OR_RETURN(const std::vector<std::byte> halves,
                      RunGuarded(device, count * sizeof(uint16_t), [&](std::byte* to) {
                        return decode(on_device, half, to, nullptr);
                      }));
  return CompareHalves(half, expected, halves);
}

}  // namespace

std::vector<Check> DecodeChecks() {
  std::vector<Check> checks;
  for (const Case& c : Cases()) {
    checks.push_back({"decode_" + c.format + "_" + std::to_string(c.n) + "x" + std::to_string(c.k),
                      [c](const Subject& subject) { return CheckDecode(subject, c); }});
  }
  return checks;
}

}  // namespace quantfleet::device_checks
