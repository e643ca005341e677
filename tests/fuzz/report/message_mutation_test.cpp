// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
//
// Seeded mutations of agents' messages: of their bytes, and of their fields, which gets further
// because the message stays one. A failure prints the message, ready to become a corpus file.
#include <array>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <map>
#include <memory>
#include <random>
#include <sstream>

#include <google/protobuf/message.h>
#include <google/protobuf/stubs/logging.h>
#include <gtest/gtest.h>

#include "tests/fuzz/report/message_check.hpp"

namespace quantfleet::fuzz {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

constexpr int kMutants = 20'000;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

std::map<std::string, std::string> Corpus() {
  std::map<std::string, std::string> files;
  for (const auto& entry :
       std::filesystem::directory_iterator(QUANTFLEET_SOURCE_DIR "/tests/fuzz/report/corpus")) {
    std::ifstream file(entry.path(), std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    files[entry.path().filename()] = text.str();
  }
  return files;
}

// Draws numbers; each seed gives the same mutants on every machine.
class Mutator {
 public:
  explicit Mutator(uint32_t seed) : random_(seed) {}

  size_t Below(size_t end) { return random_() % end; }

  void MutateBytes(std::string* bytes) {
    const size_t at = Below(bytes->size() + 1);
    switch (Below(4)) {
      case 0:
        if (at < bytes->size()) (*bytes)[at] = static_cast<char>(Below(256));
        return;
      case 1:
        bytes->insert(at, 1 + Below(8), static_cast<char>(Below(256)));
        return;
      case 2:
        bytes->erase(at, Below(16));
        return;
      default:
        bytes->insert(Below(bytes->size() + 1), bytes->substr(at, Below(64)));
    }
  }

  // Changes one field somewhere in `message`.
  void MutateField(Message* message) {
    std::vector<const FieldDescriptor*> fields;
    const Reflection& reflection = *message->GetReflection();
    reflection.ListFields(*message, &fields);
    const auto* descriptor = message->GetDescriptor();
    if (fields.empty() || Below(8) == 0) {
      if (descriptor->field_count() == 0) return;
      const int index = static_cast<int>(Below(static_cast<size_t>(descriptor->field_count())));
      return Change(message, descriptor->field(index));
    }
    const FieldDescriptor* field = fields[Below(fields.size())];
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE || Below(12) == 0)
      return Change(message, field);
    if (!field->is_repeated()) return MutateField(reflection.MutableMessage(message, field));
    const auto count = static_cast<size_t>(reflection.FieldSize(*message, field));
    MutateField(reflection.MutableRepeatedMessage(message, field, static_cast<int>(Below(count))));
  }

 private:
  double Double() {
    static constexpr std::array<double, 12> kValues = {0,
                                                       -0.0,
                                                       -1,
                                                       1e-300,
                                                       5e-324,
                                                       1e300,
                                                       1.7976931348623157e308,
                                                       kInfinity,
                                                       -kInfinity,
                                                       std::numeric_limits<double>::quiet_NaN(),
                                                       1e-3,
                                                       25};
    return kValues[Below(kValues.size())];
  }
  uint64_t Integer() {
    static constexpr std::array<uint64_t, 8> kValues = {
        0, 1, 2, 7, 0x7fffffff, 0xffffffff, 0x7fffffffffffffff, 0xffffffffffffffff};
    return kValues[Below(kValues.size())];
  }
  std::string Text() {
    using std::string_literals::operator""s;
    switch (Below(7)) {
      case 0:
        return "";
      case 1:
        return "a\0b"s;
      case 2:
        return "\n\r\t";
      case 3:
        return "{}\",'\\";
      case 4:
        return std::string(Below(20'000), 'x');
      case 5:
        return std::string(1999, 'x') + "\xc3\xa9";
      default:
        return std::to_string(Integer());
    }
  }

  void Change(Message* message, const FieldDescriptor* field) {
    const Reflection& reflection = *message->GetReflection();
    if (Below(6) == 0) return reflection.ClearField(message, field);
    if (field->is_repeated()) return ChangeList(message, field);
    switch (field->cpp_type()) {
      case FieldDescriptor::CPPTYPE_DOUBLE:
        return reflection.SetDouble(message, field, Double());
      case FieldDescriptor::CPPTYPE_UINT32:
        return reflection.SetUInt32(message, field, static_cast<uint32_t>(Integer()));
      case FieldDescriptor::CPPTYPE_UINT64:
        return reflection.SetUInt64(message, field, Integer());
      case FieldDescriptor::CPPTYPE_INT32:
        return reflection.SetInt32(message, field, static_cast<int32_t>(Integer()));
      case FieldDescriptor::CPPTYPE_INT64:
        return reflection.SetInt64(message, field, static_cast<int64_t>(Integer()));
      case FieldDescriptor::CPPTYPE_BOOL:
        return reflection.SetBool(message, field, Below(2) == 0);
      case FieldDescriptor::CPPTYPE_ENUM:
        return reflection.SetEnumValue(message, field, static_cast<int>(Below(20)) - 1);
      case FieldDescriptor::CPPTYPE_STRING:
        return reflection.SetString(message, field, Text());
      case FieldDescriptor::CPPTYPE_MESSAGE:
        return MutateField(reflection.MutableMessage(message, field));
      default:
        return;
    }
  }

  void ChangeList(Message* message, const FieldDescriptor* field) {
    const Reflection& reflection = *message->GetReflection();
    const int count = reflection.FieldSize(*message, field);
    const int at = count == 0 ? 0 : static_cast<int>(Below(static_cast<size_t>(count)));
    const size_t way = Below(3);
    if (way == 0 && count > 0) return reflection.RemoveLast(message, field);
    if (way == 1 && count > 1) return reflection.SwapElements(message, field, 0, at);
    switch (field->cpp_type()) {
      case FieldDescriptor::CPPTYPE_DOUBLE:
        if (count == 0) return reflection.AddDouble(message, field, Double());
        return reflection.SetRepeatedDouble(message, field, at, Double());
      case FieldDescriptor::CPPTYPE_STRING:
        return reflection.AddString(message, field, Text());
      case FieldDescriptor::CPPTYPE_MESSAGE:
        if (count == 0) {
          reflection.AddMessage(message, field);
        } else if (!field->is_map()) {
          const std::unique_ptr<Message> copy(
              reflection.GetRepeatedMessage(*message, field, at).New());
          copy->CopyFrom(reflection.GetRepeatedMessage(*message, field, at));
          reflection.AddMessage(message, field)->CopyFrom(*copy);
        }
        return;
      default:
        return;
    }
  }

  std::mt19937 random_;
};

// Bytes that are no message are what this is about.
[[maybe_unused]] auto* const kQuiet = google::protobuf::SetLogHandler(nullptr);

std::unique_ptr<Message> Empty(char kind) {
  if (kind == 'R') return std::make_unique<v1::ReportRequest>();
  if (kind == 'H') return std::make_unique<v1::HelloRequest>();
  return std::make_unique<v1::SyncRequest>();
}

TEST(MessageMutationTest, TheCorpusIsWhatItsNamesSay) {
  const auto corpus = Corpus();
  ASSERT_GE(corpus.size(), 6U);
  for (const auto& [name, bytes] : corpus) {
    EXPECT_EQ(FindBrokenPromise(bytes), "") << name;
    EXPECT_TRUE(Empty(bytes[0])->ParseFromString(bytes.substr(1))) << name;
  }
  v1::ReportRequest accepted;
  ASSERT_TRUE(accepted.ParseFromString(corpus.at("report_measured").substr(1)));
  ASSERT_EQ(accepted.results_size(), 1);
  EXPECT_EQ(accepted.results(0).measurements_size(), HeldBlock().arms_size());
}

TEST(MessageMutationTest, NoMutantOfBytesBreaksAPromise) {
  Mutator mutator(20261);
  const auto corpus = Corpus();
  for (int i = 0; i < kMutants; ++i) {
    auto file = corpus.begin();
    std::advance(file, static_cast<long>(mutator.Below(corpus.size())));
    std::string bytes = file->second;
    for (size_t times = 1 + mutator.Below(4); times > 0; --times) mutator.MutateBytes(&bytes);
    ASSERT_EQ(FindBrokenPromise(bytes), "") << "mutant " << i << " of " << file->first;
  }
}

TEST(MessageMutationTest, NoMutantOfFieldsBreaksAPromise) {
  Mutator mutator(20262);
  const auto corpus = Corpus();
  for (int i = 0; i < kMutants; ++i) {
    auto file = corpus.begin();
    std::advance(file, static_cast<long>(mutator.Below(corpus.size())));
    const auto message = Empty(file->second[0]);
    ASSERT_TRUE(message->ParseFromString(file->second.substr(1)));
    for (size_t times = 1 + mutator.Below(3); times > 0; --times)
      mutator.MutateField(message.get());
    const std::string bytes = file->second[0] + message->SerializeAsString();
    ASSERT_EQ(FindBrokenPromise(bytes), "") << "mutant " << i << " of " << file->first << ":\n"
                                            << message->ShortDebugString().substr(0, 4000);
  }
}

}  // namespace
}  // namespace quantfleet::fuzz
