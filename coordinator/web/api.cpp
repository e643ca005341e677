// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/web/api.hpp"

#include <algorithm>
#include <charconv>
#include <initializer_list>

#include <arpa/inet.h>
#include <google/protobuf/util/json_util.h>
#include <nlohmann/json.hpp>

namespace quantfleet::web {
namespace {

constexpr std::string_view kMatrices = "/api/v1/matrices";
constexpr size_t kMaxIdBytes = 128;

int HttpStatus(StatusCode code) {
  switch (code) {
    case StatusCode::kInvalidArgument:
    case StatusCode::kFailedPrecondition:
    case StatusCode::kOutOfRange:
      return 400;
    case StatusCode::kUnauthenticated:
      return 401;
    case StatusCode::kPermissionDenied:
      return 403;
    case StatusCode::kNotFound:
      return 404;
    case StatusCode::kAlreadyExists:
    case StatusCode::kAborted:
      return 409;
    case StatusCode::kResourceExhausted:
      return 429;
    case StatusCode::kUnimplemented:
      return 501;
    case StatusCode::kUnavailable:
      return 503;
    case StatusCode::kDeadlineExceeded:
      return 504;
    default:
      return 500;
  }
}

template <typename Message>
ApiResponse JsonResponse(const Result<Message>& result) {
  if (!result.ok()) return ErrorResponse(result.status());
  ApiResponse response;
  const auto status = google::protobuf::util::MessageToJsonString(*result, &response.body);
  if (!status.ok()) return ErrorResponse(Internal("JSON: " + status.ToString()));
  return response;
}

// Unknown parameters are errors, as unknown keys are everywhere else.
Status CheckParameters(const ApiRequest& request, std::initializer_list<std::string_view> known) {
  for (const auto& [name, value] : request.query) {
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      return InvalidArgument("unknown parameter '" + name + "'");
    }
  }
  return OkStatus();
}

std::string Parameter(const ApiRequest& request, const std::string& name) {
  const auto found = request.query.find(name);
  return found == request.query.end() ? "" : found->second;
}

ApiResponse ListMatrices(const ApiRequest& request, WebQueries& queries) {
  if (Status known = CheckParameters(request, {"page_size", "page_token"}); !known.ok()) {
    return ErrorResponse(known);
  }
  v1::ListMatricesRequest list;
  list.set_page_token(Parameter(request, "page_token"));
  if (const std::string text = Parameter(request, "page_size"); !text.empty()) {
    uint32_t size = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), size);
    if (error != std::errc() || end != text.data() + text.size() || size > 500) {
      return ErrorResponse(InvalidArgument("page_size must be a number from 0 to 500"));
    }
    list.set_page_size(size);
  }
  return JsonResponse(queries.ListMatrices(list));
}

ApiResponse ListSessions(const ApiRequest& request, WebQueries& queries) {
  if (Status known = CheckParameters(request, {"include_ended"}); !known.ok()) {
    return ErrorResponse(known);
  }
  const std::string include_ended = Parameter(request, "include_ended");
  if (!include_ended.empty() && include_ended != "true" && include_ended != "false") {
    return ErrorResponse(InvalidArgument("include_ended must be true or false"));
  }
  v1::ListSessionsRequest list;
  list.set_include_ended(include_ended == "true");
  return JsonResponse(queries.ListSessions(list));
}

bool IsId(std::string_view text) {
  return !text.empty() && text.size() <= kMaxIdBytes &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                  c == '_' || c == '-';
         });
}

ApiResponse NoSuchPath() {
  return ErrorResponse(NotFound("no such path; see /api/v1/matrices and /api/v1/fleet"));
}

// `rest` is what follows "/api/v1/matrices/".
ApiResponse OneMatrix(const ApiRequest& request, std::string_view rest, WebQueries& queries) {
  if (Status known = CheckParameters(request, {}); !known.ok()) return ErrorResponse(known);
  const size_t slash = std::min(rest.find('/'), rest.size());
  const std::string id(rest.substr(0, slash));
  const std::string_view tail = rest.substr(slash);
  if (!IsId(id)) return ErrorResponse(NotFound("no such matrix"));
  if (tail.empty()) {
    v1::GetMatrixRequest get;
    get.set_matrix_id(id);
    return JsonResponse(queries.GetMatrix(get));
  }
  if (tail != "/comparison") return NoSuchPath();
  v1::CompareMatrixRequest compare;
  compare.set_matrix_id(id);
  return JsonResponse(queries.CompareMatrix(compare));
}

}  // namespace

ApiResponse Answer(const ApiRequest& request, WebQueries& queries) {
  const std::string_view path = request.path;
  if (path == "/healthz") return {200, R"({"status":"serving"})"};
  if (path == kMatrices) return ListMatrices(request, queries);
  if (path == "/api/v1/fleet") return ListSessions(request, queries);
  if (path.starts_with(kMatrices) && path.substr(kMatrices.size()).starts_with('/')) {
    return OneMatrix(request, path.substr(kMatrices.size() + 1), queries);
  }
  return NoSuchPath();
}

ApiResponse ErrorResponse(int http_status, std::string_view code, std::string_view message) {
  const nlohmann::json body = {{"error", {{"code", code}, {"message", message}}}};
  // Messages can quote what a client sent, which need not be UTF-8.
  return {http_status, body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)};
}

ApiResponse ErrorResponse(const Status& status) {
  return ErrorResponse(HttpStatus(status.code()), StatusCodeName(status.code()), status.message());
}

bool IsLoopbackHost(std::string_view host) {
  // The colon of the port; those of "[::1]" do not count.
  const size_t bracket = host.starts_with('[') ? host.find(']') : 0;
  if (bracket == std::string_view::npos) return false;
  const size_t colon = std::min(host.find(':', bracket), host.size());
  const std::string_view name = host.substr(0, colon);
  if (const std::string_view port = host.substr(colon); !port.empty()) {
    const bool digits =
        std::all_of(port.begin() + 1, port.end(), [](char c) { return c >= '0' && c <= '9'; });
    if (!digits || port.size() > 6) return false;
  }
  if (name == "localhost" || name == "[::1]") return true;
  in_addr address{};
  return inet_pton(AF_INET, std::string(name).c_str(), &address) == 1 &&
         ntohl(address.s_addr) >> 24 == 127;
}

}  // namespace quantfleet::web
