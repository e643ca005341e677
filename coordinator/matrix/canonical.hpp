// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "quantfleet/v1/arm.pb.h"

namespace quantfleet::matrix {

// The canonical JSON of `spec` (see ArmSpec in arm.proto): protobuf JSON names, default values
// omitted, keys sorted, no white space.
std::string CanonicalJson(const v1::ArmSpec& spec);

// Lower-case hex SHA-256 of the canonical JSON of `spec`.
std::string ArmId(const v1::ArmSpec& spec);

// `block` in binary, the same bytes for equal blocks: labels are a map, which protobuf writes in
// no order of its own.
std::string StableBytes(const v1::Block& block);

}  // namespace quantfleet::matrix
