// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <grpcpp/grpcpp.h>

#include "coordinator/postgres/access/token_store.hpp"
#include "coordinator/rpc/server.hpp"
#include "pki/issuer.hpp"
#include "pki/revocation.hpp"
#include "pki/signing_request.hpp"

namespace quantfleet::testing {

// Two authorities as `quantfleet pki init` makes them, and what they sign.
struct Authorities {
  pki::Issuer root = *pki::MakeAuthority("test CA", pki::kDaySeconds, nullptr);
  pki::Issuer agents = *pki::MakeAuthority("test agents CA", pki::kDaySeconds, &root);
};

struct KeyPair {
  std::string key;
  std::string certificate;
};
KeyPair IssueBy(const pki::Issuer& issuer, const std::string& role, const std::string& name,
                int64_t valid_seconds = 3600);

// A coordinator with TLS on two ports of 127.0.0.1, over a database of its own.
class SecureCoordinator {
 public:
  explicit SecureCoordinator(const rpc::AccessLimits& limits = Generous());
  ~SecureCoordinator();

  // Nobody is slowed down but where a test asks for it.
  static rpc::AccessLimits Generous();

  // Channels to the port of people, or of agents; null: no certificate.
  std::shared_ptr<grpc::Channel> Connect(const KeyPair* identity, bool agent_port = false) const;
  // A bearer token's text.
  std::string Token(const std::string& principal, access::Role role, double valid_seconds = 3600);
  // Replaces the revocation list, and returns once it is in force.
  void Revoke(const std::set<std::string>& serials, const KeyPair& witness);

  const std::string conninfo;
  const Authorities authorities;
  std::string folder;
  postgres::Connection db;
  postgres::Pool pool;
  rpc::Parking parking;
  std::unique_ptr<rpc::Server> server;
};

// Every method of every service in proto/, by its descriptor; read from the folder, so that a new
// file cannot be forgotten.
std::vector<const google::protobuf::MethodDescriptor*> AllMethods();

// Calls any method with these request bytes; the token, if any, as a bearer.
grpc::Status CallRaw(const std::shared_ptr<grpc::Channel>& channel,
                     const google::protobuf::MethodDescriptor* method, const std::string& bytes,
                     const std::string& token = "", std::string* answer = nullptr);

// The same with messages; `method` as "MatrixService/SubmitMatrix".
grpc::Status CallMethod(const std::shared_ptr<grpc::Channel>& channel, const std::string& method,
                        const google::protobuf::Message& request,
                        google::protobuf::Message* response, const std::string& token = "");

}  // namespace quantfleet::testing
