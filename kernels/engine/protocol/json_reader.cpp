// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include <nlohmann/json.hpp>

#include "kernels/engine/protocol/json_codec.hpp"

namespace quantfleet::engine {
namespace {

using Json = nlohmann::json;

// Reads the fields of one object, remembers the first error and which fields were taken.
class ObjectReader {
 public:
  ObjectReader(const Json& json, std::string path, Status* status)
      : json_(json), path_(std::move(path)), status_(status) {
    if (!json_.is_object()) Fail("", "must be an object");
  }

  void Read(const char* name, std::string* value) {
    const Json* const field = Take(name);
    if (field == nullptr) return;
    if (!field->is_string()) return Fail(name, "must be a string");
    *value = field->get<std::string>();
  }

  void Read(const char* name, bool* value) {
    const Json* const field = Take(name);
    if (field == nullptr) return;
    if (!field->is_boolean()) return Fail(name, "must be a boolean");
    *value = field->get<bool>();
  }

  void Read(const char* name, double* value) {
    const Json* const field = Take(name);
    if (field == nullptr) return;
    if (!field->is_number()) return Fail(name, "must be a number");
    *value = field->get<double>();
  }

  void Read(const char* name, uint32_t* value) {
    const Json* const field = Take(name);
    if (field == nullptr) return;
    const std::optional<uint32_t> number = Integer(*field);
    if (!number) return Fail(name, "must be an integer in [0, 4294967295]");
    *value = *number;
  }

  void Read(const char* name, ArmRole* value) {
    constexpr std::array<std::string_view, 5> kNames = {"ARM_ROLE_UNSPECIFIED", "ARM_ROLE_BASELINE",
                                                        "ARM_ROLE_NULL", "ARM_ROLE_CANDIDATE",
                                                        "ARM_ROLE_ABLATION"};
    const Json* const field = Take(name);
    if (field == nullptr) return;
    for (size_t i = 0; i < kNames.size(); ++i) {
      const bool named = field->is_string() && field->get_ref<const std::string&>() == kNames[i];
      if (named || (field->is_number_unsigned() && field->get<uint64_t>() == i)) {
        *value = static_cast<ArmRole>(i);
        return;
      }
    }
    Fail(name, "is no ArmRole");
  }

  void Read(const char* name, std::map<std::string, std::string>* value) {
    const Json* const field = Take(name);
    if (field == nullptr) return;
    if (!field->is_object()) return Fail(name, "must be an object");
    for (const auto& [key, entry] : field->items()) {
      if (!entry.is_string()) return Fail(name, "must hold strings");
      (*value)[key] = entry.get<std::string>();
    }
  }

  // The field, if it is there and not null.
  const Json* Take(const char* name) {
    if (!status_->ok()) return nullptr;
    const auto found = json_.find(name);
    if (found == json_.end()) return nullptr;
    ++taken_;
    return found->is_null() ? nullptr : &*found;
  }

  std::string PathOf(const std::string& name) const {
    return path_.empty() ? name : path_ + "." + name;
  }

  void Fail(const std::string& name, const std::string& why) {
    if (!status_->ok()) return;
    const std::string place = name.empty() ? path_ : PathOf(name);
    *status_ = InvalidArgument((place.empty() ? "the line" : place) + " " + why);
  }

  // An error for the first field that nobody asked for.
  void Finish(std::span<const char* const> known) {
    if (!status_->ok() || taken_ == json_.size()) return;
    for (const auto& [key, value] : json_.items()) {
      bool found = false;
      for (const char* name : known) found |= key == name;
      if (!found) return Fail(key.substr(0, 80), "is an unknown field");
    }
  }

 private:
  static std::optional<uint32_t> Integer(const Json& field) {
    constexpr uint64_t kMost = std::numeric_limits<uint32_t>::max();
    if (field.is_number_unsigned() && field.get<uint64_t>() <= kMost) {
      return static_cast<uint32_t>(field.get<uint64_t>());
    }
    if (field.is_number_float()) {
      const double number = field.get<double>();
      if (number >= 0 && number <= static_cast<double>(kMost) && std::floor(number) == number) {
        return static_cast<uint32_t>(number);
      }
    }
    if (!field.is_string()) return std::nullopt;
    const auto& text = field.get_ref<const std::string&>();
    uint32_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return number;
  }

