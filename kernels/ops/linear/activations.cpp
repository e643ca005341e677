// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/ops/linear/activations.hpp"

#include <cstring>

#include "kernels/formats/ieee/bf16.hpp"
#include "kernels/formats/ieee/fp16.hpp"

namespace quantfleet::linear {

uint64_t ActivationBytes(ActivationType type) {
  return type == ActivationType::kFp32 ? sizeof(float) : sizeof(uint16_t);
}

std::vector<std::byte> NarrowActivations(std::span<const float> values, ActivationType type) {
  const uint64_t size = ActivationBytes(type);
  std::vector<std::byte> bytes(values.size() * size);
  if (type == ActivationType::kFp32) {
    std::memcpy(bytes.data(), values.data(), bytes.size());
    return bytes;
  }
  for (size_t i = 0; i < values.size(); ++i) {
    const uint16_t bits = type == ActivationType::kBf16 ? formats::EncodeBf16(values[i])
                                                        : formats::EncodeFp16(values[i]);
    std::memcpy(bytes.data() + i * size, &bits, size);
  }
  return bytes;
}

std::vector<float> WidenActivations(std::span<const std::byte> bytes, ActivationType type) {
  const uint64_t size = ActivationBytes(type);
  std::vector<float> values(bytes.size() / size);
  if (type == ActivationType::kFp32) {
    std::memcpy(values.data(), bytes.data(), bytes.size());
    return values;
  }
  for (size_t i = 0; i < values.size(); ++i) {
    uint16_t bits = 0;
    std::memcpy(&bits, bytes.data() + i * size, size);
    values[i] =
        type == ActivationType::kBf16 ? formats::DecodeBf16(bits) : formats::DecodeFp16(bits);
  }
  return values;
}

}  // namespace quantfleet::linear
