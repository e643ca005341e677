// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace quantfleet::engine {

// A random word that depends only on its three numbers: values can be made in any order and are
// the same on every machine. The finalizer of SplitMix64 (Steele, Lea, Flood: Fast Splittable
// Pseudorandom Number Generators, OOPSLA 2014), applied twice.
uint64_t RandomWord(uint32_t seed, uint32_t stream, uint64_t index);

// Uniform in [0, bound) (bound > 0), by Lemire's multiplication; the bias is below 2^-32.
uint32_t RandomBelow(uint32_t seed, uint32_t stream, uint64_t index, uint32_t bound);

// Standard normal, by inversion of a 32-bit uniform: within about 6.3 of 0. Uses only additions,
// multiplications, divisions and square roots, so that every machine gives the same bits.
double RandomNormal(uint32_t seed, uint32_t stream, uint64_t index);

// Quantile of the standard normal for p in [1e-10, 1 - 1e-10]; relative error below 1e-14. Wichura,
// Algorithm AS 241 (PPND16), Applied Statistics 37 (1988).
double NormalQuantile(double p);

}  // namespace quantfleet::engine
