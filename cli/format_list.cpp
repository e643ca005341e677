// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "cli/format_list.hpp"

#include <cstdio>
#include <map>

#include <nlohmann/json.hpp>

#include "kernels/formats/format.hpp"

namespace quantfleet::cli {
namespace {

using formats::Format;
using formats::FormatInfo;
using Json = nlohmann::ordered_json;

constexpr uint64_t kSide = 4096;

double BitsPerWeight(const Format& format) {
  return 8.0 * static_cast<double>(format.PackedBytes(kSide, kSide)) /
         static_cast<double>(kSide * kSide);
}

std::string Number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.6g", value);
  return text;
}

std::string BlockText(uint32_t block) {
  if (block == 0) return "row";
  return block == 1 ? "none" : std::to_string(block);
}

// "linear: fused, reference", or "linear: no (why)"; more workloads follow after a semicolon.
std::string SupportText(const v1::DeviceDescription& device, std::string_view format) {
  struct Workload {
    std::string kernels;
    std::string reason;
  };
  std::map<std::string, Workload> workloads;
  for (const v1::KernelSupport& entry : device.support()) {
    if (entry.format() != format) continue;
    Workload& workload = workloads[entry.workload()];
    if (entry.supported()) {
      workload.kernels += (workload.kernels.empty() ? "" : ", ") + entry.kernel();
    } else if (workload.reason.empty()) {
      workload.reason = entry.reason();
    }
  }
  std::string text;
  for (const auto& [name, workload] : workloads) {
    text += (text.empty() ? "" : "; ") + name + ": " +
            (workload.kernels.empty() ? "no (" + workload.reason + ")" : workload.kernels);
  }
  return text.empty() ? "unknown to this engine" : text;
}

std::string AsTable(const std::vector<v1::DeviceDescription>& devices) {
  std::vector<std::string> header = {"name", "title", "bits", "block", "scales"};
  for (const auto& device : devices) header.push_back("on " + device.device().uid());
  header.emplace_back("source");
  Table table(header);
  for (const Format* format : formats::AllFormats()) {
    const FormatInfo& info = format->info();
    std::vector<std::string> cells = {std::string(info.name), std::string(info.title),
                                      Number(BitsPerWeight(*format)), BlockText(info.block),
                                      std::string(info.scales)};
    for (const auto& device : devices) cells.push_back(SupportText(device, info.name));
    cells.emplace_back(info.source);
    table.Add(cells);
  }
  return table.AsText();
}

// A line for each format, or for each of its kernels on each device.
std::string AsCsv(const std::vector<v1::DeviceDescription>& devices) {
  Table table({"name", "title", "bits_per_weight", "block", "scales", "relative_error", "source",
               "device", "device_class", "workload", "kernel", "supported", "reason"});
  for (const Format* format : formats::AllFormats()) {
    const FormatInfo& info = format->info();
    const std::vector<std::string> facts = {
        std::string(info.name),     std::string(info.title),  Number(BitsPerWeight(*format)),
        std::to_string(info.block), std::string(info.scales), Number(info.relative_error),
        std::string(info.source)};
    const auto add = [&](const std::vector<std::string>& support) {
      std::vector<std::string> cells = facts;
      cells.insert(cells.end(), support.begin(), support.end());
      table.Add(cells);
    };
    if (devices.empty()) add({"", "", "", "", "", ""});
    for (const auto& device : devices) {
      for (const v1::KernelSupport& entry : device.support()) {
        if (entry.format() != info.name) continue;
        add({device.device().uid(), device.device().device_class(), entry.workload(),
             entry.kernel(), entry.supported() ? "true" : "false", entry.reason()});
      }
    }
  }
  return table.AsCsv();
}

Json SupportJson(const v1::DeviceDescription& device, std::string_view format) {
  Json support = Json::array();
  for (const v1::KernelSupport& entry : device.support()) {
    if (entry.format() != format) continue;
    Json item = {{"workload", entry.workload()},
                 {"kernel", entry.kernel()},
                 {"supported", entry.supported()}};
    if (!entry.reason().empty()) item["reason"] = entry.reason();
    support.push_back(std::move(item));
  }
  return {{"uid", device.device().uid()},
          {"deviceClass", device.device().device_class()},
          {"support", std::move(support)}};
}

std::string AsJson(const std::vector<v1::DeviceDescription>& devices) {
  Json list = Json::array();
  for (const Format* format : formats::AllFormats()) {
    const FormatInfo& info = format->info();
    Json item = {{"name", info.name},
                 {"title", info.title},
                 {"bitsPerWeight", BitsPerWeight(*format)},
                 {"block", info.block},
                 {"scales", info.scales},
                 {"relativeError", info.relative_error},
                 {"source", info.source},
                 {"devices", Json::array()}};
    for (const auto& device : devices) item["devices"].push_back(SupportJson(device, info.name));
    list.push_back(std::move(item));
  }
  return Json{{"formats", std::move(list)}}.dump(1) + "\n";
}

}  // namespace

std::string FormatList(const std::vector<v1::DeviceDescription>& devices, Output output) {
  if (output == Output::kJson) return AsJson(devices);
  return output == Output::kCsv ? AsCsv(devices) : AsTable(devices);
}

}  // namespace quantfleet::cli
