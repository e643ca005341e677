// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/formats/format.hpp"

namespace quantfleet::formats {

// int8 weights for products with int8 activations: the very bytes of int8, under a name of its own
// because its kernels quantize each token's activations on the way (QuantizeToken in
// activations.hpp) and sum in int32. Per-channel weights with dynamic per-token activations are the
// W8A8 of SmoothQuant (https://arxiv.org/abs/2211.10438), setting O1, without its smoothing.
const Format& W8a8();

}  // namespace quantfleet::formats
