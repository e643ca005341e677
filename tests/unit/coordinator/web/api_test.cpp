// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/web/api.hpp"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "tests/unit/coordinator/web/fake_queries.hpp"

namespace quantfleet::web {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

struct ErrorCase {
  Status status;
  int http;
  const char* code;
};

TEST(Api, StatusCodesBecomeHttpCodes) {
  const ErrorCase cases[] = {
      {InvalidArgument("x"), 400, "INVALID_ARGUMENT"},
      {NotFound("x"), 404, "NOT_FOUND"},
      {ResourceExhausted("x"), 429, "RESOURCE_EXHAUSTED"},
      {Internal("x"), 500, "INTERNAL"},
      {Unavailable("x"), 503, "UNAVAILABLE"},
      {DeadlineExceeded("x"), 504, "DEADLINE_EXCEEDED"},
      {Status(StatusCode::kPermissionDenied, "x"), 403, "PERMISSION_DENIED"},
      {Status(StatusCode::kUnauthenticated, "x"), 401, "UNAUTHENTICATED"},
  };
  for (const ErrorCase& one : cases) {
    FakeQueries queries;
    queries.failure = one.status;
    const ApiResponse response = Answer({"/api/v1/matrices", {}}, queries);
    EXPECT_EQ(response.status, one.http) << one.code;
    EXPECT_EQ(json::parse(response.body)["error"]["code"], one.code);
    EXPECT_EQ(json::parse(response.body)["error"]["message"], "x");
  }
}

TEST(Api, AnswersAreProtobufJson) {
  FakeQueries queries;
  const ApiResponse matrix = Answer({"/api/v1/matrices/mtx_1", {}}, queries);
  EXPECT_EQ(matrix.status, 200);
  EXPECT_EQ(json::parse(matrix.body), json({{"matrix",
                                             {{"matrixId", "mtx_1"},
                                              {"name", "quickstart"},
                                              {"state", "MATRIX_STATE_RUNNING"},
                                              {"version", "7"}}}}));
  const json compared =
      json::parse(Answer({"/api/v1/matrices/mtx_1/comparison", {}}, queries).body);
  EXPECT_EQ(compared["comparison"]["rows"][0]["ratio"]["ratio"], 0.5);
  const json fleet = json::parse(Answer({"/api/v1/fleet", {}}, queries).body);
  EXPECT_EQ(fleet["sessions"][0]["sessionId"], "ses_1");
}

TEST(Api, ParametersReachTheQuery) {
  FakeQueries queries;
  EXPECT_EQ(
      Answer({"/api/v1/matrices", {{"page_size", "25"}, {"page_token", "abc"}}}, queries).status,
      200);
  EXPECT_EQ(queries.list_request.page_size(), 25u);
  EXPECT_EQ(queries.list_request.page_token(), "abc");
  EXPECT_EQ(Answer({"/api/v1/fleet", {{"include_ended", "true"}}}, queries).status, 200);
  EXPECT_TRUE(queries.sessions_request.include_ended());
}

TEST(Api, BadParametersAreNamed) {
  FakeQueries queries;
  for (const char* size : {"-1", "501", "1e3", "x", "99999999999"}) {
    EXPECT_EQ(Answer({"/api/v1/matrices", {{"page_size", size}}}, queries).status, 400) << size;
  }
  EXPECT_EQ(Answer({"/api/v1/fleet", {{"include_ended", "yes"}}}, queries).status, 400);
  const ApiResponse unknown = Answer({"/api/v1/matrices", {{"pagesize", "1"}}}, queries);
  EXPECT_EQ(unknown.status, 400);
  EXPECT_THAT(unknown.body, HasSubstr("pagesize"));
}

TEST(Api, UnknownPathsAndIdsAreNotFound) {
  FakeQueries queries;
  const std::string paths[] = {"",
                               "/api",
                               "/api/v1/matrices/",
                               "/api/v1/matricesx",
                               "/api/v1/matrices/mtx_2",
                               "/api/v1/matrices/mtx_1/",
                               "/api/v1/matrices/mtx_1/other",
                               "/api/v1/matrices/mtx_1/comparison/x",
                               "/api/v1/matrices/../fleet",
                               "/api/v1/matrices/a b",
                               "/api/v1/matrices/" + std::string(200, 'a')};
  for (const std::string& path : paths) {
    EXPECT_EQ(Answer({path, {}}, queries).status, 404) << path;
  }
}

TEST(Api, HostileTextStaysJsonText) {
  FakeQueries queries;
  queries.name = "\"}<script>alert(1)</script>\n";
  const ApiResponse response = Answer({"/api/v1/matrices/mtx_1", {}}, queries);
  EXPECT_EQ(json::parse(response.body)["matrix"]["name"], queries.name);
  queries.failure = NotFound("bytes that are not UTF-8: \xff\xfe \"quoted\"");
  const ApiResponse error = Answer({"/api/v1/matrices", {}}, queries);
  EXPECT_THAT(json::parse(error.body)["error"]["message"].get<std::string>(),
              HasSubstr("\"quoted\""));
}

TEST(IsLoopbackHost, TakesThisMachineOnly) {
  for (const char* host : {"localhost", "localhost:7080", "127.0.0.1", "127.0.0.1:7080",
                           "127.8.9.1:1", "[::1]", "[::1]:7080"}) {
    EXPECT_TRUE(IsLoopbackHost(host)) << host;
  }
  for (const char* host :
       {"", ":80", "evil.example", "evil.example:7080", "localhost.evil.example",
        "127.0.0.1.evil.example", "10.0.0.1", "0.0.0.0", "[::]", "[::1", "[::1]x", "localhost:80x",
        "localhost:123456", "127.1", "localhost@evil.example"}) {
    EXPECT_FALSE(IsLoopbackHost(host)) << host;
  }
}

}  // namespace
}  // namespace quantfleet::web
