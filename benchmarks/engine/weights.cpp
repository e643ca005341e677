// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/engine/weights.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <string>
#include <utility>

#include "kernels/engine/random.hpp"
#include "kernels/formats/format.hpp"

namespace quantfleet::bench {
namespace {

constexpr uint32_t kWeightStream = 1;
constexpr uint32_t kActivationStream = 2;
constexpr uint32_t kDistinctRows = 64;
// Rows of x that are checked: fp64 products of every row would take longer than the measurement.
constexpr uint32_t kCheckedRows = 4;

std::vector<float> Normal(uint64_t count, float deviation, uint32_t seed, uint32_t stream) {
  std::vector<float> values(count);
  for (uint64_t i = 0; i < count; ++i) {
    values[i] = deviation * static_cast<float>(engine::RandomNormal(seed, stream, i));
  }
  return values;
}

template <class T>
std::vector<T> Repeat(const std::vector<T>& part, uint64_t times) {
  std::vector<T> whole;
  whole.reserve(part.size() * times);
  for (uint64_t i = 0; i < times; ++i) whole.insert(whole.end(), part.begin(), part.end());
  return whole;
}

Result<std::vector<std::byte>> Encode(const formats::Format& format,
                                      const std::vector<float>& weights, uint64_t rows,
                                      uint64_t k) {
  QF_RETURN_IF_ERROR(format.CheckShape(rows, k));
  std::vector<std::byte> packed(format.PackedBytes(rows, k));
  QF_RETURN_IF_ERROR(format.Encode(weights, rows, k, packed));
  return packed;
}

// Whether `whole` [n, k] holds `part` [rows, k] again and again: true for formats whose rows lie
// one after the other, not for those that keep scales apart.
bool RowsRepeat(const formats::Format& format, const std::vector<std::byte>& whole, uint64_t n,
                const std::vector<std::byte>& part, uint64_t rows, uint64_t k) {
  if (whole.size() != format.PackedBytes(n, k)) return false;
  std::vector<float> found(k);
  std::vector<float> expected(k);
  for (const uint64_t row : {uint64_t{0}, rows - 1, rows % n, n / 2, n - 1}) {
    format.DecodeRow(whole.data(), n, k, row, found.data());
    format.DecodeRow(part.data(), rows, k, row % rows, expected.data());
    if (std::memcmp(found.data(), expected.data(), k * sizeof(float)) != 0) return false;
  }
  return true;
}

// Fills in what our format makes of the source.
Status EncodeOurs(const formats::Format& format, const std::vector<float>& source, uint64_t rows,
                  uint64_t n, uint64_t k, Weights* weights) {
  QF_ASSIGN_OR_RETURN(const std::vector<std::byte> part, Encode(format, source, rows, k));
  weights->packed = Repeat(part, n / rows);
  if (!RowsRepeat(format, weights->packed, n, part, rows, k)) {
    QF_ASSIGN_OR_RETURN(weights->packed, Encode(format, Repeat(source, n / rows), n, k));
  }
  weights->ours = true;
  const std::byte* const packed = weights->packed.data();
  weights->decode_row = [&format, packed, n, k](uint64_t row, float* to) {
    format.DecodeRow(packed, n, k, row, to);
  };
  return OkStatus();
}

// Compares with what the peer makes of the source, or takes it if we lack the format.
Status EncodePeers(std::string_view format, const Peer& peer, const std::vector<float>& source,
                   uint64_t rows, uint64_t n, uint64_t k, Weights* weights) {
  QF_ASSIGN_OR_RETURN(const std::vector<std::byte> part, peer.Encode(format, source, rows, k));
  const std::vector<std::byte> whole = Repeat(part, n / rows);
  if (weights->ours) {
    weights->same_encoding = whole == weights->packed;
  } else {
    weights->packed = whole;
  }
  auto decoded = peer.Decode(format, weights->packed, n, k);
  if (!decoded.ok()) return OkStatus();  // Another layout: the peer cannot take part.
  const auto shared = std::make_shared<const std::vector<float>>(std::move(*decoded));
  if (!weights->ours) {
    weights->decode_row = [shared, k](uint64_t row, float* to) {
      std::copy_n(shared->data() + row * k, k, to);
    };
    weights->peers = true;
    return OkStatus();
  }
  std::vector<float> row(k);
  weights->peers = true;
  for (uint64_t r = 0; r < n && weights->peers; ++r) {
    weights->decode_row(r, row.data());
    weights->peers = std::equal(row.begin(), row.end(), shared->data() + r * k);
  }
  return OkStatus();
}

}  // namespace

Result<Weights> MakeWeights(std::string_view format, uint32_t n, uint32_t k, uint32_t seed,
                            const Peer* peer) {
  const formats::Format* const ours = formats::FindFormat(format);
  const bool peer_knows = peer != nullptr && peer->Knows(format);
  if (ours == nullptr && !peer_knows) return NotFound("no side has the format");
  const uint32_t rows = n % kDistinctRows == 0 ? kDistinctRows : n;
  const std::vector<float> source = Normal(uint64_t{rows} * k, 0.02F, seed, kWeightStream);
  Weights weights;
  if (ours != nullptr) QF_RETURN_IF_ERROR(EncodeOurs(*ours, source, rows, n, k, &weights));
  if (peer_knows) QF_RETURN_IF_ERROR(EncodePeers(format, *peer, source, rows, n, k, &weights));
  return weights;
}

std::vector<float> MakeActivations(uint32_t batch, uint32_t k, uint32_t seed) {
  return Normal(uint64_t{batch} * k, 1.0F, seed, kActivationStream);
}

Reference::Reference(const Weights& weights, const engine::LinearShape& shape,
                     const std::vector<float>& x)
    : n_(shape.n) {
  const uint32_t count = std::min(shape.batch, kCheckedRows);
  for (uint32_t i = 0; i < count; ++i) {
    rows_.push_back(
        count == 1 ? 0 : static_cast<uint32_t>(uint64_t{i} * (shape.batch - 1) / (count - 1)));
  }
  y_.resize(uint64_t{count} * n_);
  std::vector<float> w(shape.k);
  for (uint32_t column = 0; column < n_; ++column) {
    weights.decode_row(column, w.data());
    for (uint32_t i = 0; i < count; ++i) {
      const float* const row = x.data() + uint64_t{rows_[i]} * shape.k;
      double sum = 0;
      for (uint32_t j = 0; j < shape.k; ++j) {
        sum += static_cast<double>(row[j]) * static_cast<double>(w[j]);
      }
      y_[uint64_t{i} * n_ + column] = sum;
    }
  }
}

double Reference::NormalizedError(const std::vector<float>& y) const {
  double error = 0;
  double norm = 0;
  for (size_t i = 0; i < rows_.size(); ++i) {
    for (uint32_t column = 0; column < n_; ++column) {
      const double expected = y_[i * n_ + column];
      const double off = static_cast<double>(y[uint64_t{rows_[i]} * n_ + column]) - expected;
      error += off * off;
      norm += expected * expected;
    }
  }
  return std::isfinite(error) ? error / norm : std::numeric_limits<double>::infinity();
}

}  // namespace quantfleet::bench