  const Json& json_;
  std::string path_;
  Status* status_;
  size_t taken_ = 0;
};

void ReadShape(const Json& json, const std::string& path, Status* status, LinearShape* shape) {
  ObjectReader reader(json, path, status);
  reader.Read("n", &shape->n);
  reader.Read("k", &shape->k);
  reader.Read("batch", &shape->batch);
  reader.Finish(std::array{"n", "k", "batch"});
}

void ReadAttention(const Json& json, const std::string& path, Status* status,
                   AttentionShape* shape) {
  ObjectReader reader(json, path, status);
  reader.Read("queryHeads", &shape->query_heads);
  reader.Read("keyValueHeads", &shape->key_value_heads);
  reader.Read("headDimension", &shape->head_dimension);
  reader.Read("context", &shape->context);
  reader.Read("queryTokens", &shape->query_tokens);
  reader.Read("batch", &shape->batch);
  reader.Read("window", &shape->window);
  reader.Finish(std::array{"queryHeads", "keyValueHeads", "headDimension", "context", "queryTokens",
                           "batch", "window"});
}

void ReadShape(const Json& json, const std::string& path, Status* status, MatrixShape* shape) {
  ObjectReader reader(json, path, status);
  reader.Read("rows", &shape->rows);
  reader.Read("columns", &shape->columns);
  reader.Finish(std::array{"rows", "columns"});
}

void ReadSpec(const Json& json, const std::string& path, Status* status, ArmSpec* spec) {
  ObjectReader reader(json, path, status);
  reader.Read("workload", &spec->workload);
  reader.Read("format", &spec->format);
  reader.Read("kernel", &spec->kernel);
  reader.Read("cache", &spec->cache);
  reader.Read("seed", &spec->seed);
  if (const Json* const linear = reader.Take("linear")) {
    ReadShape(*linear, reader.PathOf("linear"), status, &spec->linear.emplace());
  }
  if (const Json* const attention = reader.Take("attention")) {
    ReadAttention(*attention, reader.PathOf("attention"), status, &spec->attention.emplace());
  }
  if (const Json* const matrix = reader.Take("matrix")) {
    ReadShape(*matrix, reader.PathOf("matrix"), status, &spec->matrix.emplace());
  }
  reader.Finish(
      std::array{"workload", "format", "kernel", "cache", "seed", "linear", "attention", "matrix"});
}

void ReadArm(const Json& json, const std::string& path, Status* status, BlockArm* arm) {
  ObjectReader reader(json, path, status);
  reader.Read("index", &arm->index);
  reader.Read("armId", &arm->arm_id);
  if (const Json* const spec = reader.Take("spec")) {
    ReadSpec(*spec, reader.PathOf("spec"), status, &arm->spec);
  }
  reader.Read("role", &arm->role);
  reader.Read("labels", &arm->labels);
  reader.Finish(std::array{"index", "armId", "spec", "role", "labels"});
}

void ReadPolicy(const Json& json, const std::string& path, Status* status, MeasurePolicy* policy) {
  ObjectReader reader(json, path, status);
  reader.Read("relativeInterval", &policy->relative_interval);
  reader.Read("confidence", &policy->confidence);
  reader.Read("maxSeconds", &policy->max_seconds);
  reader.Read("minSeconds", &policy->min_seconds);
  reader.Read("minSamples", &policy->min_samples);
  reader.Read("minRounds", &policy->min_rounds);
  reader.Read("maxRounds", &policy->max_rounds);
  reader.Finish(std::array{"relativeInterval", "confidence", "maxSeconds", "minSeconds",
                           "minSamples", "minRounds", "maxRounds"});
}

void ReadBlock(const Json& json, const std::string& path, Status* status, Block* block) {
  ObjectReader reader(json, path, status);
  reader.Read("blockId", &block->block_id);
  if (const Json* const arms = reader.Take("arms")) {
    if (!arms->is_array()) return reader.Fail("arms", "must be an array");
    for (size_t i = 0; i < arms->size() && status->ok(); ++i) {
      ReadArm((*arms)[i], reader.PathOf("arms") + "[" + std::to_string(i) + "]", status,
              &block->arms.emplace_back());
    }
  }
  if (const Json* const policy = reader.Take("policy")) {
    ReadPolicy(*policy, reader.PathOf("policy"), status, &block->policy);
  }
  reader.Read("orderSeed", &block->order_seed);
  reader.Read("matrixId", &block->matrix_id);
  reader.Read("target", &block->target);
  reader.Read("ordinal", &block->ordinal);
  reader.Finish(
      std::array{"blockId", "arms", "policy", "orderSeed", "matrixId", "target", "ordinal"});
}

EngineRequest ReadRequest(const std::string& name, const Json& body, Status* status) {
  ObjectReader reader(body, name, status);
  if (name == "calibrate") {
    CalibrateRequest request;
    reader.Read("maxSeconds", &request.max_seconds);
    if (request.max_seconds < 0) reader.Fail("maxSeconds", "must not be negative");
    reader.Finish(std::array{"maxSeconds"});
    return request;
  }
  if (name == "describe") {
    DescribeRequest request;
    reader.Read("fingerprintOnly", &request.fingerprint_only);
    reader.Finish(std::array{"fingerprintOnly"});
    return request;
  }
  if (name == "run") {
    RunRequest request;
    if (const Json* const block = reader.Take("block")) {
      ReadBlock(*block, reader.PathOf("block"), status, &request.block);
    }
    reader.Finish(std::array{"block"});
    return request;
  }
  reader.Finish({});
  if (name != "cancel") *status = InvalidArgument(name.substr(0, 80) + " is no request");
  return CancelRequest{};
}

}  // namespace

Result<EngineRequest> ParseRequest(std::string_view line) {
  // The library takes it for the end, whatever follows.
  if (line.find('\0') != std::string_view::npos) {
    return InvalidArgument("the line holds a NUL character");
  }
  const Json json = Json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) return InvalidArgument("the line is not JSON");
  if (!json.is_object() || json.size() != 1) {
    return InvalidArgument(
        "the line must be an object with one of describe, calibrate, run, cancel");
  }
  Status status;
  EngineRequest request = ReadRequest(json.begin().key(), json.begin().value(), &status);
  if (!status.ok()) return status;
  return request;
}

}  // namespace quantfleet::engine
