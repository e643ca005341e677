// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/engine/peer.hpp"

namespace quantfleet::bench {

Result<std::unique_ptr<Peer>> MakePeer() {
  return std::unique_ptr<Peer>();
}

}  // namespace quantfleet::bench
