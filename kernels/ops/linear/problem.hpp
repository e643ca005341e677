// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "base/status.hpp"
#include "kernels/engine/messages.hpp"
#include "kernels/formats/format.hpp"
#include "kernels/ops/linear/kernel.hpp"

namespace quantfleet::linear {

inline constexpr std::string_view kWeightDistribution = "normal(0, 0.02)";

// How x is made. Large transformers have a few columns whose values are large in every token
// (LLM.int8(), https://arxiv.org/abs/2208.07339, section 4): a format that treats those apart is
// measured with such columns, since without them it would have nothing to do.
enum class ActivationKind {
  kNormal,
  // One column in 1000, at least one, is +-[8, 20] plus a standard normal, never below 6.5; one
  // sign and magnitude a column. The others are normal and below 5.9.
  kOutlierColumns,
};
ActivationKind ActivationKindOf(const formats::Format& format);
// For the record: "normal(0, 1)".
std::string_view ActivationDistribution(ActivationKind kind);

// Weights of a seed and a size in one format, with the references made from them so far.
struct EncodedWeights {
  std::vector<std::byte> packed;
  // What the codes stand for; empty for a lossless format (then it is the source itself).
  std::vector<float> decoded;
  // Signal to quantization noise, decibel; of no meaning for a lossless format.
  double sqnr_decibel = 0;
  // y of the first rows of x with the decoded weights, fp64, [rows, n], by how x was rounded
  // (LinearKernel::activation_rounding).
  std::map<std::string, std::vector<double>, std::less<>> references;
};

// One weight matrix [n, k], its activations and everything made from them. W depends on seed, n and
// k only and x on seed, k and kind only; rows of a smaller batch are the first rows of a larger
// one, so references grow by rows and are never computed twice.
class Problem {
 public:
  Problem(uint32_t seed, uint32_t n, uint32_t k, ActivationKind kind = ActivationKind::kNormal);

  // Normal with deviation 0.02, [n, k]; and x, at least `batch` rows of k.
  const std::vector<float>& weights() const { return weights_; }
  const std::vector<float>& Activations(uint32_t batch);

  // Encodes at the first call. kUnimplemented if the format cannot hold the shape.
  Result<const EncodedWeights*> Encoded(const formats::Format& format);
  // Error of the `output` [batch, n] of `kernel` against the references; tolerances are left 0.
  Result<engine::OutputError> Compare(const formats::Format& format, const LinearKernel& kernel,
                                      uint32_t batch, const std::vector<float>& output);

  // Host memory held, about. Bytes.
  uint64_t bytes() const;

 private:
  float MakeActivation(uint64_t index) const;
  // Extends `reference` to `batch` rows; `kernel` rounds x first unless it is null.
  void GrowReference(const std::vector<float>& weights, uint32_t batch, const LinearKernel* kernel,
                     std::vector<double>* reference);
  // The product that the kernel should have computed exactly.
  const std::vector<double>& Reference(const formats::Format& format, const LinearKernel& kernel,
                                       uint32_t batch);

  uint32_t seed_;
  uint32_t n_;
  uint32_t k_;
  ActivationKind kind_;
  std::vector<float> weights_;
  std::vector<float> x_;
  // y with the weights before encoding, fp64, [rows, n].
  std::vector<double> exact_;
  std::map<const formats::Format*, EncodedWeights> encoded_;
};

// The problems used last, within a bound of host memory.
class ProblemCache {
 public:
  explicit ProblemCache(uint64_t max_bytes) : max_bytes_(max_bytes) {}
  std::shared_ptr<Problem> Get(uint32_t seed, uint32_t n, uint32_t k,
                               ActivationKind kind = ActivationKind::kNormal);
  void Clear() { entries_.clear(); }

 private:
  using Key = std::tuple<uint32_t, uint32_t, uint32_t, ActivationKind>;
  uint64_t max_bytes_;
  // Most recent first.
  std::list<std::pair<Key, std::shared_ptr<Problem>>> entries_;
};

// Largest output_relative an output of `values` values may have in a format, for weights of
// kWeightDistribution: 1.5 times the format's relative_error and the error of rounded activations,
// which are independent, and more for a few outputs, whose norm can be small by chance.
double OutputTolerance(const formats::Format& format, uint64_t values, double activation_error = 0);

}  // namespace quantfleet::linear
