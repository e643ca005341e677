// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/web/server.hpp"

#include <atomic>
#include <charconv>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include <httplib.h>
#include <sys/socket.h>

#include "coordinator/web/api.hpp"
#include "web/page.hpp"

namespace quantfleet::web {
namespace {

constexpr size_t kThreads = 4;
constexpr size_t kQueued = 16;
constexpr time_t kReadSeconds = 5;
constexpr time_t kWriteSeconds = 10;

// A fixed number of threads and a bounded queue. A full queue blocks the accepting thread, so that
// what is too much waits in the kernel's backlog; the library's own pool queues without bound.
class BoundedPool : public httplib::TaskQueue {
 public:
  BoundedPool() {
    for (size_t i = 0; i < kThreads; ++i) threads_.emplace_back([this] { Work(); });
  }

  void enqueue(std::function<void()> task) override {
    std::unique_lock lock(mutex_);
    room_.wait(lock, [this] { return tasks_.size() < kQueued; });
    tasks_.push_back(std::move(task));
    work_.notify_one();
  }

  void shutdown() override {
    {
      std::lock_guard lock(mutex_);
      ending_ = true;
    }
    work_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }

 private:
  void Work() {
    for (;;) {
      std::function<void()> task;
      {
        std::unique_lock lock(mutex_);
        work_.wait(lock, [this] { return ending_ || !tasks_.empty(); });
        if (tasks_.empty()) return;
        task = std::move(tasks_.front());
        tasks_.pop_front();
      }
      room_.notify_one();
      task();
    }
  }

  std::mutex mutex_;
  std::condition_variable work_;
  std::condition_variable room_;
  std::deque<std::function<void()>> tasks_;
  bool ending_ = false;
  std::vector<std::thread> threads_;
};

void Put(const ApiResponse& answer, httplib::Response& response) {
  response.status = answer.status;
  response.set_content(answer.body, "application/json");
}

void PutPage(httplib::Response& response) {
  response.status = 200;
  response.headers.erase("Content-Security-Policy");
  response.set_header("Content-Security-Policy",
                      std::string(WebPagePolicy()) + "; frame-ancestors 'none'");
  const std::string_view page = WebPage();
  response.set_content(page.data(), page.size(), "text/html; charset=utf-8");
}

void Serve(const httplib::Request& request, httplib::Response& response, WebQueries& queries,
           const MetricsText& metrics) {
  if (request.get_header_value_count("Host") != 1 ||
      !IsLoopbackHost(request.get_header_value("Host"))) {
    return Put(ErrorResponse(421, "FAILED_PRECONDITION",
                             "this server answers to localhost and loopback addresses only"),
               response);
  }
  if (request.method != "GET" && request.method != "HEAD") {
    response.set_header("Allow", "GET, HEAD");
    return Put(ErrorResponse(405, "UNIMPLEMENTED", "only GET and HEAD"), response);
  }
  if (request.path == "/") return PutPage(response);
  if (request.path == "/metrics" && metrics) {
    response.status = 200;
    return response.set_content(metrics(), "text/plain; version=0.0.4; charset=utf-8");
  }
  ApiRequest api{request.path, {}};
  for (const auto& [name, value] : request.params) api.query.insert_or_assign(name, value);
  Put(Answer(api, queries), response);
}

std::string_view CodeOfHttp(int status) {
  if (status == 404) return "NOT_FOUND";
  return status < 500 ? "INVALID_ARGUMENT" : "INTERNAL";
}

void Configure(httplib::Server& server, WebQueries* queries, MetricsText metrics) {
  server.new_task_queue = [] { return new BoundedPool; };  // the library deletes it
  // The library's default adds SO_REUSEPORT, with which two coordinators would share a port.
  server.set_socket_options([](socket_t socket) {
    const int on = 1;
    setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  });
  server.set_read_timeout(kReadSeconds);
  server.set_write_timeout(kWriteSeconds);
  // One request a connection: an idle browser holds no thread, and a body that nobody reads cannot
  // be taken for the next request.
  server.set_keep_alive_max_count(1);
  server.set_default_headers(
      {{"Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"},
       {"X-Content-Type-Options", "nosniff"},
       {"X-Frame-Options", "DENY"},
       {"Referrer-Policy", "no-referrer"},
       {"Cross-Origin-Resource-Policy", "same-origin"},
       {"Cache-Control", "no-store"}});
  // All routing is ours: the library's goes through std::regex, which recurses with the path's
  // length.
  server.set_pre_routing_handler(
      [queries, metrics = std::move(metrics)](const auto& request, auto& response) {
        Serve(request, response, *queries, metrics);
        return httplib::Server::HandlerResponse::Handled;
      });
  // What the library itself refuses: a malformed or too long request.
  server.set_error_handler([](const auto&, auto& response) {
    if (!response.body.empty()) return;
    Put(ErrorResponse(response.status, CodeOfHttp(response.status), "the request was refused"),
        response);
  });
  server.set_exception_handler([](const auto&, auto& response, const std::exception_ptr&) {
    Put(ErrorResponse(Internal("the request failed")), response);
  });
}

}  // namespace

Result<Endpoint> ParseEndpoint(std::string_view text) {
  const Status bad = InvalidArgument("'" + std::string(text) +
                                     "' is not a loopback host and port such as 127.0.0.1:7080");
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon + 1 == text.size()) return bad;
  const std::string_view host = text.substr(0, colon);
  const std::string_view digits = text.substr(colon + 1);
  Endpoint endpoint;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), endpoint.port);
  if (error != std::errc() || end != digits.data() + digits.size()) return bad;
  if (!IsLoopbackHost(host)) return bad;
  if (host.find(':') != std::string_view::npos && host != "[::1]") return bad;
  if (host == "localhost") {
    endpoint.host = "127.0.0.1";
  } else if (host == "[::1]") {
    endpoint.host = "::1";
  } else {
    endpoint.host = host;
  }
  return endpoint;
}

