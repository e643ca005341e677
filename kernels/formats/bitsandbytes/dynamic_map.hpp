// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

namespace quantfleet::formats {

// The signed 8-bit dynamic map: 256 fp32 values in [-0.993, 1] whose steps grow with the magnitude.
// Decade i = 0..6 holds the middles of 2^i equal steps from 0.1 to 1, times 10^(i - 6), with both
// signs; 0 and 1 complete it. Source: create_dynamic_map in bitsandbytes/functional.py of
// bitsandbytes-foundation/bitsandbytes 95f9af30 (torch's bits, which the formula alone does not
// fix).

// Code of 0. Code 127 + i has value kDynamicMapPositive[i - 1], code 127 - i its negative.
inline constexpr uint32_t kDynamicMapZero = 127;
inline constexpr uint32_t kDynamicMapPositives = 128;

inline constexpr float kDynamicMapPositive[kDynamicMapPositives] = {
    5.5000004e-07F, 3.2500002e-06F, 7.75e-06F,      2.1249998e-05F,
    4.375e-05F,     6.625e-05F,     8.875e-05F,     0.00015625001F,
    0.00026875004F, 0.00038125002F, 0.00049375003F, 0.0006062501F,
    0.00071875006F, 0.00083125F,    0.0009437501F,  0.0012812499F,
    0.00184375F,    0.00240625F,    0.00296875F,    0.0035312497F,
    0.00409375F,    0.0046562497F,  0.0052187503F,  0.00578125F,
    0.00634375F,    0.00690625F,    0.00746875F,    0.00803125F,
    0.00859375F,    0.009156249F,   0.00971875F,    0.01140625F,
    0.01421875F,    0.01703125F,    0.01984375F,    0.02265625F,
    0.02546875F,    0.028281247F,   0.03109375F,    0.033906247F,
    0.036718752F,   0.03953125F,    0.042343747F,   0.04515625F,
    0.04796875F,    0.05078125F,    0.05359375F,    0.05640625F,
    0.059218753F,   0.062031247F,   0.06484375F,    0.067656256F,
    0.070468746F,   0.07328125F,    0.07609375F,    0.07890625F,
    0.08171874F,    0.08453125F,    0.08734375F,    0.09015625F,
    0.092968754F,   0.095781244F,   0.09859375F,    0.107031256F,
    0.12109375F,    0.13515624F,    0.14921875F,    0.16328125F,
    0.17734374F,    0.19140625F,    0.20546874F,    0.21953125F,
    0.23359376F,    0.24765626F,    0.26171875F,    0.27578127F,
    0.28984374F,    0.30390626F,    0.31796873F,    0.33203125F,
    0.3460937F,     0.36015624F,    0.37421876F,    0.38828123F,
    0.40234375F,    0.4164062F,     0.43046874F,    0.44453126F,
    0.45859373F,    0.47265625F,    0.48671877F,    0.50078124F,
    0.51484376F,    0.5289062F,     0.54296875F,    0.5570313F,
    0.5710938F,     0.58515626F,    0.5992187F,     0.61328125F,
    0.6273438F,     0.64140624F,    0.65546876F,    0.6695313F,
    0.68359375F,    0.6976563F,     0.7117188F,     0.72578126F,
    0.7398438F,     0.75390625F,    0.7679688F,     0.78203124F,
    0.7960937F,     0.8101562F,     0.82421875F,    0.8382812F,
    0.85234374F,    0.8664062F,     0.8804687F,     0.89453125F,
    0.9085938F,     0.92265624F,    0.9367187F,     0.9507812F,
    0.96484375F,    0.9789062F,     0.99296874F,    1.0F};

// All values, ascending, by code.
std::span<const float, 256> DynamicMap();

// Code of the value nearest to `x` (any but NaN), the lower one when two are as near.
uint8_t EncodeDynamicMap(float x);

}  // namespace quantfleet::formats
