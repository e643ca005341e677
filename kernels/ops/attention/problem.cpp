// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/ops/attention/problem.hpp"

#include <algorithm>
#include <cmath>
#include <span>

#include "kernels/engine/output_error.hpp"
#include "kernels/engine/random.hpp"
#include "kernels/ops/attention/shape.hpp"

namespace quantfleet::attention {
namespace {

// Streams of the generator: one a matrix. Others than those of linear.
constexpr uint32_t kKeyStream = 11;
constexpr uint32_t kValueStream = 12;
constexpr uint32_t kQueryStream = 13;

std::vector<float> Normal(uint32_t seed, uint32_t stream, uint64_t count) {
  std::vector<float> values(count);
  for (uint64_t i = 0; i < count; ++i) {
    values[i] = static_cast<float>(engine::RandomNormal(seed, stream, i));
  }
  return values;
}

// Sums kept apart, so that the compiler may use vectors without changing the order of additions.
double Dot(const float* a, const float* b, uint64_t count) {
  constexpr uint64_t kSums = 8;
  double sums[kSums] = {};
  uint64_t i = 0;
  for (; i + kSums <= count; i += kSums) {
    for (uint64_t j = 0; j < kSums; ++j) {
      sums[j] += static_cast<double>(a[i + j]) * static_cast<double>(b[i + j]);
    }
  }
  double total = 0;
  for (const double sum : sums) total += sum;
  for (; i < count; ++i) total += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  return total;
}

// One query of one head over the tokens it sees. `weights` is scratch.
void AttendOne(const float* keys, const float* values, const float* query, TokenRange visible,
               uint64_t dimension, std::vector<double>* weights, double* output) {
  weights->resize(visible.end - visible.begin);
  const double scale = 1 / std::sqrt(static_cast<double>(dimension));
  double largest = -HUGE_VAL;
  for (size_t i = 0; i < weights->size(); ++i) {
    (*weights)[i] = scale * Dot(keys + (visible.begin + i) * dimension, query, dimension);
    largest = std::max(largest, (*weights)[i]);
  }
  double total = 0;
  for (double& weight : *weights) total += weight = std::exp(weight - largest);
  std::fill_n(output, dimension, 0.0);
  for (size_t i = 0; i < weights->size(); ++i) {
    const double weight = (*weights)[i] / total;
    const float* const value = values + (visible.begin + i) * dimension;
    for (uint64_t d = 0; d < dimension; ++d) output[d] += weight * static_cast<double>(value[d]);
  }
}

void AddNoise(const std::vector<float>& exact, const std::vector<float>& decoded, double* signal,
              double* noise) {
  for (size_t i = 0; i < exact.size(); ++i) {
    const double value = exact[i];
    const double difference = static_cast<double>(decoded[i]) - value;
    *signal += value * value;
    *noise += difference * difference;
  }
}

// Relative error of a decoded cache; see OutputTolerance.
double CacheError(const KvFormat& format, uint32_t head_dimension) {
  const double absmax = std::sqrt(2 * std::log(2.0 * head_dimension));
  switch (format.code) {
    case KvCode::kFp32:
      return 0;
    case KvCode::kFp16:
      return 0x1p-11 / std::sqrt(3.0);
    case KvCode::kFp8E4m3:
      return 0x1p-4 / std::sqrt(3.0);
    case KvCode::kInt8:
      return absmax / 127 / std::sqrt(12.0);
    case KvCode::kInt4:
      return absmax / 7 / std::sqrt(12.0);
  }
  return 0;
}

}  // namespace

std::vector<double> AttendFp64(const engine::AttentionShape& shape, const std::vector<float>& keys,
                               const std::vector<float>& values,
                               const std::vector<float>& queries) {
  const uint64_t dimension = shape.head_dimension;
  const uint64_t head_values = shape.context * dimension;
  std::vector<double> output(QueryValues(shape));
  std::vector<double> weights;
  for (uint64_t row = 0; row < output.size() / dimension; ++row) {
    const uint64_t head = row % shape.query_heads / GroupOf(shape);
    const uint64_t query = row / shape.query_heads % shape.query_tokens;
    const uint64_t sequence = row / shape.query_heads / shape.query_tokens;
    const uint64_t first = (sequence * shape.key_value_heads + head) * head_values;
    AttendOne(keys.data() + first, values.data() + first, queries.data() + row * dimension,
              VisibleTokens(shape, static_cast<uint32_t>(query)), dimension, &weights,
              output.data() + row * dimension);
  }
  return output;
}

Problem::Problem(uint32_t seed, const engine::AttentionShape& shape)
    : shape_(shape),
      keys_(Normal(seed, kKeyStream, CacheVectors(shape) * shape.head_dimension)),
      values_(Normal(seed, kValueStream, keys_.size())),
      queries_(Normal(seed, kQueryStream, QueryValues(shape))) {}

Result<std::vector<std::byte>> Problem::Encode(const KvFormat& format) const {
  return EncodeKvCache(format, shape_, keys_, values_);
}

Result<const Problem::Reference*> Problem::ReferenceOf(const KvFormat& format) {
  const auto found = decoded_.find(&format);
  if (found != decoded_.end()) return &found->second;
  QF_ASSIGN_OR_RETURN(const std::vector<std::byte> packed, Encode(format));
  const KvLayout layout = LayoutOf(format, shape_);
  const uint64_t vectors = CacheVectors(shape_);
  std::vector<float> keys(keys_.size());
  std::vector<float> values(keys_.size());
  const std::byte* const at = packed.data();
  DecodeKvVectors(format, at, at + layout.key_scales, vectors, shape_.head_dimension, keys.data());
  DecodeKvVectors(format, at + layout.values, at + layout.value_scales, vectors,
                  shape_.head_dimension, values.data());
  Reference made;
  made.output = AttendFp64(shape_, keys, values, queries_);
  double signal = 0;
  double noise = 0;
  AddNoise(keys_, keys, &signal, &noise);
  AddNoise(values_, values, &signal, &noise);
  made.sqnr_decibel = engine::SqnrDecibel(signal, noise);
  return &decoded_.emplace(&format, std::move(made)).first->second;
}

Result<engine::OutputError> Problem::Compare(const KvFormat& format,
                                             const std::vector<float>& output) {
  if (exact_.empty()) exact_ = AttendFp64(shape_, keys_, values_, queries_);
  if (format.code == KvCode::kFp32) return engine::CompareOutput(output, exact_, exact_);
  QF_ASSIGN_OR_RETURN(const Reference* reference, ReferenceOf(format));
  engine::OutputError error = engine::CompareOutput(output, reference->output, exact_);
  error.weight_sqnr_decibel = reference->sqnr_decibel;
  return error;
}

uint64_t Problem::bytes() const {
  const uint64_t floats = keys_.size() + values_.size() + queries_.size();
  return floats * sizeof(float) + (decoded_.size() + 1) * queries_.size() * sizeof(double);
}

std::shared_ptr<Problem> ProblemCache::Get(uint32_t seed, const engine::AttentionShape& shape) {
  const auto found = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& entry) {
    return entry.seed == seed && entry.shape == shape;
  });
  if (found != entries_.end()) {
    entries_.splice(entries_.begin(), entries_, found);
    return entries_.front().problem;
  }
  uint64_t held = 0;
  for (auto entry = entries_.begin(); entry != entries_.end();) {
    held += entry->problem->bytes();
    entry = held > max_bytes_ ? entries_.erase(entry) : std::next(entry);
  }
  entries_.push_front({seed, shape, std::make_shared<Problem>(seed, shape)});
  return entries_.front().problem;
}

double OutputTolerance(const KvFormat& format, const engine::AttentionShape& shape) {
  const double both = std::sqrt(2.0) * CacheError(format, shape.head_dimension);
  const auto outputs = static_cast<double>(QueryValues(shape));
  return std::max(1e-5, 1.5 * both) * (1 + 4 / std::sqrt(outputs));
}

}  // namespace quantfleet::attention
