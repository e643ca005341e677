// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "quantfleet/v1/comparison.pb.h"

namespace quantfleet::cli {

// The crossovers by device class: each a sentence, below it what the ceilings predict, and what a
// search added to find it.
std::string CrossoverText(const google::protobuf::RepeatedPtrField<v1::Crossover>& crossovers);

}  // namespace quantfleet::cli
