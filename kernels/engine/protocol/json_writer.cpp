// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cmath>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "kernels/engine/protocol/json_codec.hpp"

namespace quantfleet::engine {
namespace {

using Json = nlohmann::json;

constexpr std::array<std::string_view, 3> kDeviceKinds = {"DEVICE_KIND_UNSPECIFIED",
                                                          "DEVICE_KIND_CPU", "DEVICE_KIND_CUDA"};
constexpr std::array<std::string_view, 8> kOutcomes = {
    "OUTCOME_UNSPECIFIED", "OUTCOME_MEASURED",  "OUTCOME_UNSUPPORTED",   "OUTCOME_INVALID",
    "OUTCOME_CRASHED",     "OUTCOME_TIMED_OUT", "OUTCOME_OUT_OF_MEMORY", "OUTCOME_FAILED"};
constexpr std::array<std::string_view, 5> kStopReasons = {
    "STOP_REASON_UNSPECIFIED", "STOP_REASON_INTERVAL_REACHED", "STOP_REASON_NOISE_STABLE",
    "STOP_REASON_TIME_CAP", "STOP_REASON_ROUND_CAP"};
constexpr std::array<std::string_view, 6> kGrades = {"GRADE_UNSPECIFIED", "GRADE_A", "GRADE_B",
                                                     "GRADE_C",           "GRADE_D", "GRADE_F"};

// JSON has no infinities and no NaN; the mapping writes them as strings.
Json Number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  return value;
}

// Builds an object, leaving out default values.
class ObjectWriter {
 public:
  void Put(const char* name, const std::string& value) {
    if (!value.empty()) Insert(name, value);
  }
  void Put(const char* name, bool value) {
    if (value) Insert(name, true);
  }
  void Put(const char* name, uint32_t value) {
    if (value != 0) Insert(name, value);
  }
  // 64-bit integers are strings: JavaScript's numbers end at 2^53.
  void Put(const char* name, uint64_t value) {
    if (value != 0) Insert(name, std::to_string(value));
  }
  void Put(const char* name, double value) {
    if (value != 0) Insert(name, Number(value));
  }
  template <class Container>
  void PutAll(const char* name, const Container& values) {
    if (!values.empty()) Insert(name, Json(values));
  }
  // Presence counts, not content.
  void PutAlways(const char* name, Json value) { Insert(name, std::move(value)); }
  template <class Enum, size_t kCount>
  void PutEnum(const char* name, Enum value, const std::array<std::string_view, kCount>& names) {
    if (value != Enum{}) Insert(name, names.at(static_cast<size_t>(value)));
  }
  Json Take() { return Json(std::move(fields_)); }

 private:
  // The map itself: GCC 12 gives false alarms on nlohmann's operator[] and empty().
  void Insert(const char* name, Json value) { fields_.emplace(name, std::move(value)); }

