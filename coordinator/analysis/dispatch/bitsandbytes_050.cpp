// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <optional>
#include <span>

#include "coordinator/analysis/dispatch/policy.hpp"

namespace quantfleet::analysis {
namespace {

// The rule as largest numbers of rows that the custom kernel takes, 0 for none.
using Rows = uint64_t;

constexpr Rows kAlways = 4;                            // whatever the shape
constexpr Rows kVectorKernel = 7;                      // without matrix instructions for the type
constexpr Rows kMostRows = 512;                        // of weights that are not small
constexpr uint64_t kSmallWeights = uint64_t{4} << 20;  // elements

struct Shape {
  Shape(const Product& product, const GpuFacts& gpu)
      : n(product.n),
        k(product.k),
        rows(product.batch),
        blocks((product.n + 63) / 64),
        processors(gpu.multiprocessors),
        capability(gpu.capability) {}

  // At least so many waves: `numerator` / `denominator` of the multiprocessors have a block.
  bool Waves(uint64_t numerator, uint64_t denominator = 1) const {
    return blocks * denominator >= processors * numerator;
  }
  // The rule halves the multiprocessors as a whole number.
  bool HalfWave() const { return blocks >= processors / 2; }
  bool TallerThan(uint64_t times) const { return k > times * n; }
  bool IsHbm() const { return capability == 80 || capability / 10 == 9; }

