// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/engine/protocol/request_reader.hpp"

#include <array>
#include <cerrno>
#include <string_view>
#include <utility>

#include <poll.h>
#include <unistd.h>

#include "kernels/engine/protocol/server.hpp"

namespace quantfleet::engine {

RequestReader::RequestReader(int fd) {
  QF_CHECK(pipe(wake_pipe_) == 0);
  thread_ = std::thread([this, fd] { Loop(fd); });
}

RequestReader::~RequestReader() {
  close(wake_pipe_[1]);
  thread_.join();
  close(wake_pipe_[0]);
}

void RequestReader::Push(Item item) {
  const std::scoped_lock lock(mutex_);
  waiting_.push_back(std::move(item));
  changed_.notify_one();
}

void RequestReader::Accept(const std::string& line) {
  if (line.find_first_not_of(" \t\r") == std::string::npos) return;
  Item item = ParseRequest(line);
  if (item.ok() && std::holds_alternative<CancelRequest>(*item)) {
    const std::scoped_lock lock(mutex_);
    current_.request_stop();
    return;
  }
  Push(std::move(item));
}

void RequestReader::Loop(int fd) {
  std::array<char, 65536> chunk;
  std::string line;
  bool skipping = false;
  while (true) {
    std::array<pollfd, 2> wait = {pollfd{fd, POLLIN, 0}, pollfd{wake_pipe_[0], POLLIN, 0}};
    if (poll(wait.data(), wait.size(), -1) < 0 && errno == EINTR) continue;
    if (wait[1].revents != 0) break;
    const ssize_t count = read(fd, chunk.data(), chunk.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    std::string_view rest(chunk.data(), static_cast<size_t>(count));
    while (!rest.empty()) {
      const size_t end = rest.find('\n');
      if (!skipping) line.append(rest.substr(0, end));
      if (line.size() > kMostLineBytes) {
        Push(InvalidArgument("the line is longer than " + std::to_string(kMostLineBytes) +
                             " bytes"));
        line = {};
        skipping = true;
      }
      if (end == std::string_view::npos) break;
      if (!skipping) Accept(line);
      skipping = false;
      line.clear();
      rest.remove_prefix(end + 1);
    }
  }
  if (!skipping) Accept(line);
  const std::scoped_lock lock(mutex_);
  ended_ = true;
  changed_.notify_one();
}

std::optional<RequestReader::Taken> RequestReader::Take() {
  std::unique_lock lock(mutex_);
  // A cancel that comes between two requests is late for one and not meant for the other.
  current_ = std::stop_source(std::nostopstate);
  changed_.wait(lock, [this] { return ended_ || !waiting_.empty(); });
  if (waiting_.empty()) return std::nullopt;
  current_ = std::stop_source();
  Taken taken{std::move(waiting_.front()), current_.get_token()};
  waiting_.pop_front();
  return taken;
}

}  // namespace quantfleet::engine