  Json::object_t fields_;
};

Json ToJson(const DeviceInfo& device) {
  ObjectWriter out;
  out.Put("uid", device.uid);
  out.PutEnum("kind", device.kind, kDeviceKinds);
  out.Put("name", device.name);
  out.Put("deviceClass", device.device_class);
  out.Put("architecture", device.architecture);
  out.PutAll("features", device.features);
  out.Put("threads", device.threads);
  out.Put("memoryBytes", device.memory_bytes);
  out.Put("cacheBytes", device.cache_bytes);
  out.Put("selector", device.selector);
  out.Put("multiprocessors", device.multiprocessors);
  return out.Take();
}

Json ToJson(const DeviceDescription& description) {
  ObjectWriter out;
  out.PutAlways("device", ToJson(description.device));
  ObjectWriter fingerprint;
  fingerprint.PutAll("values", description.fingerprint);
  out.PutAlways("fingerprint", fingerprint.Take());
  Json::array_t support;
  for (const KernelSupport& entry : description.support) {
    ObjectWriter one;
    one.Put("workload", entry.workload);
    one.Put("format", entry.format);
    one.Put("kernel", entry.kernel);
    one.Put("supported", entry.supported);
    one.Put("reason", entry.reason);
    support.push_back(one.Take());
  }
  out.PutAll("support", support);
  return out.Take();
}

Json ToJson(const Description& description) {
  ObjectWriter out;
  out.Put("engineVersion", description.engine_version);
  out.Put("engineDigest", description.engine_digest);
  Json::array_t devices;
  for (const DeviceDescription& device : description.devices) devices.push_back(ToJson(device));
  out.PutAll("devices", devices);
  return out.Take();
}

Json ToJson(const Ceilings& ceilings) {
  ObjectWriter out;
  out.Put("dramReadBytesPerSecond", ceilings.dram_read_bytes_per_second);
  out.Put("cacheReadBytesPerSecond", ceilings.cache_read_bytes_per_second);
  out.PutAll("matrixOperationsPerSecond", ceilings.matrix_operations_per_second);
  out.Put("launchSeconds", ceilings.launch_seconds);
  return out.Take();
}

Json ToJson(const Progress& progress) {
  ObjectWriter out;
  out.Put("armIndex", progress.arm_index);
  out.Put("phase", progress.phase);
  out.Put("fraction", progress.fraction);
  return out.Take();
}

Json ToJson(const Round& round) {
  ObjectWriter out;
  out.Put("number", round.number);
  out.Put("position", round.position);
  out.PutAll("seconds", round.seconds);
  return out.Take();
}

Json ToJson(const Summary& summary) {
  ObjectWriter out;
  out.Put("samples", summary.samples);
  out.Put("setAside", summary.set_aside);
  out.Put("medianSeconds", summary.median_seconds);
  out.Put("medianLowSeconds", summary.median_low_seconds);
  out.Put("medianHighSeconds", summary.median_high_seconds);
  out.Put("firstQuartileSeconds", summary.first_quartile_seconds);
  out.Put("thirdQuartileSeconds", summary.third_quartile_seconds);
  out.Put("medianAbsoluteDeviationSeconds", summary.median_absolute_deviation_seconds);
  out.Put("minSeconds", summary.min_seconds);
  out.Put("maxSeconds", summary.max_seconds);
  return out.Take();
}

Json ToJson(const OutputError& error) {
  ObjectWriter out;
  out.Put("kernelRelative", error.kernel_relative);
  out.Put("outputRelative", error.output_relative);
  out.Put("cosine", error.cosine);
  out.Put("kernelMaxAbsolute", error.kernel_max_absolute);
  if (error.weight_sqnr_decibel) {
    out.PutAlways("weightSqnrDecibel", Number(*error.weight_sqnr_decibel));
  }
  out.Put("kernelTolerance", error.kernel_tolerance);
  out.Put("outputTolerance", error.output_tolerance);
  return out.Take();
}

Json ToJson(const Energy& energy) {
  ObjectWriter out;
  out.Put("joulesPerCall", energy.joules_per_call);
  out.Put("meanWatts", energy.mean_watts);
  out.Put("seconds", energy.seconds);
  out.Put("calls", energy.calls);
  if (energy.compute_utilization) {
    out.PutAlways("computeUtilization", Number(*energy.compute_utilization));
  }
  if (energy.memory_utilization) {
    out.PutAlways("memoryUtilization", Number(*energy.memory_utilization));
  }
  out.Put("source", energy.source);
  return out.Take();
}

Json ToJson(const Measurement& m) {
  ObjectWriter out;
  out.Put("armIndex", m.arm_index);
  out.Put("armId", m.arm_id);
  out.PutEnum("outcome", m.outcome, kOutcomes);
  out.Put("reason", m.reason);
  out.Put("kernelUsed", m.kernel_used);
  Json::array_t rounds;
  for (const Round& round : m.rounds) rounds.push_back(ToJson(round));
  out.PutAll("rounds", rounds);
  if (m.summary) out.PutAlways("summary", ToJson(*m.summary));
  if (m.error) out.PutAlways("error", ToJson(*m.error));
  out.Put("weightBytes", m.weight_bytes);
  out.Put("bitsPerWeight", m.bits_per_weight);
  out.Put("movedBytes", m.moved_bytes);
  out.Put("operations", m.operations);
  out.Put("rotationCopies", m.rotation_copies);
  out.Put("workingSetBytes", m.working_set_bytes);
  out.Put("warmupSeconds", m.warmup_seconds);
  out.PutEnum("stopReason", m.stop_reason, kStopReasons);
  out.PutEnum("grade", m.grade, kGrades);
  out.PutAll("gradeReasons", m.grade_reasons);
  out.Put("weightDistribution", m.weight_distribution);
  out.Put("activationDistribution", m.activation_distribution);
  out.Put("hostMedianSeconds", m.host_median_seconds);
  if (m.clock_fraction) out.PutAlways("clockFraction", Number(*m.clock_fraction));
  if (m.energy) out.PutAlways("energy", ToJson(*m.energy));
  return out.Take();
}

Json ToJson(const EngineError& error) {
  ObjectWriter out;
  out.Put("message", error.message);
  out.Put("invalidRequest", error.invalid_request);
  return out.Take();
}

Json ToJson(const Done& done) {
  ObjectWriter out;
  out.Put("cancelled", done.cancelled);
  return out.Take();
}

}  // namespace

std::string WriteEvent(const EngineEvent& event) {
  constexpr std::array<const char*, 6> kNames = {"description", "ceilings", "progress",
                                                 "measurement", "error",    "done"};
  Json::object_t fields;
  fields.emplace(kNames.at(event.index()),
                 std::visit([](const auto& content) { return ToJson(content); }, event));
  return Json(std::move(fields)).dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace quantfleet::engine
