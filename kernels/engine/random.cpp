// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/engine/random.hpp"

#include <array>
#include <cmath>

namespace quantfleet::engine {
namespace {

uint64_t Mix(uint64_t z) {
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
  return z ^ (z >> 31);
}

// Natural logarithm for x in (0, 1), by the series of atanh. The C library's may differ in the last
// bit between machines.
double Log(double x) {
  int exponent = 0;
  double mantissa = std::frexp(x, &exponent);
  if (mantissa < 0.70710678118654752440) {
    mantissa *= 2;
    --exponent;
  }
  const double s = (mantissa - 1) / (mantissa + 1);
  const double square = s * s;
  double sum = 0;
  for (int term = 21; term >= 1; term -= 2) sum = sum * square + 1.0 / term;
  return 2 * s * sum + exponent * 0.69314718055994530942;
}

double Ratio(double r, const std::array<double, 8>& a, const std::array<double, 8>& b) {
  double above = a[7];
  double below = b[7];
  for (size_t i = 7; i-- > 0;) {
    above = above * r + a[i];
    below = below * r + b[i];
  }
  return above / below;
}

constexpr std::array<double, 8> kCentreAbove = {3.3871328727963666080e0,  1.3314166789178437745e+2,
                                                1.9715909503065514427e+3, 1.3731693765509461125e+4,
                                                4.5921953931549871457e+4, 6.7265770927008700853e+4,
                                                3.3430575583588128105e+4, 2.5090809287301226727e+3};
constexpr std::array<double, 8> kCentreBelow = {1.0,
                                                4.2313330701600911252e+1,
                                                6.8718700749205790830e+2,
                                                5.3941960214247511077e+3,
                                                2.1213794301586595867e+4,
                                                3.9307895800092710610e+4,
                                                2.8729085735721942674e+4,
                                                5.2264952788528545610e+3};
constexpr std::array<double, 8> kTailAbove = {1.42343711074968357734e0,  4.63033784615654529590e0,
                                              5.76949722146069140550e0,  3.64784832476320460504e0,
                                              1.27045825245236838258e0,  2.41780725177450611770e-1,
                                              2.27238449892691845833e-2, 7.74545014278341407640e-4};
constexpr std::array<double, 8> kTailBelow = {1.0,
                                              2.05319162663775882187e0,
                                              1.67638483018380384940e0,
                                              6.89767334985100004550e-1,
                                              1.48103976427480074590e-1,
                                              1.51986665636164571966e-2,
                                              5.47593808499534494600e-4,
                                              1.05075007164441684324e-9};

}  // namespace

uint64_t RandomWord(uint32_t seed, uint32_t stream, uint64_t index) {
  const uint64_t key = Mix((uint64_t{seed} << 32) | stream);
  return Mix(key + (index + 1) * 0x9E3779B97F4A7C15ULL);
}

uint32_t RandomBelow(uint32_t seed, uint32_t stream, uint64_t index, uint32_t bound) {
  const uint64_t word = RandomWord(seed, stream, index) >> 32;
  return static_cast<uint32_t>((word * bound) >> 32);
}

double NormalQuantile(double p) {
  const double q = p - 0.5;
  if (std::abs(q) <= 0.425) return q * Ratio(0.180625 - q * q, kCentreAbove, kCentreBelow);
  const double r = std::sqrt(-Log(q < 0 ? p : 1 - p));
  const double value = Ratio(r - 1.6, kTailAbove, kTailBelow);
  return q < 0 ? -value : value;
}

double RandomNormal(uint32_t seed, uint32_t stream, uint64_t index) {
  const auto bits = static_cast<double>(RandomWord(seed, stream, index) >> 32);
  return NormalQuantile((bits + 0.5) * 0x1p-32);
}

}  // namespace quantfleet::engine
