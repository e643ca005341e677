// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/ops/linear/activations.hpp"

#include <bit>
#include <cmath>
#include <cstring>

#include "kernels/formats/ieee/bf16.hpp"

namespace quantfleet::linear {
namespace {

// IEEE binary16: 1 sign, 5 exponent, 10 mantissa bits. Scaling by a power of two puts the bits that
// go below the rounding point of fp32, so that its own rounding does the work.
uint16_t EncodeFp16(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  const uint32_t sign = (bits >> 16) & 0x8000U;
  const float magnitude = std::abs(value);
  if (std::isnan(value)) return static_cast<uint16_t>(sign | 0x7E00U);
  if (magnitude >= 65520.0F) return static_cast<uint16_t>(sign | 0x7C00U);
  if (magnitude < 0x1p-14F) {
    // Subnormal: steps of 2^-24.
    return static_cast<uint16_t>(sign | static_cast<uint32_t>(std::nearbyint(magnitude * 0x1p24F)));
  }
  const uint32_t rounded = (bits & 0x7FFFFFFFU) + 0xFFFU + ((bits >> 13) & 1U);
  return static_cast<uint16_t>(sign | ((rounded - (112U << 23)) >> 13));
}

float DecodeFp16(uint16_t bits) {
  const int exponent = (bits >> 10) & 31;
  const auto mantissa = static_cast<float>(bits & 1023);
  float value = 0;
  if (exponent == 31) {
    value = mantissa == 0 ? HUGE_VALF : std::nanf("");
  } else if (exponent == 0) {
    value = mantissa * 0x1p-24F;
  } else {
    value = std::ldexp(mantissa + 1024, exponent - 25);
  }
  return (bits & 0x8000U) != 0 ? -value : value;
}

}  // namespace

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
    const uint16_t bits =
        type == ActivationType::kBf16 ? formats::EncodeBf16(values[i]) : EncodeFp16(values[i]);
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
    values[i] = type == ActivationType::kBf16 ? formats::DecodeBf16(bits) : DecodeFp16(bits);
  }
  return values;
}

}  // namespace quantfleet::linear
