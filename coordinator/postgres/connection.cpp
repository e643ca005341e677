// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#include "coordinator/postgres/connection.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <chrono>
#include <random>
#include <thread>

#include <pqxx/pqxx>

#include "base/digest.hpp"
#include "base/logging.hpp"

namespace quantfleet::postgres {
namespace {

std::string Shortest(double value) {
  std::array<char, 32> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
  return {text.data(), end};
}

std::string Hex(std::string_view bytes) {
  static constexpr std::string_view kHex = "0123456789abcdef";
  std::string hex(2 + 2 * bytes.size(), '\\');
  hex[1] = 'x';
  for (size_t i = 0; i < bytes.size(); ++i) {
    const auto byte = static_cast<unsigned char>(bytes[i]);
    hex[2 + 2 * i] = kHex[byte >> 4];
    hex[3 + 2 * i] = kHex[byte & 15];
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

// What went wrong, and whether the whole transaction may be run again at once.
struct Failure {
  Status status;
  bool again = false;
};

Failure FromSqlError(const pqxx::sql_error& error, const std::string& text) {
  const std::string state = error.sqlstate();
  const auto is = [&](std::initializer_list<const char*> starts) {
    return std::any_of(starts.begin(), starts.end(),
                       [&](const char* start) { return state.starts_with(start); });
  };
  // Shutting down, starting up, lost.
  if (is({"57P", "08"})) return {Unavailable(text), true};
  // A timeout (a statement's or a lock's), no memory or disk, read-only after a failover: trying
  // again at once makes it worse.
  if (is({"57014", "55P03", "53", "25006"})) return {Unavailable(text), false};
  // A prepared statement that the connection does not know, or has already: a pooler's doing.
  if (is({"26000", "42P05"})) {
    Statements::GiveUp();
    return {Unavailable(text), true};
  }
  // "cached plan must not change result type": a migration has changed a table meanwhile.
  if (is({"0A000"})) return {Unavailable(text), true};
  // Somebody inserted the same row first: the next run finds it.
  if (is({"23505"})) return {{StatusCode::kAborted, text}, true};
  log::Error("the database refused a statement", {{"sqlstate", state}, {"reason", text}});
  return {Internal("the database refused the request with SQLSTATE " + state), false};
}

Failure FromException(const std::exception& e) {
  const std::string what = e.what();
  const std::string text = what.substr(0, what.find('\n'));
  if (dynamic_cast<const pqxx::in_doubt_error*>(&e)) return {{StatusCode::kAborted, text}, true};
  if (dynamic_cast<const pqxx::broken_connection*>(&e)) return {Unavailable(text), true};
  if (dynamic_cast<const pqxx::transaction_rollback*>(&e)) {
    return {{StatusCode::kAborted, text}, true};
  }
  if (const auto* sql = dynamic_cast<const pqxx::sql_error*>(&e)) return FromSqlError(*sql, text);
  log::Error("the database's answer was not understood", {{"reason", text}});
  return {Internal("the database's answer was not understood"), false};
}

// Before a whole transaction is run again: those that collided must not collide at the same moment.
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

namespace {

std::atomic<bool> preparing = true;
constexpr int kTimesUntilPrepared = 3;
constexpr size_t kMostStatements = 256;

}  // namespace

void Statements::GiveUp() {
  if (preparing.exchange(false)) {
    log::Warning("the database does not keep prepared statements; going on without",
                 {{"hint", "pgbouncer 1.21 keeps them with max_prepared_statements"}});
  }
}

std::string Statements::NameOf(const std::string& sql, bool* fresh) {
  *fresh = false;
  if (!preparing) return "";
  if (seen_.size() >= kMostStatements && !seen_.contains(sql)) return "";
  Seen& seen = seen_[sql];
  if (++seen.times < kTimesUntilPrepared) return "";
  *fresh = seen.name.empty();
  // Of the text, so that a pooler's connection never has another statement under the name.
  if (*fresh) seen.name = "qf_" + Sha256Hex(sql).substr(0, 32);
  return seen.name;
}

struct Transaction::Work {
  explicit Work(std::unique_ptr<pqxx::transaction_base> made) : work(std::move(made)) {}
  std::unique_ptr<pqxx::transaction_base> work;
};

Transaction::Transaction(pqxx::connection_base& connection, Statements* statements)
    : work_(std::make_unique<Work>(std::make_unique<pqxx::work>(connection))),
      statements_(statements) {}
Transaction::Transaction(Single /*tag*/, pqxx::connection_base& connection, Statements* statements)
    : work_(std::make_unique<Work>(std::make_unique<pqxx::nontransaction>(connection))),
      statements_(statements) {}
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
    const auto values = pqxx::prepare::make_dynamic_params(texts);
    bool fresh = false;
    const std::string name = statements_ == nullptr ? "" : statements_->NameOf(sql, &fresh);
    if (name.empty()) return work_->work->exec_params(sql, values);
    if (fresh) work_->work->conn().prepare(name, sql);
    return work_->work->exec_prepared(name, values);
  } catch (const std::exception& e) {
    poisoned_ = true;
    const Failure failure = FromException(e);
    again_ = failure.again;
    return failure.status;
  }
}

Status Transaction::UseOneSnapshot() {
  return Query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY").status();
}

Status Transaction::Commit() {
  if (poisoned_) return FailedPrecondition("the transaction has failed before");
  poisoned_ = true;  // nothing may follow
  try {
    work_->work->commit();
    return OkStatus();
  } catch (const std::exception& e) {
    const Failure failure = FromException(e);
    again_ = failure.again;
    return failure.status;
  }
}

struct Connection::Link {
  explicit Link(const std::string& conninfo) : connection(conninfo) {}
  pqxx::connection connection;
  Statements statements;
};

Connection::Connection(std::string conninfo) : conninfo_(WithTimeouts(conninfo)) {}
Connection::~Connection() = default;

Status Connection::Open() {
  if (link_) return OkStatus();
  try {
    auto made = std::make_unique<Link>(conninfo_);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
    // A silent reconnect loses the session's state; deprecated because 7.0 no longer has it.
    made->connection.inhibit_reactivation(true);
#pragma GCC diagnostic pop
    link_ = std::move(made);
    return OkStatus();
  } catch (const std::exception& e) {
    const std::string what = e.what();
    return Unavailable("cannot reach the database: " + what.substr(0, what.find('\n')));
  }
}

Status Connection::RunOnce(Erased body, void* context, bool single, bool* again) {
  *again = true;
  QF_RETURN_IF_ERROR(Open());
  *again = false;
  try {
    auto transaction =
        single ? Transaction(Transaction::Single(), link_->connection, &link_->statements)
               : Transaction(link_->connection, &link_->statements);
    Status status = body(context, transaction);
    if (status.ok() && !single) status = transaction.Commit();
    *again = transaction.again();
    if (status.ok() || !transaction.poisoned()) return status;
    connection_failed_ = true;
    return status;
  } catch (const std::exception& e) {
    connection_failed_ = true;
    Failure failure = FromException(e);
    *again = failure.again;
    return std::move(failure.status);
  }
}

Status Connection::RunErased(Erased body, void* context, bool single) {
  Status status;
  bool again = true;
  for (int attempt = 0; attempt < 3 && again; ++attempt) {
    if (attempt > 0) Pause(attempt);
    connection_failed_ = false;
    status = RunOnce(body, context, single, &again);
    // Only here: the transaction, which refers to it, is gone by now.
    if (connection_failed_) link_.reset();
    if (status.ok()) return status;
  }
  return status.code() == StatusCode::kAborted ? Unavailable(status.message()) : status;
}

Result<pqxx::result> Connection::Ask(const std::string& sql, const Parameters& parameters) {
  pqxx::result rows;
  auto body = [&](Transaction& tx) -> Status {
    QF_ASSIGN_OR_RETURN(rows, tx.Query(sql, parameters));
    return OkStatus();
  };
  const Erased erased = [](void* context, Transaction& tx) {
    return (*static_cast<decltype(body)*>(context))(tx);
  };
  QF_RETURN_IF_ERROR(RunErased(erased, &body, true));
  return rows;
}

namespace {

std::string PercentEncoded(const std::string& text) {
  static constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-') {
      encoded.push_back(c);
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    encoded += {'%', kHex[byte >> 4], kHex[byte & 15]};
  }
  return encoded;
}

}  // namespace

std::string WithTimeouts(const std::string& conninfo) {
  const bool uri = conninfo.starts_with("postgresql://") || conninfo.starts_with("postgres://");
  std::string all = conninfo;
  const auto add = [&](const std::string& key, const std::string& value) {
    if (conninfo.find(key + "=") != std::string::npos) return;
    if (uri) {
      all += (all.find('?') == std::string::npos ? "?" : "&") + key + "=" + PercentEncoded(value);
    } else {
      all += " " + key + "='" + value + "'";
    }
  };
  add("connect_timeout", "5");
  add("keepalives_idle", "10");
  add("keepalives_interval", "5");
  add("keepalives_count", "3");
  add("tcp_user_timeout", "20000");
  add("application_name", "quantfleet-coordinator");
  // A plan that is kept was made while tables were small and for arrays of ten: it reads a table
  // from end to end that has grown since, or joins a thousand rows in a million steps. Statements
  // end within milliseconds: compiling one takes 30 ms, starting a second process for it 40.
  add("options",
      "-c statement_timeout=30s -c lock_timeout=10s -c idle_in_transaction_session_timeout=30s "
      "-c plan_cache_mode=force_custom_plan -c jit=off -c max_parallel_workers_per_gather=0");
  return all;
}

}  // namespace quantfleet::postgres
