// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace quantfleet::fuzz {

// What both ends of the engine's protocol do with a line of any bytes: the agent, which takes it
// for an event, and the engine, which takes it for a request. Empty, or which promise one of them
// breaks, for people.
std::string FindBrokenPromise(std::string_view line);

}  // namespace quantfleet::fuzz
