// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include <cstdio>

#include "agent/executor/engine_process.hpp"
#include "cli/format_list.hpp"
#include "cli/verbs/verbs.hpp"

namespace quantfleet::cli {
namespace {

// What this machine's engine says of its devices.
Result<std::vector<v1::DeviceDescription>> DescribeDevices() {
  QF_ASSIGN_OR_RETURN(const auto engine,
                      agent::EngineProcess::Start({agent::DefaultEngineProgram(), "", 0}));
  QF_ASSIGN_OR_RETURN(const v1::Description description, engine->Describe());
  return std::vector(description.devices().begin(), description.devices().end());
}

}  // namespace

int ListFormats(const Common& common, bool offline) {
  std::vector<v1::DeviceDescription> devices;
  if (!offline) {
    auto described = DescribeDevices();
    if (described.ok()) {
      devices = *std::move(described);
    } else {
      std::fprintf(stderr, "without devices: %s\n", described.status().message().c_str());
    }
  }
  Print(FormatList(devices, common.output));
  return 0;
}

int EncodeWeights(const FormatFiles& files) {
  const Status status = EncodeFile(files);
  return status.ok() ? 0 : Fail(status);
}

int DecodeWeights(const FormatFiles& files) {
  const Status status = DecodeFile(files);
  return status.ok() ? 0 : Fail(status);
}

}  // namespace quantfleet::cli
