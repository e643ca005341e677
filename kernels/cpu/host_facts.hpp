// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kernels/engine/messages.hpp"

namespace quantfleet::cpu {

// What /proc and /sys say of the processor. Read once.
struct HostFacts {
  // "model name" of /proc/cpuinfo, or "unknown".
  std::string model;
  // "x86_64", "aarch64".
  std::string architecture;
  // Instruction sets that matter to kernels, of the kernel's flags, sorted.
  std::vector<std::string> features;
  // Largest cache that cpu0 has. Bytes; 32 MiB if the kernel does not say.
  uint64_t last_level_cache_bytes = 0;
};
HostFacts ReadHostFacts();

// Keys cpu.*, kernel.release and compiler. Unknown ones are absent.
engine::Fingerprint ReadHostFingerprint(const HostFacts& facts);

// "AMD EPYC" -> "amd-epyc": lower case, every run of other characters one dash.
std::string Dashed(const std::string& text);

}  // namespace quantfleet::cpu
