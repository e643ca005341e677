// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/access/method_table.hpp"

#include <array>
#include <map>
#include <string>

#include <google/protobuf/descriptor.h>

namespace quantfleet::access {
namespace {

constexpr size_t kSmall = size_t{64} << 10;
constexpr size_t kDocument = size_t{1} << 20;  // a matrix; the parser's own limit is lower
constexpr size_t kReport = size_t{16} << 20;   // raw samples

constexpr std::array<MethodRule, 32> kRules = {{
    {"/quantfleet.v1.AccessService/CreateEnrolmentToken", Role::kOperator, kSmall},
    {"/quantfleet.v1.AccessService/CreateToken", Role::kAdmin, kSmall},
    {"/quantfleet.v1.AccessService/ListAudit", Role::kAdmin, kSmall},
    {"/quantfleet.v1.AccessService/ListTokens", Role::kAdmin, kSmall},
    {"/quantfleet.v1.AccessService/RevokeAgent", Role::kOperator, kSmall},
    {"/quantfleet.v1.AccessService/RevokeToken", Role::kAdmin, kSmall},
    {"/quantfleet.v1.AdminService/GetServerStatus", Role::kViewer, kSmall},
    {"/quantfleet.v1.AgentService/Goodbye", Role::kAgent, kSmall},
    {"/quantfleet.v1.AgentService/Hello", Role::kAgent, kDocument},
    {"/quantfleet.v1.AgentService/Report", Role::kAgent, kReport},
    {"/quantfleet.v1.AgentService/Sync", Role::kAgent, kSmall},
    {"/quantfleet.v1.EnrolmentService/Enrol", std::nullopt, kSmall},
    {"/quantfleet.v1.EnrolmentService/RenewCertificate", Role::kAgent, kSmall},
    {"/quantfleet.v1.FleetService/DrainAgent", Role::kOperator, kSmall},
    {"/quantfleet.v1.FleetService/ListSessions", Role::kViewer, kSmall},
    {"/quantfleet.v1.MatrixService/CancelMatrix", Role::kSubmitter, kSmall},
    {"/quantfleet.v1.MatrixService/ExplainBlocks", Role::kViewer, kSmall},
    {"/quantfleet.v1.MatrixService/GetMatrix", Role::kViewer, kSmall},
    {"/quantfleet.v1.MatrixService/ListMatrices", Role::kViewer, kSmall},
    {"/quantfleet.v1.MatrixService/RetryMatrix", Role::kSubmitter, kSmall},
    {"/quantfleet.v1.MatrixService/SubmitMatrix", Role::kSubmitter, kDocument},
    {"/quantfleet.v1.ResultService/CompareMatrix", Role::kViewer, kSmall},
    {"/quantfleet.v1.ResultService/ListCrossovers", Role::kViewer, kSmall},
    {"/quantfleet.v1.ResultService/ListMeasurements", Role::kViewer, kSmall},
    {"/quantfleet.v1.ScheduleService/CreateSchedule", Role::kSubmitter, kDocument},
    {"/quantfleet.v1.ScheduleService/GetSchedule", Role::kViewer, kSmall},
    {"/quantfleet.v1.ScheduleService/ListSchedules", Role::kViewer, kSmall},
    {"/quantfleet.v1.ScheduleService/PauseSchedule", Role::kSubmitter, kSmall},
    {"/quantfleet.v1.ScheduleService/RemoveSchedule", Role::kSubmitter, kSmall},
    {"/quantfleet.v1.ScheduleService/ResumeSchedule", Role::kSubmitter, kSmall},
    {"/quantfleet.v1.ScheduleService/RunSchedule", Role::kSubmitter, kSmall},
    {"/quantfleet.v1.SeriesService/ListTrends", Role::kViewer, kSmall},
}};

// Rules by the request they are for, from the services that this program links.
std::map<const google::protobuf::Descriptor*, const MethodRule*> IndexRules() {
  std::map<const google::protobuf::Descriptor*, const MethodRule*> index;
  const auto* pool = google::protobuf::DescriptorPool::generated_pool();
  for (const MethodRule& rule : kRules) {
    std::string name(rule.method.substr(1));
    name[name.find('/')] = '.';
    const auto* method = pool->FindMethodByName(name);
    if (method != nullptr) index.emplace(method->input_type(), &rule);
  }
  return index;
}

}  // namespace

std::span<const MethodRule> MethodRules() {
  return kRules;
}

const MethodRule* FindRule(std::string_view method) {
  for (const MethodRule& rule : kRules) {
    if (rule.method == method) return &rule;
  }
  return nullptr;
}

const MethodRule* RuleOf(const google::protobuf::Descriptor* request) {
  static const auto index = IndexRules();
  const auto found = index.find(request);
  return found == index.end() ? nullptr : found->second;
}

bool Permits(const MethodRule& rule, Role role) {
  if (!rule.least) return true;
  if (*rule.least == Role::kAgent || role == Role::kAgent) return role == *rule.least;
  return role >= *rule.least;
}

}  // namespace quantfleet::access