  uint64_t n, k, rows, blocks, processors;
  int capability;
};

// From so many waves on, so many rows; the first that holds.
struct Step {
  uint64_t waves;
  Rows most;
};
std::optional<Rows> FromSteps(const Shape& s, std::span<const Step> steps) {
  for (const Step& step : steps) {
    if (s.Waves(step.waves)) return step.most;
  }
  return std::nullopt;
}

Rows Blackwell100(const Shape& s) {
  if (s.Waves(3)) return 32;
  return s.Waves(1) && s.k < s.n ? 8 : 0;
}

Rows SmallShort75(const Shape& s) {
  if (s.Waves(3) || s.k < 704) return 320;
  return s.k >= 1024 ? 64 : 96;
}

// Small weights with rows more than twice as many as columns.
Rows SmallShort(const Shape& s) {
  if (s.IsHbm()) {
    const bool low = !s.Waves(1, 3);
    if (s.capability == 80) return low ? 1536 : 512;
    return low ? 512 : 320;
  }
  if (s.capability == 75) return SmallShort75(s);
  const bool deep = s.blocks * s.k > s.processors * 320;
  return !s.Waves(1) && deep ? 192 : 320;
}

Rows Small(const Shape& s) {
  if (2 * s.k < s.n) return SmallShort(s);
  const bool quarter = s.blocks * 4 <= s.processors;
  if (s.capability == 80 && quarter) {
    if (s.k < s.n) return 384;
    return s.blocks * 8 <= s.processors ? 32 : 128;
  }
  if (s.capability == 75 && !s.Waves(1) && s.rows > 8) return 64;
  if (quarter) return s.k < s.n || s.IsHbm() ? 32 : 23;
  return s.blocks * 2 <= s.processors ? 16 : 0;
}

// 5 to 7 rows: the vector kernel, but where few blocks leave a fast memory's device idle.
bool VectorRows(const Shape& s) {
  if (!s.IsHbm() || s.rows < 6 || s.blocks < (s.capability == 80 ? 48U : 36U)) return true;
  const bool below_75 = !s.Waves(3, 4), below_60 = !s.Waves(3, 5);
  if (s.k > s.n) return !below_75;
  if (s.k < s.n) return true;
  return s.capability == 80 ? !below_60 : !(below_75 && !below_60);
}

Rows Turing75(const Shape& s) {
  if (s.Waves(3)) return s.k < s.n ? 128 : 64;
  return s.HalfWave() ? 64 : 32;
}

Rows Ampere80(const Shape& s) {
  if (s.Waves(3)) return 128;
  if (s.Waves(1)) return s.k < s.n ? 64 : 32;
  if (s.k >= 3 * s.n && s.blocks * 4 > s.processors) return 0;
  if (s.k == s.n && s.blocks >= 48 && !s.Waves(3, 5)) return 0;
  if (!s.Waves(1, 2)) {
    if (s.k <= s.n) return 128;
    if (s.Waves(1, 3)) return 0;
  }
  return s.HalfWave() && s.k < s.n ? 128 : 16;
}

Rows Ampere86(const Shape& s) {
  if (s.Waves(1)) return 128;
  return s.HalfWave() ? 64 : 16;
}

Rows Hopper90(const Shape& s) {
  constexpr std::array<Step, 3> kSteps = {{{3, 64}, {2, 48}, {1, 32}}};
  if (const auto most = FromSteps(s, kSteps)) return *most;
  if (!s.HalfWave()) return 0;
  return s.k >= s.n && !s.Waves(3, 4) ? 0 : 16;
}

Rows Blackwell120(const Shape& s) {
  constexpr std::array<Step, 2> kSteps = {{{3, 256}, {2, 128}}};
  if (const auto most = FromSteps(s, kSteps)) return *most;
  if (s.Waves(4, 5)) return s.k >= s.n ? 96 : 64;
  if (s.HalfWave()) return 2 * s.k >= s.n && s.blocks >= 128 ? 64 : 8;
  return s.TallerThan(2) && s.blocks > 64 ? 16 : 8;
}

// From four fifths of a wave to two.
Rows NearWave(const Shape& s) {
  if (s.TallerThan(2) || s.blocks >= 200) return 128;
  if (s.k < s.n) return 64;
  return s.processors >= 60 ? 128 : 32;
}

// sm_89, and whatever has no ladder of its own.
Rows Others(const Shape& s) {
  constexpr std::array<Step, 2> kSteps = {{{3, 256}, {2, 128}}};
  if (const auto most = FromSteps(s, kSteps)) return *most;
  if (s.Waves(4, 5)) return NearWave(s);
  if (s.HalfWave()) {
    if (s.TallerThan(2)) return 64;
    return s.blocks >= 64 ? 8 : 32;
  }
  if (s.k > s.n && s.blocks <= 48) return s.k >= 3 * s.n ? 12 : 10;
  return s.TallerThan(2) || s.blocks < 48 ? 16 : 8;
}

Rows Ladder(const Shape& s) {
  switch (s.capability) {
    case 75:
      return Turing75(s);
    case 80:
      return Ampere80(s);
    case 86:
      return Ampere86(s);
    case 120:
      return Blackwell120(s);
    case 121:
      return s.Waves(1) ? 256 : Others(s);
    default:
      return s.capability / 10 == 9 ? Hopper90(s) : Others(s);
  }
}

Rows MostRows(const Shape& s, const std::string& type) {
  const bool has_matrix_kernel =
      type != "fp32" && (s.capability > 75 || (s.capability == 75 && type == "fp16"));
  if (!has_matrix_kernel) return kVectorKernel;
  if (s.capability == 87 || s.capability / 10 == 11) return 0;
  if (s.capability / 10 == 10) return Blackwell100(s);
  if (s.n * s.k < kSmallWeights) return Small(s);
  if (s.rows > kMostRows) return 0;
  if (s.rows < 8) return VectorRows(s) ? kVectorKernel : 0;
  return Ladder(s);
}

}  // namespace

Pick PickBitsandbytes050(const Product& product, const GpuFacts& gpu) {
  if (product.k % 64 != 0) {
    return {Path::kDequantizeThenGemm, "columns that are no whole blocks of 64"};
  }
  if (product.batch <= kAlways) return {Path::kFused, "at most 4 rows"};
  if (gpu.capability == 0) return {std::nullopt, "its rule asks for a CUDA device"};
  if (gpu.multiprocessors == 0) {
    return {std::nullopt, "the device's number of multiprocessors is not known"};
  }
  // Above the largest limit of any shape there is no custom kernel.
  constexpr Rows kLargest = 1536;
  const Rows most = product.batch > kLargest ? 0 : MostRows({product, gpu}, product.baseline);
  const bool fused = product.batch <= most;
  const std::string on = " on sm_" + std::to_string(gpu.capability);
  return {fused ? Path::kFused : Path::kDequantizeThenGemm,
          most == 0 ? "never at this shape" + on
                    : (fused ? "at most " : "more than ") + std::to_string(most) +
                          " rows at this shape" + on};
}

}  // namespace quantfleet::analysis
