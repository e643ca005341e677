// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace quantfleet {

// True of "HOST:PORT" whose traffic stays on this machine: 127.x.x.x, [::1] or localhost, and of a
// Unix socket ("unix:..."). "127.example.com" is a name, not an address of ours.
bool IsLoopback(std::string_view address);

}  // namespace quantfleet
