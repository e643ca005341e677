// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <initializer_list>
#include <string>
#include <string_view>

namespace quantfleet::log {

// Names the request that this thread works for: lines it writes meanwhile carry `request`, unless
// they say it themselves. Scopes of one thread do not overlap. An empty id adds nothing.
class RequestScope {
 public:
  explicit RequestScope(std::string id);
  ~RequestScope();
  RequestScope(const RequestScope&) = delete;
  RequestScope& operator=(const RequestScope&) = delete;
};

// A key and a value of a structured log line. Never pass secrets; tokens of ours ("qft_" and more)
// that come as part of what others said are blacked out.
struct Field {
  Field(std::string_view name, std::string_view text) : key(name), value(text), quoted(true) {}
  Field(std::string_view name, const char* text) : Field(name, std::string_view(text)) {}
  Field(std::string_view name, const std::string& text) : Field(name, std::string_view(text)) {}
  template <typename T>
  requires(std::integral<T> || std::floating_point<T>) Field(std::string_view name, T number)
      : key(name), value(std::to_string(number)) {}

  std::string_view key;
  std::string value;
  bool quoted = false;
};

using Fields = std::initializer_list<Field>;

enum class Level { kDebug, kInfo, kWarning, kError };
enum class Format { kText, kJson };

// Sets where lines below are shown from and how. Lines go to stderr: time (UTC), level, program,
// message, fields. Call once, before threads start. Default: info, text.
void Configure(std::string_view program, Level level, Format format);

void Debug(std::string_view message, Fields fields = {});
void Info(std::string_view message, Fields fields = {});
void Warning(std::string_view message, Fields fields = {});
void Error(std::string_view message, Fields fields = {});

}  // namespace quantfleet::log
