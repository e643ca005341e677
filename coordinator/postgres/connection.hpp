// SPDX-FileCopyrightText: 2026 The Quantfleet Authors
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <pqxx/connection_base>
#include <pqxx/result>

#include "base/status.hpp"

namespace quantfleet::postgres {

// A parameter of a statement. Values travel apart from the SQL text, never in it.
class Parameter {
 public:
  // NOLINTBEGIN(google-explicit-constructor): statements read as calls
  Parameter(std::string text) : text_(std::move(text)) {}
  Parameter(std::string_view text) : text_(std::string(text)) {}
  Parameter(const char* text) : text_(std::string(text)) {}
  Parameter(int32_t value) : text_(std::to_string(value)) {}
  Parameter(int64_t value) : text_(std::to_string(value)) {}
  Parameter(uint32_t value) : text_(std::to_string(value)) {}
  Parameter(uint64_t value) : text_(std::to_string(value)) {}
  Parameter(bool value) : text_(value ? "true" : "false") {}
  Parameter(double value);  // shortest text that reads back as the same double
  Parameter(std::nullopt_t /*null*/) {}
  // NOLINTEND(google-explicit-constructor)

  // Any bytes, for a bytea.
  static Parameter Bytes(std::string_view bytes);
  // A PostgreSQL array literal, for unnest.
  static Parameter Array(const std::vector<double>& values);
  static Parameter Array(const std::vector<int64_t>& values);
  static Parameter Array(const std::vector<std::string>& values);
  static Parameter BytesArray(const std::vector<std::string>& values);

  const std::optional<std::string>& text() const { return text_; }

 private:
  std::optional<std::string> text_;
};

using Parameters = std::vector<Parameter>;

// Bytes of a bytea field.
std::string FromBytea(const pqxx::field& field);

// Statements that a connection has seen, so that the database plans those that come again only
// once. A pooler that deals a client's transactions out to several of its own connections
// (pgbouncer before 1.21, or with max_prepared_statements = 0) knows nothing of them: the first
// refusal ends their use for the process, and the transaction runs again without. Used by one
// thread at a time.
class Statements {
 public:
  // Name under which `sql` is prepared, or to be prepared if `fresh`; empty: run it as it is.
  std::string NameOf(const std::string& sql, bool* fresh);
  // No connection prepares anything any more.
  static void GiveUp();

 private:
  struct Seen {
    int times = 0;
    std::string name;
  };
  std::map<std::string, Seen> seen_;
};

// The only way to libpqxx 6.4.5, which loses data in silence in three ways when used bare:
// exec_params does not activate a transaction (jtv/libpqxx#512), a statement after a failed one
// runs outside of any transaction, and COMMIT of a failed transaction reports success. Hence: one
// kind of statement (parameterised), the first failure poisons the transaction, a poisoned one
// cannot commit, and a connection that saw any failure is not used again.
class Transaction {
 public:
  // Begins at once. `connection` outlives the object, and has no other transaction; so does
  // `statements`, which is the connection's; null: nothing is prepared.
  explicit Transaction(pqxx::connection_base& connection, Statements* statements = nullptr);
  // A single statement that the database commits by itself: Query is called once, Commit never.
  struct Single {};
  Transaction(Single /*tag*/, pqxx::connection_base& connection, Statements* statements);
  ~Transaction();  // rolls back unless committed
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  // Rows of `sql` with $1, $2 ... from `parameters`. After a failure every further call fails as
  // well. kInvalidArgument: a text parameter holds a NUL, which libpqxx would cut there.
  Result<pqxx::result> Query(const std::string& sql, const Parameters& parameters = {});
  // For a reader of several statements: all see the database as it is at the next one, and none may
  // write. Only as the first call.
  Status UseOneSnapshot();
  // kAborted: in doubt, the connection broke during COMMIT; run the whole idempotent command again.
  Status Commit();

  bool poisoned() const { return poisoned_; }
  // True if the failure that poisoned it asks for another run: lost, in doubt, serialization.
  bool again() const { return again_; }

 private:
  struct Work;
  std::unique_ptr<Work> work_;
  Statements* const statements_;
  bool poisoned_ = false;
  bool again_ = false;
};

// A lazily made connection that is thrown away after any failure. Used by one thread at a time.
class Connection {
 public:
  explicit Connection(std::string conninfo);
  ~Connection();

  // Runs `body` in a transaction and commits if it returns ok. Retries the whole, up to three
  // times, when the database asks for it (serialization, deadlock) or the connection broke or is in
  // doubt: `body` is idempotent. kUnavailable: the database is away or slow; retry later.
  // kInternal: a bug; the log has the reason, the message no SQL.
  template <typename Body>
  Status Run(Body&& body) {
    return RunErased(
        [](void* context, Transaction& tx) { return (*static_cast<Body*>(context))(tx); }, &body,
        false);
  }

  // Rows of one reading statement, without the round trips of a transaction. Retried as by Run.
  Result<pqxx::result> Ask(const std::string& sql, const Parameters& parameters = {});

 private:
  using Erased = Status (*)(void*, Transaction&);
  Status RunErased(Erased body, void* context, bool single);
  // `again`: the failure asks for another run.
  Status RunOnce(Erased body, void* context, bool single, bool* again);
  Status Open();

  std::string conninfo_;
  struct Link;  // the concrete connection: its base has no virtual destructor, and would not close
  std::unique_ptr<Link> link_;
  bool connection_failed_ = false;
};

// `conninfo`, key and value pairs or a URI, with the timeouts every connection of ours has, unless
// it sets them (its own `options` replace all of those for statements): connect 5 s,
// statement 30 s, lock 10 s, idle in transaction 30 s, and TCP keepalives.
std::string WithTimeouts(const std::string& conninfo);

}  // namespace quantfleet::postgres
