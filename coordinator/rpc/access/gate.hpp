// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include <grpcpp/support/server_callback.h>

#include "base/status.hpp"
#include "coordinator/access/rate_limiter.hpp"
#include "coordinator/access/role.hpp"
#include "coordinator/postgres/access/quota.hpp"
#include "coordinator/postgres/connection.hpp"
#include "coordinator/rpc/access/certificate_check.hpp"

namespace google::protobuf {
class Message;
}

namespace quantfleet::rpc {

// How much a caller may ask for. Rates are calls a second, with so many at once.
struct AccessLimits {
  double person_rate = 50, person_burst = 500;
  double agent_rate = 1000, agent_burst = 2000;
  // Calls without a good credential, from one address.
  double failure_rate = 1, failure_burst = 30;
  // At a time; the others wait at the caller's. An agent has two or three, a proxy in front of a
  // fleet carries more.
  int calls_per_connection = 1024;
  // Of principals whose row says nothing else.
  postgres::Quota quota = {100, 1'000'000};
};

// Who calls.
struct Caller {
  access::Actor actor;
  // True if a credential proved it; false for this machine's own people and agents on a loopback
  // port without TLS, and for whoever enrols.
  bool verified = false;
  // Of a certificate that a coordinator signed; empty for any other.
  std::string enrolled_serial = {};

  // What quota applies; none for whoever owns the machine.
  std::optional<postgres::Quota> QuotaOf(const AccessLimits& limits) const;
};

// Asks every call who it is and whether it may, by access::MethodRules. Thread-safe.
class Gate {
 public:
  // Without `files` the port has no TLS: people need a token once there is one, agents nothing.
  Gate(const std::optional<TlsFiles>& files, const AccessLimits& limits);

  // kUnauthenticated: no credential, or none that is good now. kPermissionDenied: its role is not
  // enough. kResourceExhausted: too many calls, or too large a one.
  Result<Caller> Admit(postgres::Connection& db, const grpc::CallbackServerContext& context,
                       const google::protobuf::Message& request);
  // A secret inside a request was wrong.
  void NoteFailure(const Caller& caller) { failures_.Take(caller.actor.peer); }

  // Null without TLS.
  const TlsFiles* tls() const { return files_ ? &*files_ : nullptr; }
  const AccessLimits& limits() const { return limits_; }

 private:
  // Of a call whose rule wants somebody.
  Result<Caller> Identify(postgres::Connection& db, const grpc::CallbackServerContext& context,
                          const std::string& peer, bool for_agents);
  Result<Caller> ByCertificate(postgres::Connection& db, const std::string& pem,
                               const std::string& peer);
  Result<Caller> ByToken(postgres::Connection& db, const std::string& header,
                         const std::string& peer);
  Status CheckEnrolled(postgres::Connection& db, const std::string& serial);

  const std::optional<TlsFiles> files_;
  const AccessLimits limits_;
  std::unique_ptr<CertificateCheck> certificates_;
  access::RateLimiter people_, agents_, failures_;
  std::mutex mutex_;
  std::map<std::string, Duration> good_until_;  // serials the database called good
};

}  // namespace quantfleet::rpc
