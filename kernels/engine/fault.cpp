// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/engine/fault.hpp"

#include <cstdlib>

#include <unistd.h>

namespace quantfleet::engine {
namespace {

// True if the list holds "name=value".
bool Wanted([[maybe_unused]] std::string_view name, [[maybe_unused]] std::string_view value) {
#if defined(QUANTFLEET_FAULTS)
  const char* const set = std::getenv("QUANTFLEET_ENGINE_FAULT");
  if (set == nullptr) return false;
  const std::string list = "," + std::string(set) + ",";
  return list.find("," + std::string(name) + "=" + std::string(value) + ",") != std::string::npos;
#else
  return false;
#endif
}

}  // namespace

bool FaultAtArm(uint32_t index) {
  const std::string number = std::to_string(index);
  if (Wanted("crash_arm", number)) std::abort();
  if (Wanted("hang_arm", number)) {
    while (true) pause();
  }
  return Wanted("out_of_memory", number);
}

bool FaultInFormat(std::string_view format) {
  return Wanted("wrong_output", format);
}

}  // namespace quantfleet::engine
