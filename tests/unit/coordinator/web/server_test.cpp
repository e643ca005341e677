// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/web/server.hpp"

#include <stdexcept>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <httplib.h>
#include <nlohmann/json.hpp>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/coordinator/web/fake_queries.hpp"
#include "web/page.hpp"

namespace quantfleet::web {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class WebServerTest : public ::testing::Test {
 protected:
  WebServerTest() {
    auto started = WebServer::Start({"127.0.0.1", 0}, &queries_);
    QF_CHECK(started.ok());
    server_ = *std::move(started);
  }

  httplib::Client Client() const { return httplib::Client("127.0.0.1", server_->port()); }

  // Sends bytes as they are and reads until the server closes.
  std::string Raw(const std::string& request) const {
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(server_->port());
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): the sockets API
    QF_CHECK(connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    QF_CHECK(send(fd, request.data(), request.size(), MSG_NOSIGNAL) ==
             static_cast<ssize_t>(request.size()));
    std::string response;
    char buffer[4096];
    for (ssize_t got = 0; (got = recv(fd, buffer, sizeof buffer, 0)) > 0;) {
      response.append(buffer, static_cast<size_t>(got));
    }
    close(fd);
    return response;
  }

  FakeQueries queries_;
  std::unique_ptr<WebServer> server_;
};

TEST_F(WebServerTest, ServesMetricsAsTextWhereThereAreAny) {
  EXPECT_EQ(Client().Get("/metrics")->status, 404);
  const auto with = WebServer::Start({"127.0.0.1", 0}, &queries_, [] { return "a 1\n"; });
  ASSERT_TRUE(with.ok());
  httplib::Client client("127.0.0.1", (*with)->port());
  const auto answer = client.Get("/metrics");
  EXPECT_EQ(answer->body, "a 1\n");
  EXPECT_EQ(answer->get_header_value("Content-Type"), "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_EQ(client.Get("/metrics", {{"Host", "evil.example"}})->status, 421);
}

TEST_F(WebServerTest, ServesThePageWithItsPolicy) {
  const auto response = Client().Get("/");
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(response->body, WebPage());
  EXPECT_EQ(response->get_header_value("Content-Type"), "text/html; charset=utf-8");
  EXPECT_EQ(response->get_header_value_count("Content-Security-Policy"), 1u);
  EXPECT_THAT(response->get_header_value("Content-Security-Policy"),
              HasSubstr("script-src 'sha256-"));
}

TEST_F(WebServerTest, EveryAnswerCarriesTheSecurityHeaders) {
  for (const char* path : {"/", "/healthz", "/api/v1/matrices", "/api/v1/fleet", "/nowhere"}) {
    const auto response = Client().Get(path);
    ASSERT_TRUE(response) << path;
    EXPECT_EQ(response->get_header_value("X-Content-Type-Options"), "nosniff") << path;
    EXPECT_EQ(response->get_header_value("Cache-Control"), "no-store") << path;
    EXPECT_EQ(response->get_header_value("X-Frame-Options"), "DENY") << path;
    EXPECT_THAT(response->get_header_value("Content-Security-Policy"),
                HasSubstr("frame-ancestors 'none'"))
        << path;
    EXPECT_FALSE(response->has_header("Access-Control-Allow-Origin")) << path;
  }
}

TEST_F(WebServerTest, AnswersTheApi) {
  const auto health = Client().Get("/healthz");
  ASSERT_TRUE(health);
  EXPECT_EQ(json::parse(health->body)["status"], "serving");
  const auto list = Client().Get("/api/v1/matrices?page_size=3&page_token=a%2Bb");
  ASSERT_TRUE(list);
  EXPECT_EQ(list->get_header_value("Content-Type"), "application/json");
  EXPECT_EQ(json::parse(list->body)["matrices"][0]["matrixId"], "mtx_1");
  EXPECT_EQ(queries_.list_request.page_token(), "a+b");
  const auto missing = Client().Get("/api/v1/matrices/mtx_2/comparison");
  ASSERT_TRUE(missing);
  EXPECT_EQ(missing->status, 404);
  EXPECT_EQ(json::parse(missing->body)["error"]["code"], "NOT_FOUND");
}

TEST_F(WebServerTest, ReadsOnly) {
  const auto posted = Client().Post("/api/v1/matrices", "{}", "application/json");
  ASSERT_TRUE(posted);
  EXPECT_EQ(posted->status, 405);
  EXPECT_EQ(posted->get_header_value("Allow"), "GET, HEAD");
  EXPECT_EQ(json::parse(posted->body)["error"]["code"], "UNIMPLEMENTED");
  const auto removed = Client().Delete("/api/v1/matrices/mtx_1");
  ASSERT_TRUE(removed);
  EXPECT_EQ(removed->status, 405);
  const auto head = Client().Head("/");
  ASSERT_TRUE(head);
  EXPECT_EQ(head->status, 200);
  EXPECT_TRUE(head->body.empty());
}

TEST_F(WebServerTest, ForeignHostNamesReadNothing) {
  for (const char* host : {"evil.example", "127.0.0.1.evil.example:7080", ""}) {
    const std::string response = Raw("GET /api/v1/matrices HTTP/1.1\r\nHost: " + std::string(host) +
                                     "\r\nConnection: close\r\n\r\n");
    EXPECT_THAT(response, StartsWith("HTTP/1.1 421 ")) << host;
    EXPECT_THAT(response, Not(HasSubstr("mtx_1"))) << host;
  }
  EXPECT_THAT(Raw("GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n"),
              StartsWith("HTTP/1.1 421 "));
  EXPECT_THAT(Raw("GET /healthz HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n"),
              StartsWith("HTTP/1.1 421 "));
  EXPECT_THAT(Raw("GET /healthz HTTP/1.1\r\nHost: localhost:1\r\n\r\n"),
              StartsWith("HTTP/1.1 200 "));
}

TEST_F(WebServerTest, RefusesWhatIsTooLongOrMalformed) {
  const std::string long_path(9000, 'a');
  const std::string uri = Raw("GET /" + long_path + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_THAT(uri, StartsWith("HTTP/1.1 414 "));
  EXPECT_THAT(uri, HasSubstr("\"error\""));
  EXPECT_THAT(uri, HasSubstr("nosniff"));
  EXPECT_THAT(Raw("GET / HTTP/1.1\r\nHost: localhost\r\nX: " + long_path + "\r\n\r\n"),
              StartsWith("HTTP/1.1 400 "));
  EXPECT_THAT(Raw("nonsense\r\n\r\n"), StartsWith("HTTP/1.1 400 "));
}

TEST_F(WebServerTest, AnUnreadBodyIsNotTheNextRequest) {
  const std::string body = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
  const std::string response =
      Raw("POST /api/v1/matrices HTTP/1.1\r\nHost: localhost\r\n"
          "Content-Length: " +
          std::to_string(body.size()) + "\r\n\r\n" + body);
  EXPECT_THAT(response, StartsWith("HTTP/1.1 405 "));
  EXPECT_THAT(response, Not(HasSubstr("serving")));
}

TEST_F(WebServerTest, AnExceptionBecomesAnError) {
  queries_.on_get = [] { throw std::runtime_error("secret"); };
  const auto response = Client().Get("/api/v1/matrices/mtx_1");
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 500);
  EXPECT_EQ(json::parse(response->body)["error"]["code"], "INTERNAL");
  EXPECT_THAT(response->body, Not(HasSubstr("secret")));
}

TEST_F(WebServerTest, ManyClientsAtOnceAreAllAnswered) {
  std::atomic<int> answered = 0;
  std::vector<std::thread> clients;
  clients.reserve(40);
  for (int i = 0; i < 40; ++i) {
    clients.emplace_back([&] {
      const auto response = Client().Get("/api/v1/matrices/mtx_1");
      if (response && response->status == 200) ++answered;
    });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(answered, 40);
}

TEST_F(WebServerTest, APortHasOneServer) {
  const auto second = WebServer::Start({"127.0.0.1", server_->port()}, &queries_);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.status().code(), StatusCode::kUnavailable);
  EXPECT_THAT(second.status().message(), HasSubstr(server_->Address()));
}

TEST_F(WebServerTest, StopsAndItsPortIsFreeAgain) {
  const uint16_t port = server_->port();
  server_->Stop();
  server_->Stop();
  EXPECT_FALSE(Client().Get("/healthz"));
  EXPECT_TRUE(WebServer::Start({"127.0.0.1", port}, &queries_).ok());
}

TEST(ParseEndpoint, TakesLoopbackOnly) {
  EXPECT_EQ(ParseEndpoint("127.0.0.1:7080")->port, 7080);
  EXPECT_EQ(ParseEndpoint("localhost:0")->host, "127.0.0.1");
  EXPECT_EQ(ParseEndpoint("[::1]:7080")->host, "::1");
  for (const char* text : {"", "7080", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:70800",
                           "127.0.0.1:-1", "0.0.0.0:7080", ":7080", "example.org:7080",
                           "10.0.0.1:80", "[::]:80", "::1:80", "localhost:1:2"}) {
    const auto endpoint = ParseEndpoint(text);
    ASSERT_FALSE(endpoint.ok()) << text;
    EXPECT_EQ(endpoint.status().code(), StatusCode::kInvalidArgument);
  }
}

}  // namespace
}  // namespace quantfleet::web
