// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.hpp"
#include "kernels/engine/device.hpp"
#include "kernels/engine/operation.hpp"

namespace quantfleet::engine {

// A device with the operations registered for it. Operations hold the device, so they go first.
struct OpenedDevice {
  std::unique_ptr<Device> device;
  std::vector<std::unique_ptr<Operation>> operations;
};

// A family of devices. kernels/cpu and kernels/cuda each have one; main holds the list.
class Backend {
 public:
  virtual ~Backend() = default;
  // Selectors of the devices found on this host ("cpu"; "cuda:0", "cuda:1"). Empty if none: a
  // machine without a driver is not an error.
  virtual std::vector<std::string> Selectors() const = 0;
  // Opens the device of one of Selectors(). kNotFound if there is no such device.
  virtual Result<OpenedDevice> Open(std::string_view selector) = 0;
};

}  // namespace quantfleet::engine
