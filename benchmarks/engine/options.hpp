// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/status.hpp"
#include "kernels/engine/messages.hpp"

namespace quantfleet::bench {

// Batches below are "cold": their time is that of reading the weights, so the weights come from
// memory. From here on the arithmetic decides.
inline constexpr uint32_t kPromptBatch = 32;

struct Options {
  // By name; what nobody has is listed as missing.
  std::vector<std::string> formats = {"q8_0", "q4_0", "q4_k", "q6_k",  "q3_k", "q2_k", "iq2_xxs",
                                      "q4_1", "q5_0", "q5_k", "mxfp4", "fp16", "bf16", "fp32"};
  std::vector<uint32_t> threads = {1, 2};
  // (n, k): y has n columns, x has k. Empty: those of DefaultShapes for each batch.
  std::vector<std::pair<uint32_t, uint32_t>> shapes;
  std::vector<uint32_t> batches = {1, 512};
  // Measuring time of one format, shape, batch and thread count, all arms together.
  double seconds = 2;
  // Of ours: as ArmSpec.kernel names it.
  std::string kernel = "auto";
  uint32_t seed = 1;
  bool help = false;
};

// `arguments` without the program's name. kInvalidArgument names what cannot be used.
Result<Options> ParseOptions(std::span<const char* const> arguments);
const char* Usage();

// Every product to measure: shapes by batches.
std::vector<engine::LinearShape> ShapesOf(const Options& options);

}  // namespace quantfleet::bench