class WebServer::Impl {
 public:
  Impl(Endpoint endpoint, WebQueries* queries, MetricsText metrics)
      : endpoint_(std::move(endpoint)) {
    Configure(server_, queries, std::move(metrics));
  }

  Status Start() {
    if (endpoint_.port == 0) {
      const int port = server_.bind_to_any_port(endpoint_.host);
      if (port <= 0) return Unavailable("cannot listen on " + endpoint_.host);
      endpoint_.port = static_cast<uint16_t>(port);
    } else if (!server_.bind_to_port(endpoint_.host, endpoint_.port)) {
      return Unavailable("cannot listen on " + Address() + "; is the port taken?");
    }
    thread_ = std::thread([this] {
      server_.listen_after_bind();
      ended_ = true;
    });
    // Stop() is without effect before the loop runs.
    while (!server_.is_running() && !ended_) std::this_thread::yield();
    return OkStatus();
  }

  void Stop() {
    if (!thread_.joinable()) return;
    server_.stop();
    thread_.join();
  }

  uint16_t port() const { return endpoint_.port; }

  std::string Address() const {
    const bool is_v6 = endpoint_.host.find(':') != std::string::npos;
    return (is_v6 ? "[" + endpoint_.host + "]" : endpoint_.host) + ":" +
           std::to_string(endpoint_.port);
  }

 private:
  Endpoint endpoint_;
  httplib::Server server_;
  std::atomic<bool> ended_ = false;
  std::thread thread_;
};

WebServer::WebServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

WebServer::~WebServer() {
  Stop();
}

Result<std::unique_ptr<WebServer>> WebServer::Start(const Endpoint& endpoint, WebQueries* queries,
                                                    MetricsText metrics) {
  auto impl = std::make_unique<Impl>(endpoint, queries, std::move(metrics));
  QF_RETURN_IF_ERROR(impl->Start());
  return std::unique_ptr<WebServer>(new WebServer(std::move(impl)));
}

uint16_t WebServer::port() const {
  return impl_->port();
}

std::string WebServer::Address() const {
  return impl_->Address();
}

void WebServer::Stop() {
  impl_->Stop();
}

}  // namespace quantfleet::web
