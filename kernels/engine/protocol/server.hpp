// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/status.hpp"
#include "kernels/engine/backend.hpp"
#include "kernels/engine/protocol/json_codec.hpp"

namespace quantfleet::engine {

// Longest line that is read; a longer one is answered with an error and skipped. Bytes.
inline constexpr size_t kMostLineBytes = size_t{16} << 20;

// Speaks the engine's protocol over two file descriptors: a thread of its own reads requests, so
// that a cancel is seen while a block runs; Serve's thread carries them out one after the other.
// Each request but cancel ends with one done or one error; cancel has no answer of its own: it ends
// the running block, whose done says so.
class Server {
 public:
  // `selector` of the device to use; empty: describe lists every device, calibrate and run take the
  // first one. Everything outlives the server.
  Server(std::vector<std::unique_ptr<Backend>>& backends, std::string selector, Clock* clock);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Returns when the input has ended and all requests are answered, or when nobody reads the output
  // any more. kNotFound if the selected device does not exist.
  Status Serve(int input, int output);

 private:
  // Writes one line; false when the reader is gone.
  bool Send(const EngineEvent& event);
  Result<DeviceDescription> DescribeDevice(const std::string& selector, bool with_support);
  Status Describe(const DescribeRequest& request);
  Status Calibrate(const CalibrateRequest& request, const std::stop_token& stop);
  Status Run(const RunRequest& request, const std::stop_token& stop);
  Status Handle(const EngineRequest& request, const std::stop_token& stop);
  Result<OpenedDevice*> Open();
  Result<OpenedDevice> OpenSelector(const std::string& selector);

  std::vector<std::unique_ptr<Backend>>& backends_;
  const std::string selector_;
  Clock* clock_;
  std::unique_ptr<OpenedDevice> opened_;
  std::string digest_;
  int output_ = -1;
  bool output_gone_ = false;
};

}  // namespace quantfleet::engine
