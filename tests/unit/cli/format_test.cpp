// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/formats/format.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <stdlib.h>

#include "cli/format_list.hpp"
#include "tests/unit/cli/call.hpp"

namespace quantfleet::cli {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class FormatVerb : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "/quantfleet-format.XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string Path(const std::string& name) const { return folder_ + "/" + name; }
  std::string Write(const std::string& name, const std::string& bytes) const {
    std::ofstream(Path(name), std::ios::binary) << bytes;
    return Path(name);
  }
  std::string WriteFloats(const std::string& name, const std::vector<float>& values) const {
    std::string bytes(values.size() * sizeof(float), '\0');
    std::memcpy(bytes.data(), values.data(), bytes.size());
    return Write(name, bytes);
  }
  static std::string Read(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }
  size_t Files() const {
    return static_cast<size_t>(std::distance(std::filesystem::directory_iterator(folder_), {}));
  }
  // Exit 2, one line on stderr with `part` in it, and nothing written.
  void ExpectRefused(const std::vector<std::string>& words, const std::string& part) {
    const size_t files = Files();
    const Outcome outcome = Call(words);
    EXPECT_EQ(outcome.exit_code, 2) << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr(part));
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
    EXPECT_THAT(outcome.out, IsEmpty());
    EXPECT_EQ(Files(), files);
  }

  std::string folder_;
};

TEST_F(FormatVerb, EncodesAndDecodesRows) {
  const std::string in = WriteFloats("in", {1, -2, 0.5F, 64, -64, 0});
  const std::string packed = Path("packed");
  const std::string out = Path("out");
  EXPECT_EQ(Call({"format", "encode", "fp16", in, packed, "--columns", "3"}).exit_code, 0);
  EXPECT_EQ(Read(packed), std::string("\x00\x3c\x00\xc0\x00\x38\x00\x54\x00\xd4\x00\x00", 12));
  const Outcome decoded =
      Call({"format", "decode", "fp16", packed, out, "--columns", "3", "--rows", "2"});
  EXPECT_EQ(decoded.exit_code, 0) << decoded.err;
  EXPECT_EQ(Read(out), Read(in));
  EXPECT_THAT(decoded.out + decoded.err, IsEmpty());
  EXPECT_EQ(Files(), 3U);
}

TEST_F(FormatVerb, FindsTheRowsOfEveryFormatFromTheFilesSize) {
  for (const formats::Format* format : formats::AllFormats()) {
    for (const size_t rows : {8U, 24U, 136U}) {
      std::vector<float> values(rows * 256);
      for (size_t i = 0; i < values.size(); ++i) {
        values[i] = static_cast<float>((i * 37) % 101) - 50.0F;
      }
      const std::string name(format->name());
      const std::string in = WriteFloats("in", values);
      const Outcome encoded =
          Call({"format", "encode", name, in, Path("packed"), "--columns", "256"});
      ASSERT_EQ(encoded.exit_code, 0) << name << encoded.err;
      EXPECT_EQ(Read(Path("packed")).size(), format->PackedBytes(rows, 256)) << name;
      const Outcome decoded =
          Call({"format", "decode", name, Path("packed"), Path("out"), "--columns", "256"});
      ASSERT_EQ(decoded.exit_code, 0) << name << decoded.err;
      EXPECT_EQ(Read(Path("out")).size(), values.size() * sizeof(float)) << name;
    }
  }
}

TEST_F(FormatVerb, RefusesWhatIsNotAFormatOrAShape) {
  const std::string in = WriteFloats("in", std::vector<float>(64 * 6, 1.0F));
  const std::string out = Path("out");
  ExpectRefused({"format", "encode", "nf5", in, out, "--columns", "64"}, "no format \"nf5\"");
  ExpectRefused({"format", "encode", "nf4", in, out, "--columns", "96"}, "blocks of 64, not 96");
  ExpectRefused({"format", "decode", "nf4", in, out, "--columns", "96"}, "blocks of 64, not 96");
  ExpectRefused({"format", "encode", "fp16", in, out, "--columns", "0"}, "--columns takes 1 to");
  ExpectRefused({"format", "decode", "fp16", in, out, "--columns", "99999999999"},
                "not 99999999999");
  ExpectRefused({"format", "encode", "awq_int4", in, out, "--columns", "128"},
                "multiple of 8, not 3");
  ExpectRefused({"format", "encode", "nf4", in, out, "--columns", "64", "--rows", "5"},
                "holds 6 rows of 64 columns, not 5");
}

TEST_F(FormatVerb, RefusesFilesThatAreNoWholeNumberOfRows) {
  const std::string out = Path("out");
  const std::string odd = Write("odd", std::string(100, 'x'));
  ExpectRefused({"format", "encode", "fp16", odd, out, "--columns", "8"},
                "100 bytes, which is no whole number of rows of 8 fp32 values (32 bytes each)");
  ExpectRefused({"format", "decode", "nf4", odd, out, "--columns", "64"}, "72 for 2, 108 for 3");
  ExpectRefused({"format", "decode", "int8", odd, out, "--columns", "200"}, "(204 for 1)");
  const std::string empty = Write("empty", "");
  ExpectRefused({"format", "encode", "fp16", empty, out, "--columns", "8"}, "is empty");
  ExpectRefused({"format", "decode", "fp16", empty, out, "--columns", "8"}, "is empty");
}

