// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/rpc/observe/call_observer.hpp"

#include <iterator>
#include <map>
#include <string_view>

#include <grpcpp/server_context.h>

#include "base/ids.hpp"
#include "base/logging.hpp"
#include "coordinator/access/method_table.hpp"
#include "coordinator/access/role.hpp"
#include "coordinator/access/secret.hpp"

namespace quantfleet::rpc {
namespace {

using grpc::experimental::InterceptionHookPoints;
using grpc::experimental::InterceptorBatchMethods;

constexpr std::string_view kReport = "AgentService/Report";
constexpr const char* kHeader = "x-request-id";
constexpr Duration kSlow = std::chrono::seconds(1);
// Long polls may last 25 s (see agent_service.proto).
constexpr Duration kSlowPoll = std::chrono::seconds(30);
constexpr double kLinesASecond = 5, kLinesAtOnce = 50;
constexpr size_t kMostMethods = 1000;

// "AgentService/Sync".
std::string_view ShortName(std::string_view method) {
  const size_t slash = method.rfind('/');
  const size_t dot = slash == std::string_view::npos ? slash : method.rfind('.', slash);
  return method.substr(dot == std::string_view::npos ? 0 : dot + 1);
}

bool IsLongPoll(std::string_view name) {
  return name == "AgentService/Sync" || name == "MatrixService/GetMatrix" || name == "Health/Watch";
}

// Puts one sane id into the metadata, in place of whatever the caller sent.
void Settle(std::multimap<grpc::string_ref, grpc::string_ref>* metadata, std::string* id) {
  const auto [begin, end] = metadata->equal_range(kHeader);
  if (begin != end && std::next(begin) == end) {
    const std::string sent(begin->second.data(), begin->second.size());
    if (access::IsName(sent) && access::HashOfSecret(sent).empty()) *id = sent;
  }
  if (id->empty()) *id = RandomId("req_");
  metadata->erase(begin, end);
  metadata->emplace(kHeader, grpc::string_ref(id->data(), id->size()));
}

class Interceptor final : public grpc::experimental::Interceptor {
 public:
  Interceptor(CallObserver* observer, grpc::experimental::ServerRpcInfo* info)
      : observer_(observer), info_(info), begin_(Clock::Steady()->Now()) {}

  void Intercept(InterceptorBatchMethods* methods) override {
    if (methods->QueryInterceptionHookPoint(InterceptionHookPoints::POST_RECV_INITIAL_METADATA)) {
      Settle(methods->GetRecvInitialMetadata(), &id_);
    }
    const bool answers =
        methods->QueryInterceptionHookPoint(InterceptionHookPoints::PRE_SEND_MESSAGE);
    if (answers && ShortName(info_->method()) == kReport) {
      const auto* response = static_cast<const v1::ReportResponse*>(methods->GetSendMessage());
      if (response != nullptr) observer_->NoteVerdicts(*response);
    }
    if (methods->QueryInterceptionHookPoint(InterceptionHookPoints::PRE_SEND_STATUS)) {
      const grpc::Status status = methods->GetSendStatus();
      if (!status.ok()) methods->GetSendTrailingMetadata()->emplace(kHeader, id_);
      observer_->Note(info_->method(), id_, *info_->server_context(), status,
                      Clock::Steady()->Now() - begin_);
    }
    methods->Proceed();
  }

 private:
  CallObserver* const observer_;
  grpc::experimental::ServerRpcInfo* const info_;
  const Duration begin_;
  std::string id_;  // the metadata points at it; lives as long as the call
};

void Log(StatusCode code, std::string_view message, log::Fields fields) {
  switch (code) {
    case StatusCode::kUnknown:
    case StatusCode::kInternal:
    case StatusCode::kDataLoss:
      return log::Error(message, fields);
    case StatusCode::kUnavailable:
    case StatusCode::kResourceExhausted:
    case StatusCode::kDeadlineExceeded:
    case StatusCode::kPermissionDenied:
    case StatusCode::kUnauthenticated:
      return log::Warning(message, fields);
    default:
      return log::Info(message, fields);
  }
}

}  // namespace

CallObserver::CallObserver(metrics::Metrics* metrics)
    : metrics_(metrics), lines_(kLinesASecond, kLinesAtOnce, kMostMethods, Clock::Steady()) {
  if (metrics_ == nullptr) return;
  for (const access::MethodRule& rule : access::MethodRules()) {
    metrics_->AddMethod(ShortName(rule.method));
  }
}

grpc::experimental::Interceptor* CallObserver::CreateServerInterceptor(
    grpc::experimental::ServerRpcInfo* info) {
  return new Interceptor(this, info);
}

void CallObserver::Note(std::string_view method, const std::string& request_id,
                        const grpc::ServerContextBase& context, const grpc::Status& status,
                        Duration took) {
  const std::string_view name = ShortName(method);
  const auto code = static_cast<StatusCode>(status.error_code());
  if (metrics_ != nullptr) metrics_->CountCall(name, code, took);
  const bool slow = took > (IsLongPoll(name) ? kSlowPoll : kSlow);
  // Who hung up knows.
  const bool failed = !status.ok() && code != StatusCode::kCancelled;
  if (!slow && !failed) return;
  if (!lines_.Take(std::string(name))) return;
  Log(code, failed ? "call failed" : "call was slow",
      {{"request", request_id},
       {"method", name},
       {"code", StatusCodeName(code)},
       {"seconds", ToSeconds(took)},
       {"peer", context.peer()},
       {"reason", status.error_message()}});
}

void CallObserver::NoteVerdicts(const v1::ReportResponse& response) {
  if (metrics_ == nullptr) return;
  constexpr std::string_view kPrefix = "DISPOSITION_";
  for (const v1::ReportVerdict& verdict : response.verdicts()) {
    const std::string& name = v1::Disposition_Name(verdict.disposition());
    metrics_->CountVerdict(name.empty() ? "UNKNOWN" : name.substr(kPrefix.size()));
  }
}

std::string RequestIdOf(const grpc::CallbackServerContext& context) {
  const auto found = context.client_metadata().find(kHeader);
  if (found == context.client_metadata().end()) return "";
  return {found->second.data(), found->second.size()};
}

}  // namespace quantfleet::rpc
