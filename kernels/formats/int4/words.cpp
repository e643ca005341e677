// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/formats/int4/words.hpp"

#include <string>

namespace quantfleet::formats {

Status CheckInt4Rows(const Format& format, uint64_t rows) {
  if (rows % kCodesPerWord == 0) return OkStatus();
  return InvalidArgument(std::string(format.name()) +
                         " packs rows eight to a word and needs a multiple of 8, not " +
                         std::to_string(rows));
}

}  // namespace quantfleet::formats
