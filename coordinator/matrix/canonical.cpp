// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/matrix/canonical.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <initializer_list>
#include <string_view>

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/util/json_util.h>
#include <nlohmann/json.hpp>

#include "base/digest.hpp"
#include "base/status.hpp"

namespace quantfleet::matrix {
namespace {

// A text that JSON writes as it is: every word that a matrix knows.
bool IsPlain(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

// Writes an object whose keys come in sorted order.
class ObjectWriter {
 public:
  explicit ObjectWriter(std::string* json) : json_(*json) { json_ += '{'; }
  void Text(std::string_view key, std::string_view value) {
    if (value.empty()) return;
    Key(key);
    json_ += '"';
    json_ += value;
    json_ += '"';
  }
  void Number(std::string_view key, uint32_t value) {
    if (value == 0) return;
    Key(key);
    std::array<char, 16> digits;
    json_.append(digits.data(),
                 std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr);
  }
  struct Field {
    std::string_view key;
    uint32_t value;
  };
  void Numbers(std::string_view key, std::initializer_list<Field> fields) {
    Key(key);
    ObjectWriter object(&json_);
    for (const Field& field : fields) object.Number(field.key, field.value);
    object.Close();
  }
  void Close() { json_ += '}'; }

 private:
  void Key(std::string_view key) {
    if (json_.back() != '{') json_ += ',';
    json_ += '"';
    json_ += key;
    json_ += "\":";
  }

  std::string& json_;
};

// Any text needs the escapes of a JSON library, and the reader of the message its care.
std::string JsonByLibrary(const v1::ArmSpec& spec) {
  std::string json;
  QF_CHECK(google::protobuf::util::MessageToJsonString(spec, &json).ok());
  // nlohmann sorts keys and writes no white space.
  const nlohmann::json canonical = nlohmann::json::parse(json);
  return canonical.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

std::string CanonicalJson(const v1::ArmSpec& spec) {
  const bool plain = IsPlain(spec.workload()) && IsPlain(spec.format()) && IsPlain(spec.kernel()) &&
                     IsPlain(spec.cache());
  if (!plain) return JsonByLibrary(spec);
  std::string json;
  json.reserve(256);
  ObjectWriter object(&json);
  if (spec.has_attention()) {
    const v1::AttentionShape& shape = spec.attention();
    object.Numbers("attention", {{"batch", shape.batch()},
                                 {"context", shape.context()},
                                 {"headDimension", shape.head_dimension()},
                                 {"keyValueHeads", shape.key_value_heads()},
                                 {"queryHeads", shape.query_heads()},
                                 {"queryTokens", shape.query_tokens()},
                                 {"window", shape.window()}});
  }
  object.Text("cache", spec.cache());
  object.Text("format", spec.format());
  object.Text("kernel", spec.kernel());
  if (spec.has_linear()) {
    const v1::LinearShape& shape = spec.linear();
    object.Numbers("linear", {{"batch", shape.batch()}, {"k", shape.k()}, {"n", shape.n()}});
  }
  if (spec.has_matrix()) {
    const v1::MatrixShape& shape = spec.matrix();
    object.Numbers("matrix", {{"columns", shape.columns()}, {"rows", shape.rows()}});
  }
  object.Number("seed", spec.seed());
  object.Text("workload", spec.workload());
  object.Close();
  return json;
}

std::string ArmId(const v1::ArmSpec& spec) {
  return Sha256Hex(CanonicalJson(spec));
}

std::string StableBytes(const v1::Block& block) {
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    QF_CHECK(block.SerializeToCodedStream(&coded));
  }
  return bytes;
}

}  // namespace quantfleet::matrix
