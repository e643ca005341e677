// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "benchmarks/orchestration/simulator/fleet.hpp"

#include <cstdio>

#include "benchmarks/orchestration/simulator/commands.hpp"

namespace quantfleet::bench {
namespace {

constexpr Duration kLongestEnd = std::chrono::seconds(60);

// As the real agent's, but each channel has a connection of its own.
grpc::ChannelArguments Arguments() {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 20'000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 10'000);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 200);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 2'000);
  return arguments;
}

}  // namespace

Fleet::Fleet(const FleetOptions& options, const std::string& document)
    : options_(options), tally_(options.agents, options.verdicts) {
  for (int i = 0; i < options.connections; ++i) shared_.push_back(NewChannel());
  for (int i = 0; i < options.agents; ++i) {
    agents_.push_back(std::make_unique<Agent>(
        i, options, [this, i] { return Share(i); }, &loop_, &tally_));
  }
  if (options.submissions > 0) {
    submitter_ = std::make_unique<Submitter>(options, document, NewChannel(), &loop_, &tally_);
  }
}

std::shared_ptr<grpc::Channel> Fleet::NewChannel() {
  const std::string& address =
      options_.coordinators[next_address_++ % options_.coordinators.size()];
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), Arguments());
}

std::shared_ptr<v1::AgentService::Stub> Fleet::Share(int agent) {
  if (shared_.empty()) return v1::AgentService::NewStub(NewChannel());
  return v1::AgentService::NewStub(shared_[static_cast<size_t>(agent) % shared_.size()]);
}

void Fleet::Run() {
  Commands commands;
  const Duration begin = loop_.Now();
  for (int i = 0; i < options_.agents; ++i) {
    const double part = static_cast<double>(i) / options_.agents;
    Agent* agent = agents_[static_cast<size_t>(i)].get();
    loop_.At(begin + FromSeconds(options_.ramp_seconds * part), [agent] { agent->Start(); });
  }
  loop_.At(begin + FromSeconds(options_.warm_up_seconds), [this] {
    tally_.BeginWindow(loop_.Now());
    if (submitter_) submitter_->Start();
  });
  if (options_.seconds > 0)
    loop_.At(begin + FromSeconds(options_.warm_up_seconds + options_.seconds), [this] { Stop(); });
  loop_.Run([&] {
    for (const auto& [command, time] : commands.Take()) Obey(command, time);
    return Over();
  });
  tally_.Close();
  std::printf("%s\n", tally_.ToJson(loop_.Now()).c_str());
}

void Fleet::Obey(const std::string& command, Duration time) {
  if (command == "mark") tally_.Mark(time);
  if (command == "stop") Stop();
  if (command != "progress") return;
  std::printf("%s\n", tally_.Progress().c_str());
  std::fflush(stdout);
}

void Fleet::Stop() {
  if (stopping_) return;
  stopping_ = true;
  tally_.EndWindow(loop_.Now());
  give_up_ = loop_.Now() + kLongestEnd;
  for (const auto& agent : agents_) agent->Stop();
}

bool Fleet::Over() {
  if (!stopping_) return false;
  while (first_open_ < agents_.size() && agents_[first_open_]->over()) ++first_open_;
  if (first_open_ == agents_.size()) return true;
  if (loop_.Now() < give_up_) return false;
  for (; first_open_ < agents_.size(); ++first_open_) {
    if (!agents_[first_open_]->over()) tally_.Count("agents that did not end");
  }
  return true;
}

}  // namespace quantfleet::bench
