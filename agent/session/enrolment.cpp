// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "agent/session/enrolment.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <ctime>
#include <utility>

#include <grpcpp/grpcpp.h>

#include "agent/session/backoff.hpp"
#include "agent/session/grpc_client.hpp"
#include "base/clock.hpp"
#include "base/logging.hpp"
#include "pki/files.hpp"
#include "pki/signing_request.hpp"

#include "quantfleet/v1/enrolment_service.grpc.pb.h"

namespace quantfleet::agent {
namespace {

constexpr auto kDeadline = std::chrono::seconds(20);
constexpr double kLeastRetrySeconds = 1;
constexpr double kMostRetrySeconds = 300;

// One call on a connection of its own.
template <typename Request, typename Response>
Result<Identity> Fetch(const std::string& folder, const std::string& address,
                       const Identity& identity, Request request,
                       grpc::Status (v1::EnrolmentService::Stub::*method)(grpc::ClientContext*,
                                                                          const Request&,
                                                                          Response*),
                       const std::stop_token& stop) {
  QF_ASSIGN_OR_RETURN(const std::string key, PendingKey(folder));
  QF_ASSIGN_OR_RETURN(*request.mutable_signing_request_pem(),
                      pki::MakeSigningRequest(key, "agent"));
  const auto stub = v1::EnrolmentService::NewStub(MakeChannel(address, &identity));
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kDeadline);
  const std::stop_callback cancel(stop, [&context] { context.TryCancel(); });
  Response response;
  const grpc::Status status = ((*stub).*method)(&context, request, &response);
  if (!status.ok()) {
    return Status(static_cast<StatusCode>(status.error_code()), status.error_message());
  }
  return AdoptCertificate(folder, response.certificate_pem(), response.authority_pem());
}

std::string Trimmed(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' '))
    text.pop_back();
  return text;
}

bool IsAway(StatusCode code) {
  return code == StatusCode::kUnavailable || code == StatusCode::kDeadlineExceeded ||
         code == StatusCode::kResourceExhausted;
}

}  // namespace

Result<Identity> ObtainIdentity(const EnrolmentOptions& options, const std::stop_token& stop) {
  QF_ASSIGN_OR_RETURN(const Identity present, LoadIdentity(options.folder));
  if (!present.NeedsEnrolment()) return present;
  if (options.token_file.empty()) {
    return FailedPrecondition(options.folder +
                              " has no certificate that is good now; make a token "
                              "with 'quantfleet token create NAME --role agent' and give "
                              "--enrol-token-file");
  }
  QF_ASSIGN_OR_RETURN(const std::string token, pki::ReadSecret(options.token_file));
  v1::EnrolRequest request;
  request.set_token(Trimmed(token));
  // Not the old certificate: with it the handshake would fail.
  Identity nobody;
  nobody.authority_pem = present.authority_pem;
  Backoff backoff;
  while (true) {
    auto enrolled = Fetch(options.folder, options.address, nobody, request,
                          &v1::EnrolmentService::Stub::Enrol, stop);
    if (enrolled.ok()) {
      log::Info("enrolled", {{"agent", enrolled->name}});
      return enrolled;
    }
    if (stop.stop_requested()) return Status(StatusCode::kCancelled, "stopped");
    if (!IsAway(enrolled.status().code())) return enrolled.status().WithContext("enrolment");
    log::Warning("cannot enrol yet", {{"reason", enrolled.status().message()}});
    if (!WaitFor(backoff.Next(), stop)) return Status(StatusCode::kCancelled, "stopped");
  }
}

double RenewalPause(double seconds_left, int failures_after_end) {
  if (failures_after_end <= 0) return std::max(seconds_left / 10, kLeastRetrySeconds);
  // Only somebody's hand helps now: a clock that is set, a new token.
  return std::min(kLeastRetrySeconds * std::exp2(std::min(failures_after_end, 30)),
                  kMostRetrySeconds);
}

Renewal::Renewal(std::string folder, std::string address, Identity identity,
                 std::function<void(const Identity&)> use)
    : folder_(std::move(folder)),
      address_(std::move(address)),
      identity_(std::move(identity)),
      use_(std::move(use)),
      thread_([this](const std::stop_token& stop) { Loop(stop); }) {}

void Renewal::Loop(const std::stop_token& stop) {
  double wait = static_cast<double>(identity_.RenewTime() - std::time(nullptr));
  int after_end = 0;
  while (WaitFor(FromSeconds(std::max(wait, kLeastRetrySeconds)), stop)) {
    auto renewed = Fetch(folder_, address_, identity_, v1::RenewCertificateRequest(),
                         &v1::EnrolmentService::Stub::RenewCertificate, stop);
    if (renewed.ok()) {
      identity_ = *std::move(renewed);
      use_(identity_);
      log::Info("certificate renewed", {{"agent", identity_.name}});
      after_end = 0;
      wait = static_cast<double>(identity_.RenewTime() - std::time(nullptr));
      continue;
    }
    const auto left = static_cast<double>(identity_.not_after - std::time(nullptr));
    after_end = left > 0 ? 0 : after_end + 1;
    wait = RenewalPause(left, after_end);
    log::Warning("the certificate is not renewed",
                 {{"reason", renewed.status().message()}, {"again_in_seconds", wait}});
  }
}

}  // namespace quantfleet::agent
