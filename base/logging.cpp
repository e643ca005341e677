// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "base/logging.hpp"

#include <algorithm>
#include <cctype>

#include <nlohmann/json.hpp>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace quantfleet::log {
namespace {

Format g_format = Format::kText;
thread_local std::string t_request;

// A caller that mistakes a token for an id or a name gets it back in an error, which is logged.
void BlackOutTokens(std::string* line) {
  constexpr std::string_view kPrefix = "qft_";
  for (size_t at = 0; (at = line->find(kPrefix, at)) != std::string::npos;) {
    at += kPrefix.size();
    size_t end = at;
    while (end < line->size() && std::isalnum(static_cast<unsigned char>((*line)[end])) != 0) ++end;
    line->replace(at, end - at, "***");
  }
}

spdlog::logger& Logger() {
  static const auto logger = [] {
    auto made = spdlog::stderr_logger_mt("quantfleet");
    made->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %l %v", spdlog::pattern_time_type::utc);
    return made;
  }();
  return *logger;
}

std::string Quoted(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string Render(std::string_view message, Fields fields) {
  const bool json = g_format == Format::kJson;
  std::string line = json ? "\"message\":" + Quoted(message) : std::string(message);
  for (const Field& field : fields) {
    line += json ? "," + Quoted(field.key) + ":" : " " + std::string(field.key) + "=";
    line += field.quoted ? Quoted(field.value) : field.value;
  }
  const bool named = std::any_of(fields.begin(), fields.end(),
                                 [](const Field& field) { return field.key == "request"; });
  if (!t_request.empty() && !named) {
    line += (json ? ",\"request\":" : " request=") + Quoted(t_request);
  }
  BlackOutTokens(&line);
  return line;
}

void Write(spdlog::level::level_enum level, std::string_view message, Fields fields) {
  spdlog::logger& logger = Logger();
  if (logger.should_log(level)) logger.log(level, spdlog::string_view_t(Render(message, fields)));
}

}  // namespace

void Configure(std::string_view program, Level level, Format format) {
  g_format = format;
  const std::string name(program);
  Logger().set_level(static_cast<spdlog::level::level_enum>(static_cast<int>(level) + 1));
  Logger().set_pattern(
      format == Format::kJson
          ? R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l","program":")" + name + R"(",%v})"
          : "%Y-%m-%dT%H:%M:%S.%eZ %l " + name + ": %v",
      spdlog::pattern_time_type::utc);
  Logger().flush_on(spdlog::level::info);
}

RequestScope::RequestScope(std::string id) {
  t_request = std::move(id);
}
RequestScope::~RequestScope() {
  t_request.clear();
}

void Debug(std::string_view message, Fields fields) {
  Write(spdlog::level::debug, message, fields);
}
void Info(std::string_view message, Fields fields) {
  Write(spdlog::level::info, message, fields);
}
void Warning(std::string_view message, Fields fields) {
  Write(spdlog::level::warn, message, fields);
}
void Error(std::string_view message, Fields fields) {
  Write(spdlog::level::err, message, fields);
}

}  // namespace quantfleet::log
