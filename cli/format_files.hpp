// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/status.hpp"

namespace quantfleet::cli {

// A file of weights, raw little-endian fp32 in rows, and the same packed by a weight format.
struct FormatFiles {
  std::string format;
  std::string in;   // "-" reads stdin
  std::string out;  // written beside and renamed, so that no reader finds half of it
  uint64_t columns = 0;
  // Checked against the file's size, which has the last word without it.
  std::optional<uint64_t> rows;
};

// Floats to packed bytes, and back. kInvalidArgument: an unknown format, a size that is no whole
// number of rows, a shape or value the format does not take, an output that cannot be written.
// kNotFound: `in` cannot be read.
Status EncodeFile(const FormatFiles& files);
Status DecodeFile(const FormatFiles& files);

}  // namespace quantfleet::cli
