// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace quantfleet::matrix {

// One thing wrong with a matrix file. Lines and columns count from 1; columns count bytes.
struct Diagnostic {
  std::string file;
  int line = 1;
  int column = 1;
  std::string message;  // what is wrong
  std::string hint;     // what to write instead; may be empty

  // `file:line:column: message (hint)`, one line, control characters escaped.
  std::string ToString() const;
};

}  // namespace quantfleet::matrix
