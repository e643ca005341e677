// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <iterator>
#include <ostream>
#include <string>
#include <vector>

#include "kernels/formats/gguf/iq/iq2_xxs.hpp"
#include "kernels/formats/gguf/k/q2_k.hpp"
#include "kernels/formats/gguf/k/q3_k.hpp"
#include "kernels/formats/gguf/k/q4_k.hpp"
#include "kernels/formats/gguf/k/q5_k.hpp"
#include "kernels/formats/gguf/k/q6_k.hpp"
#include "kernels/formats/gguf/legacy/q4_0.hpp"
#include "kernels/formats/gguf/legacy/q4_1.hpp"
#include "kernels/formats/gguf/legacy/q5_0.hpp"
#include "kernels/formats/gguf/legacy/q5_1.hpp"
#include "kernels/formats/gguf/legacy/q8_0.hpp"
#include "kernels/formats/microscaling/mxfp4.hpp"
#include "kernels/formats/microscaling/nvfp4.hpp"

namespace quantfleet::formats {

// A block format as its header gives it to kernels.
struct BlockType {
  std::string name;
  uint32_t block = 0;
  uint32_t bytes = 0;
  float (*decode)(const uint8_t* block, uint32_t i) = nullptr;
};

template <typename Block>
BlockType BlockTypeOf(const char* name) {
  return {name, Block::kBlock, Block::kBytes, &Block::Decode};
}

inline const BlockType kGgufTypes[] = {
    BlockTypeOf<Q80>("q8_0"), BlockTypeOf<Q40>("q4_0"),       BlockTypeOf<Q41>("q4_1"),
    BlockTypeOf<Q50>("q5_0"), BlockTypeOf<Q51>("q5_1"),       BlockTypeOf<Q2K>("q2_k"),
    BlockTypeOf<Q3K>("q3_k"), BlockTypeOf<Q4K>("q4_k"),       BlockTypeOf<Q5K>("q5_k"),
    BlockTypeOf<Q6K>("q6_k"), BlockTypeOf<Iq2Xxs>("iq2_xxs"), BlockTypeOf<Mxfp4>("mxfp4"),
};

inline const BlockType kNvfp4Type = BlockTypeOf<Nvfp4>("nvfp4");

// All of the above.
inline std::vector<BlockType> BlockTypes() {
  std::vector<BlockType> types(std::begin(kGgufTypes), std::end(kGgufTypes));
  types.push_back(kNvfp4Type);
  return types;
}

inline std::ostream& operator<<(std::ostream& out, const BlockType& type) {
  return out << type.name;
}

}  // namespace quantfleet::formats
