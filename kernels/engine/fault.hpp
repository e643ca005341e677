// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace quantfleet::engine {

// Faults for tests of what happens when the engine fails, from the environment variable
// QUANTFLEET_ENGINE_FAULT, a list with commas of
//   crash_arm=N      the process aborts when it starts to prepare arm N
//   hang_arm=N       the process sleeps for ever there, deaf to cancel
//   wrong_output=F   one bit of the packed weights of format F is flipped on the device
//   out_of_memory=N  preparing arm N finds no memory
// Read only if the program was compiled with QUANTFLEET_FAULTS (builds with tests); otherwise every
// function below does nothing.

// Crashes or hangs if arm `index` is to; true if its preparation is to find no memory.
bool FaultAtArm(uint32_t index);
// True if the weights of `format` are to be damaged.
bool FaultInFormat(std::string_view format);

}  // namespace quantfleet::engine
