// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/access/secure_coordinator.hpp"

#include <chrono>
#include <filesystem>
#include <thread>

#include <grpcpp/generic/generic_stub.h>
#include <stdlib.h>

#include "pki/files.hpp"
#include "tests/support/blocks.hpp"

namespace quantfleet::testing {
namespace {

namespace fs = std::filesystem;

std::string NewFolder() {
  std::string pattern = (fs::temp_directory_path() / "quantfleet-tls.XXXXXX").string();
  QF_CHECK(mkdtemp(pattern.data()) != nullptr);
  return pattern;
}

}  // namespace

KeyPair IssueBy(const pki::Issuer& issuer, const std::string& role, const std::string& name,
                int64_t valid_seconds) {
  const std::string key = *pki::GenerateKey();
  std::vector<std::string> hosts;
  if (role == "server") hosts = {"127.0.0.1", "localhost"};
  const auto certificate = pki::IssueCertificate(issuer, *pki::MakeSigningRequest(key, name),
                                                 {{role, name}, hosts, valid_seconds});
  QF_CHECK(certificate.ok());
  return {key, *certificate};
}

rpc::AccessLimits SecureCoordinator::Generous() {
  rpc::AccessLimits limits;
  limits.person_rate = limits.agent_rate = limits.failure_rate = 1e6;
  limits.person_burst = limits.agent_burst = limits.failure_burst = 1e6;
  return limits;
}

SecureCoordinator::SecureCoordinator(const rpc::AccessLimits& limits)
    : conninfo(NewDatabase()),
      folder(NewFolder()),
      db(conninfo),
      pool(conninfo, 4, 1000),
      parking(&pool, std::chrono::milliseconds(200)) {
  const KeyPair pair = IssueBy(authorities.root, "server", "test");
  const auto write = [&](const char* name, const std::string& text) {
    QF_CHECK(pki::WriteSecret(folder + "/" + name, text).ok());
  };
  write("ca.crt", authorities.root.certificate_pem);
  write("server.crt", pair.certificate);
  write("server.key", pair.key);
  write("agents.crt", authorities.agents.certificate_pem);
  write("agents.key", authorities.agents.key_pem);
  write("ca.crl", *pki::MakeRevocationList(authorities.root, {}));
  rpc::ListenOptions options;
  options.address = options.agent_address = "127.0.0.1:0";
  options.tls = *rpc::LoadTlsFolder(folder);
  options.limits = limits;
  rpc::Backend backend;
  backend.pool = &pool;
  backend.parking = &parking;
  auto started = rpc::Server::Start(options, backend);
  QF_CHECK(started.ok());
  server = *std::move(started);
}

SecureCoordinator::~SecureCoordinator() {
  server->Stop();
  fs::remove_all(folder);
}

std::shared_ptr<grpc::Channel> SecureCoordinator::Connect(const KeyPair* identity,
                                                          bool agent_port) const {
  grpc::SslCredentialsOptions options;
  options.pem_root_certs = authorities.root.certificate_pem;
  if (identity != nullptr) {
    options.pem_private_key = identity->key;
    options.pem_cert_chain = identity->certificate;
  }
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);  // a connection of its own
  arguments.SetMaxReceiveMessageSize(-1);
  const int port = agent_port ? server->agent_port() : server->port();
  return grpc::CreateCustomChannel("127.0.0.1:" + std::to_string(port),
                                   grpc::SslCredentials(options), arguments);
}

std::string SecureCoordinator::Token(const std::string& principal, access::Role role,
                                     double valid_seconds) {
  postgres::NewToken token;
  token.secret = access::MakeSecret();
  token.principal = principal;
  token.role = role;
  token.valid_seconds = static_cast<uint64_t>(valid_seconds);
  QF_CHECK(postgres::StoreToken(db, {}, token).ok());
  return token.secret.text;
}

void SecureCoordinator::Revoke(const std::set<std::string>& serials, const KeyPair& witness) {
  QF_CHECK(pki::WritePublic(folder + "/ca.crl", *pki::MakeRevocationList(authorities.root, serials))
               .ok());
  const auto channel = Connect(&witness);
  const auto* method = google::protobuf::DescriptorPool::generated_pool()->FindMethodByName(
      "quantfleet.v1.FleetService.ListSessions");
  while (CallRaw(channel, method, "").error_code() != grpc::StatusCode::UNAUTHENTICATED)
    std::this_thread::yield();
}

std::vector<const google::protobuf::MethodDescriptor*> AllMethods() {
  std::vector<const google::protobuf::MethodDescriptor*> methods;
  const fs::path folder = QUANTFLEET_SOURCE_DIR "/proto";
  for (const auto& entry : fs::directory_iterator(folder / "quantfleet/v1")) {
    const std::string name = fs::relative(entry.path(), folder);
    const auto* file = google::protobuf::DescriptorPool::generated_pool()->FindFileByName(name);
    // A file that nobody links has no service that anybody serves.
    if (file == nullptr) continue;
    for (int s = 0; s < file->service_count(); ++s) {
      for (int m = 0; m < file->service(s)->method_count(); ++m)
        methods.push_back(file->service(s)->method(m));
    }
  }
  return methods;
}

grpc::Status CallRaw(const std::shared_ptr<grpc::Channel>& channel,
                     const google::protobuf::MethodDescriptor* method, const std::string& bytes,
                     const std::string& token, std::string* answer) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
  if (!token.empty()) context.AddMetadata("authorization", "Bearer " + token);
  grpc::GenericStub stub(channel);
  grpc::CompletionQueue queue;
  const grpc::Slice slice(bytes);
  const grpc::ByteBuffer request(&slice, 1);
  grpc::ByteBuffer response;
  grpc::Status status;
  const std::string path = "/" + method->service()->full_name() + "/" + method->name();
  const auto call = stub.PrepareUnaryCall(&context, path, request, &queue);
  call->StartCall();
  call->Finish(&response, &status, nullptr);
  void* tag = nullptr;
  bool ok = false;
  queue.Next(&tag, &ok);
  if (status.ok() && answer != nullptr) {
    std::vector<grpc::Slice> slices;
    if (response.Dump(&slices).ok()) {
      for (const grpc::Slice& part : slices)
        answer->append(reinterpret_cast<const char*>(part.begin()), part.size());
    }
  }
  return status;
}

grpc::Status CallMethod(const std::shared_ptr<grpc::Channel>& channel, const std::string& method,
                        const google::protobuf::Message& request,
                        google::protobuf::Message* response, const std::string& token) {
  std::string name = "quantfleet.v1." + method;
  name[name.find('/')] = '.';
  const auto* descriptor =
      google::protobuf::DescriptorPool::generated_pool()->FindMethodByName(name);
  QF_CHECK(descriptor != nullptr);
  std::string answer;
  const grpc::Status status =
      CallRaw(channel, descriptor, request.SerializeAsString(), token, &answer);
  if (status.ok() && response != nullptr) QF_CHECK(response->ParseFromString(answer));
  return status;
}

}  // namespace quantfleet::testing
