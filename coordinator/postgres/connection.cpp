// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/postgres/connection.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <random>
#include <thread>

#include <pqxx/pqxx>

namespace quantfleet::postgres {
namespace {

std::string Shortest(double value) {
  std::array<char, 32> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  return {text.data(), end};
}

std::string Hex(std::string_view bytes) {
  static constexpr std::string_view kHex = "0123456789abcdef";
  std::string hex = "\\x";
  hex.reserve(2 + 2 * bytes.size());
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    hex.push_back(kHex[byte >> 4]);
    hex.push_back(kHex[byte & 15]);
  }
  return hex;
}

std::string Quoted(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted.push_back('\\');
    quoted.push_back(c);
  }
  return quoted + '"';
}

template <typename Values, typename Render>
std::string ArrayText(const Values& values, const Render& render) {
  std::string text = "{";
  for (const auto& value : values) {
    if (text.size() > 1) text.push_back(',');
    text += render(value);
  }
  return text + "}";
}

// What happened, for the retry rule.
Status FromException(const std::exception& e) {
  const std::string what = e.what();
  const std::string text = what.substr(0, what.find('\n'));
  if (dynamic_cast<const pqxx::in_doubt_error*>(&e)) return {StatusCode::kAborted, text};
  if (dynamic_cast<const pqxx::broken_connection*>(&e)) return Unavailable(text);
  if (dynamic_cast<const pqxx::transaction_rollback*>(&e)) return {StatusCode::kAborted, text};
  if (const auto* sql = dynamic_cast<const pqxx::sql_error*>(&e)) {
    const std::string state = sql->sqlstate();
    // Shutting down, starting up, cannot connect now, query cancelled by a timeout, read-only after
    // a failover.
    for (const char* away : {"57P", "08", "57014", "25006", "53"}) {
      if (state.starts_with(away)) return Unavailable(text);
    }
    if (state == "23505") return AlreadyExists(text);
  }
  return Internal("database: " + text);
}

bool WorthRetrying(const Status& status) {
  return status.code() == StatusCode::kAborted || status.code() == StatusCode::kUnavailable;
}

void Pause(int attempt) {
  thread_local std::minstd_rand random{std::random_device{}()};
  std::uniform_int_distribution<int> milliseconds(5, 20 << attempt);
  std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds(random)));
}

}  // namespace

Parameter::Parameter(double value) : text_(Shortest(value)) {}

Parameter Parameter::Bytes(std::string_view bytes) {
  return Parameter(Hex(bytes));
}
Parameter Parameter::Array(const std::vector<double>& values) {
  return Parameter(ArrayText(values, Shortest));
}
Parameter Parameter::Array(const std::vector<int64_t>& values) {
  return Parameter(ArrayText(values, [](int64_t value) { return std::to_string(value); }));
}
Parameter Parameter::Array(const std::vector<std::string>& values) {
  return Parameter(ArrayText(values, Quoted));
}
Parameter Parameter::BytesArray(const std::vector<std::string>& values) {
  return Parameter(ArrayText(values, [](const std::string& bytes) { return Quoted(Hex(bytes)); }));
}

std::string FromBytea(const pqxx::field& field) {
  const pqxx::binarystring bytes(field);
  return {bytes.get(), bytes.size()};
}

struct Transaction::Work {
  explicit Work(pqxx::connection_base& connection) : work(connection) {}
  pqxx::work work;
};

Transaction::Transaction(pqxx::connection_base& connection)
    : work_(std::make_unique<Work>(connection)) {}
Transaction::~Transaction() = default;

Result<pqxx::result> Transaction::Query(const std::string& sql, const Parameters& parameters) {
  if (poisoned_) return FailedPrecondition("the transaction has failed before");
  std::vector<const char*> texts;
  texts.reserve(parameters.size());
  for (const Parameter& parameter : parameters) {
    if (parameter.text() && parameter.text()->find('\0') != std::string::npos) {
      poisoned_ = true;
      return InvalidArgument("a text value holds a NUL character");
    }
    texts.push_back(parameter.text() ? parameter.text()->c_str() : nullptr);
  }
  try {
    return work_->work.exec_params(sql, pqxx::prepare::make_dynamic_params(texts));
  } catch (const std::exception& e) {
    poisoned_ = true;
    return FromException(e);
  }
}

Status Transaction::Commit() {
  if (poisoned_) return FailedPrecondition("the transaction has failed before");
  poisoned_ = true;  // nothing may follow
  try {
    work_->work.commit();
    return OkStatus();
  } catch (const std::exception& e) {
    return FromException(e);
  }
}

Connection::Connection(std::string conninfo) : conninfo_(WithTimeouts(conninfo)) {}
Connection::~Connection() = default;

Status Connection::Open() {
  if (connection_) return OkStatus();
  try {
    auto made = std::make_unique<pqxx::connection>(conninfo_);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
    // A silent reconnect loses the session's state; deprecated because 7.0 no longer has it.
    made->inhibit_reactivation(true);
#pragma GCC diagnostic pop
    connection_ = std::move(made);
    return OkStatus();
  } catch (const std::exception& e) {
    return Unavailable(std::string("cannot reach the database: ") + FromException(e).message());
  }
}

Status Connection::RunOnce(Erased body, void* context) {
  QF_RETURN_IF_ERROR(Open());
  Status status;
  bool poisoned = false;
  try {
    Transaction transaction(*connection_);
    status = body(context, transaction);
    if (status.ok()) status = transaction.Commit();
    poisoned = transaction.poisoned();
  } catch (const std::exception& e) {
    status = FromException(e);
  }
  if (!status.ok() && poisoned) connection_.reset();
  return status;
}

Status Connection::RunErased(Erased body, void* context) {
  Status status;
  for (int attempt = 0; attempt < 3; ++attempt) {
    if (attempt > 0) Pause(attempt);
    status = RunOnce(body, context);
    if (!WorthRetrying(status)) return status;
    connection_.reset();
  }
  return status.code() == StatusCode::kAborted ? Unavailable(status.message()) : status;
}

std::string WithTimeouts(const std::string& conninfo) {
  std::string all = conninfo;
  const auto add = [&](const std::string& key, const std::string& value) {
    if (conninfo.find(key + "=") == std::string::npos) all += " " + key + "=" + value;
  };
  add("connect_timeout", "5");
  add("keepalives_idle", "10");
  add("keepalives_interval", "5");
  add("keepalives_count", "3");
  add("tcp_user_timeout", "20000");
  add("application_name", "quantfleet-coordinator");
  add("options",
      "'-c statement_timeout=30s -c lock_timeout=10s -c idle_in_transaction_session_timeout=30s'");
  return all;
}

}  // namespace quantfleet::postgres
