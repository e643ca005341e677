// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>

#include "base/status.hpp"
#include "kernels/engine/protocol/json_codec.hpp"

namespace quantfleet::engine {

// Reads lines from a file descriptor on a thread of its own and keeps them until they are taken. A
// cancel is never kept: it stops the request being carried out, if there is one.
class RequestReader {
 public:
  // `fd` is not closed.
  explicit RequestReader(int fd);
  // Ends the thread, also while it waits for input.
  ~RequestReader();
  RequestReader(const RequestReader&) = delete;
  RequestReader& operator=(const RequestReader&) = delete;

  // A request or what was wrong with its line.
  using Item = Result<EngineRequest>;
  // The next one, with the token that a later cancel triggers; waits. Nothing at the end of input.
  // Taking one finishes the one before.
  struct Taken {
    Item item;
    std::stop_token stop;
  };
  std::optional<Taken> Take();

 private:
  void Loop(int fd);
  void Accept(const std::string& line);
  void Push(Item item);

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Item> waiting_;
  bool ended_ = false;
  // Of the request being carried out.
  std::stop_source current_;
  int wake_pipe_[2] = {-1, -1};
  std::thread thread_;
};

}  // namespace quantfleet::engine
