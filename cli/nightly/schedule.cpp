// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include <cstdio>

#include <google/protobuf/util/time_util.h>

#include "base/ids.hpp"
#include "cli/client.hpp"
#include "cli/nightly/nightly.hpp"

namespace quantfleet::cli {
namespace {

using google::protobuf::Timestamp;
using google::protobuf::util::TimeUtil;

std::string TimeText(bool known, const Timestamp& time) {
  return known ? TimeUtil::ToString(time) : "-";
}

// "once" of MISFIRE_POLICY_ONCE.
std::string Word(const std::string& name, size_t prefix) {
  std::string word = name.substr(prefix);
  for (char& c : word) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  return word;
}

std::string MisfireWord(const v1::Schedule& schedule) {
  return Word(v1::MisfirePolicy_Name(schedule.misfire()), sizeof("MISFIRE_POLICY_") - 1);
}
std::string OverlapWord(const v1::Schedule& schedule) {
  return Word(v1::OverlapPolicy_Name(schedule.overlap()), sizeof("OVERLAP_POLICY_") - 1);
}
std::string StateWord(const v1::Schedule& schedule) {
  return Word(v1::ScheduleState_Name(schedule.state()), sizeof("SCHEDULE_STATE_") - 1);
}
std::string StateWord(const v1::ScheduleFire& fire) {
  return Word(v1::FireState_Name(fire.state()), sizeof("FIRE_STATE_") - 1);
}

int PrintTable(const Table& table, Output output) {
  Print(output == Output::kCsv ? table.AsCsv() : table.AsText());
  return 0;
}

int PrintSchedule(const Common& common, const v1::Schedule& schedule) {
  if (common.output == Output::kJson) {
    Print(JsonOf(schedule));
    return 0;
  }
  std::printf("%s: %s, next due %s\n", schedule.name().c_str(), StateWord(schedule).c_str(),
              TimeText(schedule.has_next_due_time(), schedule.next_due_time()).c_str());
  return 0;
}

Table FireTable(const v1::GetScheduleResponse& response) {
  Table table({"due", "state", "matrix", "settled", "reason"});
  for (const v1::ScheduleFire& fire : response.fires()) {
    table.Add({TimeUtil::ToString(fire.due_time()) + (fire.by_hand() ? " (by hand)" : ""),
               StateWord(fire), fire.matrix_id(),
               TimeText(fire.has_settle_time(), fire.settle_time()), fire.reason()});
  }
  return table;
}

void PrintFacts(const v1::Schedule& schedule) {
  std::printf("%s: %s, matrix %s of %s\n", schedule.name().c_str(), StateWord(schedule).c_str(),
              schedule.matrix_name().c_str(), schedule.principal().c_str());
  std::printf("cron %s in %s, misfire %s, overlap %s, jitter up to %u s\n", schedule.cron().c_str(),
              schedule.time_zone().c_str(), MisfireWord(schedule).c_str(),
              OverlapWord(schedule).c_str(), schedule.jitter_seconds());
  std::printf("next due %s, fires %s\n\n",
              TimeText(schedule.has_next_due_time(), schedule.next_due_time()).c_str(),
              TimeText(schedule.has_next_fire_time(), schedule.next_fire_time()).c_str());
}

}  // namespace

int ScheduleAdd(const Common& common, const ScheduleOptions& options) {
  const auto document = ReadDocument(options.file);
  if (!document.ok()) return Fail(document.status());
  v1::CreateScheduleRequest request;
  request.set_name(options.name);
  request.set_cron(options.cron);
  request.set_time_zone(options.time_zone);
  request.set_misfire(options.misfire == "skip"   ? v1::MISFIRE_POLICY_SKIP
                      : options.misfire == "once" ? v1::MISFIRE_POLICY_ONCE
                                                  : v1::MISFIRE_POLICY_ALL);
  request.set_overlap(options.overlap == "skip" ? v1::OVERLAP_POLICY_SKIP
                                                : v1::OVERLAP_POLICY_QUEUE);
  request.set_jitter_seconds(options.jitter_seconds);
  request.set_document(*document);
  request.set_file_name(options.file);
  request.set_request_id(RandomId("req_"));
  const auto response = Client(common.remote).CreateSchedule(request);
  return response.ok() ? PrintSchedule(common, response->schedule()) : Fail(response.status());
}

int ScheduleList(const Common& common) {
  const auto response = Client(common.remote).ListSchedules({});
  if (!response.ok()) return Fail(response.status());
  if (common.output == Output::kJson) {
    Print(JsonOf(*response));
    return 0;
  }
  Table table({"name", "state", "cron", "time zone", "next due", "matrix", "owner"});
  for (const v1::Schedule& schedule : response->schedules()) {
    table.Add({schedule.name(), StateWord(schedule), schedule.cron(), schedule.time_zone(),
               TimeText(schedule.has_next_due_time(), schedule.next_due_time()),
               schedule.matrix_name(), schedule.principal()});
  }
  return PrintTable(table, common.output);
}

int ScheduleShow(const Common& common, const ScheduleOptions& options) {
  v1::GetScheduleRequest request;
  request.set_name(options.name);
  request.set_fires(options.fires);
  const auto response = Client(common.remote).GetSchedule(request);
  if (!response.ok()) return Fail(response.status());
  if (common.output == Output::kJson) {
    Print(JsonOf(*response));
    return 0;
  }
  if (common.output == Output::kTable) PrintFacts(response->schedule());
  return PrintTable(FireTable(*response), common.output);
}

int SchedulePause(const Common& common, const ScheduleOptions& options) {
  v1::PauseScheduleRequest request;
  request.set_name(options.name);
  const auto response = Client(common.remote).PauseSchedule(request);
  return response.ok() ? PrintSchedule(common, response->schedule()) : Fail(response.status());
}

int ScheduleResume(const Common& common, const ScheduleOptions& options) {
  v1::ResumeScheduleRequest request;
  request.set_name(options.name);
  const auto response = Client(common.remote).ResumeSchedule(request);
  return response.ok() ? PrintSchedule(common, response->schedule()) : Fail(response.status());
}

int ScheduleRemove(const Common& common, const ScheduleOptions& options) {
  v1::RemoveScheduleRequest request;
  request.set_name(options.name);
  const auto response = Client(common.remote).RemoveSchedule(request);
  if (!response.ok()) return Fail(response.status());
  std::printf("%s is removed\n", options.name.c_str());
  return 0;
}

int ScheduleRun(const Common& common, const ScheduleOptions& options) {
  v1::RunScheduleRequest request;
  request.set_name(options.name);
  // One for all attempts of the client: a lost answer fires no second time.
  request.set_request_id(RandomId("req_"));
  const auto response = Client(common.remote).RunSchedule(request);
  if (!response.ok()) return Fail(response.status());
  Print(response->matrix_id() + "\n");
  return 0;
}

}  // namespace quantfleet::cli