TEST_F(FormatVerb, SaysWhereAValueCannotBeEncoded) {
  const std::string in =
      WriteFloats("in", {1, 2, 3, 4, 5, std::numeric_limits<float>::quiet_NaN()});
  const std::string out = Write("out", "as it was");
  ExpectRefused({"format", "encode", "int8", in, out, "--columns", "3"}, "row 1, column 2");
  const std::string large = WriteFloats("large", {1, 70000});
  ExpectRefused({"format", "encode", "fp16", large, out, "--columns", "2"}, "row 0, column 1");
  EXPECT_EQ(Read(out), "as it was");
}

TEST_F(FormatVerb, SaysWhatItCannotReadOrWrite) {
  const std::string in = WriteFloats("in", {1, 2});
  ExpectRefused({"format", "encode", "fp32", in, Path("no/such/out"), "--columns", "2"},
                "cannot write " + Path("no/such/out"));
  ExpectRefused({"format", "encode", "fp32", in, folder_, "--columns", "2"}, "cannot write");
  const Outcome missing =
      Call({"format", "encode", "fp32", Path("nowhere"), Path("out"), "--columns", "2"});
  EXPECT_EQ(missing.exit_code, 3);
  EXPECT_THAT(missing.err, HasSubstr("nowhere"));
  EXPECT_EQ(Call({"format", "encode", "fp32", in, Path("out")}).exit_code, 2);
  EXPECT_EQ(Call({"format"}).exit_code, 2);
}

v1::DeviceDescription Device(const std::string& uid, bool supported) {
  v1::DeviceDescription device;
  device.mutable_device()->set_uid(uid);
  device.mutable_device()->set_device_class("class/" + uid);
  for (const char* kernel : {"dense", "fused"}) {
    v1::KernelSupport& entry = *device.add_support();
    entry.set_workload("linear");
    entry.set_format("nf4");
    entry.set_kernel(kernel);
    entry.set_supported(supported && entry.kernel() == "fused");
    if (!entry.supported()) entry.set_reason(std::string(kernel) + " needs sm_80");
  }
  return device;
}

TEST(FormatList, HoldsEveryFormatInEveryOutput) {
  const std::string table = FormatList({}, Output::kTable);
  const std::string csv = FormatList({}, Output::kCsv);
  const auto json = nlohmann::json::parse(FormatList({}, Output::kJson));
  const size_t count = formats::AllFormats().size();
  EXPECT_EQ(static_cast<size_t>(std::count(table.begin(), table.end(), '\n')), count + 1);
  EXPECT_EQ(static_cast<size_t>(std::count(csv.begin(), csv.end(), '\n')), count + 1);
  ASSERT_EQ(json["formats"].size(), count);
  for (size_t i = 0; i < count; ++i) {
    const formats::Format& format = *formats::AllFormats()[i];
    const auto& item = json["formats"][i];
    EXPECT_EQ(item["name"], format.name());
    EXPECT_EQ(item["bitsPerWeight"].get<double>() * 4096 * 4096 / 8,
              static_cast<double>(format.PackedBytes(4096, 4096)));
    EXPECT_EQ(item["source"], format.info().source);
    EXPECT_THAT(table, HasSubstr(std::string(format.info().title)));
  }
  EXPECT_THAT(table, Not(HasSubstr(" on ")));
}

TEST(FormatList, SaysWhatRunsWhereOrWhyNot) {
  const std::vector<v1::DeviceDescription> devices = {Device("gpu-a", true),
                                                      Device("gpu-b", false)};
  EXPECT_THAT(
      FormatList(devices, Output::kTable),
      AllOf(HasSubstr("on gpu-a"), HasSubstr("linear: fused  "),
            HasSubstr("linear: no (dense needs sm_80)"), HasSubstr("unknown to this engine")));
  EXPECT_THAT(FormatList(devices, Output::kCsv),
              AllOf(HasSubstr("gpu-a,class/gpu-a,linear,fused,true,\r\n"),
                    HasSubstr("gpu-b,class/gpu-b,linear,fused,false,fused needs sm_80\r\n")));
  const auto json = nlohmann::json::parse(FormatList(devices, Output::kJson));
  const auto nf4 = std::find_if(json["formats"].begin(), json["formats"].end(),
                                [](const auto& item) { return item["name"] == "nf4"; });
  ASSERT_NE(nf4, json["formats"].end());
  EXPECT_EQ((*nf4)["devices"][1]["support"][1]["reason"], "fused needs sm_80");
  EXPECT_EQ((*nf4)["devices"][0]["support"][1]["supported"], true);
}

TEST_F(FormatVerb, ListsOfflineAndWithoutAnEngine) {
  const Outcome offline = Call({"format", "list", "--offline"});
  EXPECT_EQ(offline.exit_code, 0);
  EXPECT_THAT(offline.err, IsEmpty());
  // No engine lies beside this test.
  const Outcome alone = Call({"format", "list", "--output", "csv"});
  EXPECT_EQ(alone.exit_code, 0);
  EXPECT_THAT(alone.err, HasSubstr("without devices: "));
  EXPECT_EQ(alone.out, FormatList({}, Output::kCsv));
}

}  // namespace
}  // namespace quantfleet::cli
