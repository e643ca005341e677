// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

// The messages of proto/quantfleet/v1 that the engine speaks, as plain structs: the engine builds
// without protobuf. The proto files are the specification; field comments live there. Names, order
// and defaults here follow them.
namespace quantfleet::engine {

struct LinearShape {
  uint32_t n = 0;
  uint32_t k = 0;
  uint32_t batch = 0;
  bool operator==(const LinearShape&) const = default;
};

struct AttentionShape {
  uint32_t query_heads = 0;
  uint32_t key_value_heads = 0;
  uint32_t head_dimension = 0;
  uint32_t context = 0;
  uint32_t query_tokens = 0;
  uint32_t batch = 0;
  uint32_t window = 0;
  bool operator==(const AttentionShape&) const = default;
};

struct MatrixShape {
  uint32_t rows = 0;
  uint32_t columns = 0;
  bool operator==(const MatrixShape&) const = default;
};

struct ArmSpec {
  std::string workload;
  std::string format;
  std::string kernel;
  std::string cache;
  uint32_t seed = 0;
  std::optional<LinearShape> linear;
  std::optional<AttentionShape> attention = std::nullopt;
  std::optional<MatrixShape> matrix = std::nullopt;
  bool operator==(const ArmSpec&) const = default;
};

enum class ArmRole { kUnspecified, kBaseline, kNull, kCandidate, kAblation };

struct BlockArm {
  uint32_t index = 0;
  std::string arm_id;
  ArmSpec spec;
  ArmRole role = ArmRole::kUnspecified;
  std::map<std::string, std::string> labels;
};

struct MeasurePolicy {
  double relative_interval = 0;
  double confidence = 0;
  double max_seconds = 0;
  double min_seconds = 0;
  uint32_t min_samples = 0;
  uint32_t min_rounds = 0;
  uint32_t max_rounds = 0;
};

struct Block {
  std::string block_id;
  std::vector<BlockArm> arms;
  MeasurePolicy policy;
  uint32_t order_seed = 0;
  std::string matrix_id;
  std::string target;
  uint32_t ordinal = 0;
};

enum class DeviceKind { kUnspecified, kCpu, kCuda };

// The proto message Device; the port of the same meaning is class Device.
struct DeviceInfo {
  std::string uid;
  DeviceKind kind = DeviceKind::kUnspecified;
  std::string name;
  std::string device_class;
  std::string architecture;
  std::vector<std::string> features;
  uint32_t threads = 0;
  uint64_t memory_bytes = 0;
  uint64_t cache_bytes = 0;
  std::string selector;
  uint32_t multiprocessors = 0;
};

using Fingerprint = std::map<std::string, std::string>;

struct Ceilings {
  double dram_read_bytes_per_second = 0;
  double cache_read_bytes_per_second = 0;
  std::map<std::string, double> matrix_operations_per_second;
  double launch_seconds = 0;
};

struct KernelSupport {
  std::string workload;
  std::string format;
  std::string kernel;
  bool supported = false;
  std::string reason;
};

struct DeviceDescription {
  DeviceInfo device;
  Fingerprint fingerprint;
  std::vector<KernelSupport> support;
};

enum class Outcome {
  kUnspecified,
  kMeasured,
  kUnsupported,
  kInvalid,
  kCrashed,
  kTimedOut,
  kOutOfMemory,
  kFailed,
};

enum class StopReason { kUnspecified, kIntervalReached, kNoiseStable, kTimeCap, kRoundCap };

struct Round {
  uint32_t number = 0;
  uint32_t position = 0;
  std::vector<double> seconds;
};

struct Summary {
  uint32_t samples = 0;
  uint32_t set_aside = 0;
  double median_seconds = 0;
  double median_low_seconds = 0;
  double median_high_seconds = 0;
  double first_quartile_seconds = 0;
  double third_quartile_seconds = 0;
  double median_absolute_deviation_seconds = 0;
  double min_seconds = 0;
  double max_seconds = 0;
};

struct OutputError {
  double kernel_relative = 0;
  double output_relative = 0;
  double cosine = 0;
  double kernel_max_absolute = 0;
  std::optional<double> weight_sqnr_decibel;
  double kernel_tolerance = 0;
  double output_tolerance = 0;
};

struct Energy {
  double joules_per_call = 0;
  double mean_watts = 0;
  double seconds = 0;
  uint64_t calls = 0;
  std::optional<double> compute_utilization;
  std::optional<double> memory_utilization;
  std::string source;
};

enum class Grade { kUnspecified, kA, kB, kC, kD, kF };

struct Measurement {
  uint32_t arm_index = 0;
  std::string arm_id;
  Outcome outcome = Outcome::kUnspecified;
  std::string reason;
  std::string kernel_used;
  std::vector<Round> rounds;
  std::optional<Summary> summary;
  std::optional<OutputError> error;
  uint64_t weight_bytes = 0;
  double bits_per_weight = 0;
  uint64_t moved_bytes = 0;
  uint64_t operations = 0;
  uint32_t rotation_copies = 0;
  uint64_t working_set_bytes = 0;
  double warmup_seconds = 0;
  StopReason stop_reason = StopReason::kUnspecified;
  Grade grade = Grade::kUnspecified;
  std::vector<std::string> grade_reasons;
  std::string weight_distribution;
  std::string activation_distribution;
  double host_median_seconds = 0;
  std::optional<double> clock_fraction;
  std::optional<Energy> energy;
};

struct Progress {
  uint32_t arm_index = 0;
  std::string phase;
  double fraction = 0;
};

struct Description {
  std::string engine_version;
  std::string engine_digest;
  std::vector<DeviceDescription> devices;
};

struct EngineError {
  std::string message;
  bool invalid_request = false;
};

struct Done {
  bool cancelled = false;
};

}  // namespace quantfleet::engine
